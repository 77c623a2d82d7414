"""What the project's history adds to a run on its board: the values before it, and when procedures were carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError
from pytest_llmops.procedures.catalogue import SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.report.procedure_states import ProcedureState
    from pytest_llmops.state.history.lately import Recorded
    from pytest_llmops.target.load import Target


@dataclass(frozen=True)
class Remembered:
    """What is known beside the run itself.

    Attributes:
        values: of each metric, oldest first, up to the run's start.
        system: whose runbook the target follows; empty where the catalogue has none for it.
        procedures: of that runbook, as they stand now; None where nobody knows.
        lacking: why the history is not told, in words; empty where it is.
    """

    values: Mapping[str, Sequence[Recorded]] = field(default_factory=dict)
    system: str = ""
    procedures: Sequence[ProcedureState] | None = None
    lacking: str = ""


def remembered(target: Target, result: Mapping[str, Any]) -> Remembered:
    """What the history knows of the metrics of a run, and of its target's procedures; never raises over a history.

    Args:
        target: on which it ran.
        result: the run, as in ``run.json``.
    """
    from pytest_llmops.report.procedure_states import states
    from pytest_llmops.state.history.lately import lately
    from pytest_llmops.state.history.place import place_of

    system = target.table.system if target.table.system in SYSTEMS else ""
    names = [metric["name"] for check in result["checks"] for metric in check["metrics"]]
    try:
        place = place_of(target)
        values = lately(place, target.name, names, result["started"])
        return Remembered(values, system, states(target, place, whole=False) if system else [])
    except LlmopsError as error:
        return Remembered(system=system, lacking=str(error))
