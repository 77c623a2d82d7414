"""Takes back what a journal tells of, the last first, and looks whether all is as it was."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from pytest_llmops.control.drivers import hands_by
from pytest_llmops.errors import ControlError, LlmopsError
from pytest_llmops.state.journal import Failure
from pytest_llmops.target.control import Control
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.control.driver import Status
    from pytest_llmops.control.hands import Hands
    from pytest_llmops.state.journal import Journal, Step


def undo(
    journal: Journal, hands_for: Callable[[Step], Hands], say: Callable[[str], None], *, again: bool = True
) -> bool:
    """Take back every open step, also where others fail; what could not be taken back stays in the journal.

    Args:
        journal: of the target; put away once nothing is open.
        hands_for: the hands on what a step acted on.
        say: is told each step before it is taken.
        again: also those that could not be taken back before.

    Returns:
        Whether nothing is left open.

    Raises:
        JournalError: the journal cannot be read or written.
    """
    story = journal.story
    for number, step in story.open.items():
        if number in story.failed and not again:
            continue
        say(f"undoing {step.act} of {step.component} ({step.what}): back to {step.state}")
        failure = _undo(step, hands_for)
        if failure is None:
            journal.undone(number)
        else:
            journal.failed(number, failure)
    if story.open:
        return False
    journal.close()
    return True


def hands_of_journal(journal: Journal) -> Callable[[Step], Hands]:
    """Hands by what the journal says alone: the file may have been changed since."""
    known: dict[str, Hands] = {}
    opened = journal.story.opened
    target = Target(name=str(opened.get("target", "")), table=TargetTable(), root=Path(str(opened.get("root", "."))))

    def hands_for(step: Step) -> Hands:
        if step.component not in known:
            control: Any = TypeAdapter(Control).validate_python(dict(step.control))
            known[step.component] = hands_by(control, target, step.component)
        return known[step.component]

    return hands_for


def _undo(step: Step, hands_for: Callable[[Step], Hands]) -> Failure | None:
    """Take one step back; None if that came about."""
    hands: Hands | None = None
    try:
        hands = hands_for(step)
        state: Any = step.state
        _compare(step, hands.bring_back(state, step.kept))
    except Exception as error:  # noqa: BLE001 (whatever it is: the other steps are still to be taken back)
        why = str(error) if isinstance(error, LlmopsError) else f"{type(error).__name__}: {error}"
        return Failure(why, _by_hand(step, hands))
    return None


def _compare(step: Step, now: Status) -> None:
    """It is as it was before.

    Raises:
        ControlError: it is not.
    """
    if now.state != step.state:
        said = f"{step.component} is {now.state}{f' ({now.detail})' if now.detail else ''}, and was {step.state}"
        raise ControlError(step.component, "refused", f"{said} before {step.act}.")
    if step.kept and dict(now.kept) != dict(step.kept):
        raise ControlError(
            step.component,
            "refused",
            f"{step.component} is {now.state} with {dict(now.kept)}, and had {dict(step.kept)} before {step.act}.",
        )


def _by_hand(step: Step, hands: Hands | None) -> list[str]:
    """The commands that a person types: those from how it is now, else those that were foreseen."""
    found: list[str] = []
    if hands is not None:
        with suppress(Exception):  # it may well be that nobody can tell how it is
            state: Any = step.state
            found = hands.by_hand(hands.status().state, state, step.kept)
    return found or list(step.by_hand)
