"""A target that is not as it was before a change: what to say of it, and what a person has to do."""

from __future__ import annotations

import datetime as dt
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.state.story import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.state.story import Story
    from pytest_llmops.target.load import Target

UNTRIED = "the process that changed it ended before it could take that back"


def entries(story: Story) -> list[dict[str, Any]]:
    """What is open, a component each, the last that was changed first, as in ``run.json``.

    Args:
        story: the journal's.
    """
    found = []
    for numbers in story.changed.values():
        number = numbers[-1]
        step = story.steps[number]
        failure = story.failed.get(number, Failure(UNTRIED, step.by_hand))
        found.append(
            {
                "test": story.opened["test"],
                "component": step.component,
                "what": step.what,
                "act": step.act,
                "state": step.was,
                "why": failure.why,
                "by_hand": list(failure.by_hand),
            }
        )
    return found


def unreadable(why: str) -> dict[str, Any]:
    """What stands in place of all that a journal would tell.

    Args:
        why: it cannot be read.
    """
    return {**dict.fromkeys(("test", "component", "what", "act", "state"), ""), "why": why, "by_hand": []}


def lines(target: str, left: Sequence[dict[str, Any]], command: str) -> list[str]:
    """The loudest lines there are.

    Args:
        target: its name.
        left: as in ``run.json``.
        command: how it is recovered.
    """
    if not left:
        return []
    if not left[0]["component"]:
        return [f"UNDO FAILED: nobody knows whether {target} is as it was", f"  {left[0]['why']}"]
    said = [f"UNDO FAILED: {target} is NOT as it was before {left[0]['test']}"]
    for one in left:
        said.append(
            f"  {one['component']} ({one['what']}) was {one['state']} before {one['act']}, and is to be so again"
        )
        said.append(f"    why not:  {one['why']}")
        said += [f"    by hand:  {by_hand}" for by_hand in one["by_hand"]]
    return [*said, f"  then: {command} (it looks first; no disruptive test runs on {target} until it has)"]


def who(story: Story) -> str:
    """Who opened a journal, for people."""
    opened = story.opened
    at = dt.datetime.fromtimestamp(opened["at"]).astimezone()
    return f"process {opened['pid']} on {at:%Y-%m-%d %H:%M:%S} ({opened['test']})"


def recover_command(target: Target) -> str:
    """How a target is recovered from the folder where we are."""
    if target.file is None or target.file.resolve().parent == Path.cwd():
        return "llmops recover"
    return shlex.join(["llmops", "recover", "--config", str(target.file)])
