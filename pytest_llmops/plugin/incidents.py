"""The target's incidents as a run knows them: the record of them, and what was done about the one that lasts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmops.errors import LlmopsError

if TYPE_CHECKING:
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.state.incidents import Incidents


def incidents_of(run: Run) -> Incidents:
    """The record of the target's incidents: in the state folder, an embedded one's within its sandbox."""
    from pytest_llmops.plugin.deployment import SANDBOX
    from pytest_llmops.state.incidents import Incidents

    if run.own.embedded:
        return Incidents(Path(run.directory.read(SANDBOX)["root"]) / "incidents" / "incidents.jsonl")
    return Incidents.of(run.declared.state_folder, run.declared.name)


def done_since(run: Run) -> list[str]:
    """What was done to the target since the incident began, or in this run, in words: by the journal of changes."""
    lasting = [record.opened for record in incidents_of(run).records() if record.ended is None]
    return done(run, min([run.began, *lasting]))


def done(run: Run, since: float) -> list[str]:
    """What was done to the target since a moment, with its time and what became of it."""
    from pytest_llmops.state.journal import Journal
    from pytest_llmops.target.moments import in_utc

    journal = Journal.of(run.declared.state_folder, run.declared.name)
    try:
        acts = journal.acts(since)
    except LlmopsError as error:  # what is known of the incident is reported all the same
        return [f"what was done to the target is not known: {error}"]
    return [
        f"{act.said} at {in_utc(act.at)} ({act.test}), {act.became}"
        + (f" ({in_utc(act.ended)})" if act.ended and act.ended != act.at else "")
        for act in acts
    ]
