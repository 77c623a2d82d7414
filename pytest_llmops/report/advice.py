"""What the reader of a gated run can do now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.report.by_hand import RECOVER
from pytest_llmops.report.markdown import escaped
from pytest_llmops.report.metric import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FAILED = 1

BY_STATUS = {
    2: "**interrupted**: run it again",
    3: "**internal error**: of pytest or of a plugin; the log has it",
    4: "**not run**: the log says why: an option, or a line of llmops.toml, is wrong; an earlier run left the target "
    "changed (`llmops recover`); or another is changing it",
    5: "**nothing executed**: `pytest --llmops-plan` says what would run",
    13: "**nothing checked**: `pytest --llmops-plan` says what would run; nothing checked is never green",
}
BY_STATE = {
    "void": "**void**: mend the measurement as the reason says; as it is, it says nothing of the target",
    "suspect": "**suspect**: run it again",
}
ACCEPTED = {
    "regression": "**regression**: find what made it slower; or accept it as the new normal",
    "no-baseline": "**no baseline**: accept a first one",
    "not-comparable": "**not comparable**: put the old conditions back, or accept a baseline under the new ones",
    "improvement": "**improved**: accept it, or a later slowdown back to the old level passes unseen",
}
"""What accepting a run settles."""

ACCEPTING = (
    "",
    "To accept a run:",
    "",
    "```",
    "pytest … --llmops-baseline record",
    'llmops baseline accept --replace --reason "why this is normal now"',
    "```",
)


def advice(result: dict[str, Any], metrics: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Lines of Markdown: one for each thing that can be done, and how a run is accepted where that is one of them.

    Args:
        result: the run, as in ``run.json``.
        metrics: of all its checks.
    """
    states = {state_of(metric) for metric in metrics}
    yield from (f"- {line}" for line in _red(result))
    yield from (f"- {line}" for state, line in BY_STATE.items() if state in states)
    if result["twin"] and "regression" in states:
        yield f"- **regression**: find what makes it slower than {escaped(result['twin']['called'])}"
    accepted = [] if result["twin"] else [line for state, line in ACCEPTED.items() if state in states]
    if any(one["metric"] and not one["check"] for one in result["missing"]):
        yield "- **primary**: mend the name in `baseline.primary` of llmops.toml; as it is, it gates nothing"
    if any(one["check"] or not one["metric"] for one in result["missing"]):
        accepted.append("**missing**: bring the check back; or, renamed or deleted on purpose, accept a run without it")
    yield from (f"- {line}" for line in accepted)
    yield from ACCEPTING if accepted else ()


def _red(result: dict[str, Any]) -> Iterator[str]:
    """Of what no baseline has to do with."""
    status, unmade = result["exit_status"], result["not_made"]["checks"]
    red = {check["category"] for check in result["checks"] if check["outcome"] in {"failed", "error"}}
    if result["left_changed"]:
        yield RECOVER
    if "unreachable" in red:
        yield "**unreachable**: `llmops doctor` says how far each component gets, and what to mend"
    if red - {"unreachable", "regression", "void", "left-changed", "still-changed", "not-installed"}:
        yield "**failed**: where calls were made, the log has the command that repeats the last one"
    if status == FAILED and not (red or unmade or result["left_changed"]):
        yield "**failed**: a test that is none of these checks; the log names it"
    if "not-installed" in red:
        yield "**not installed**: install the packages that are named, where the tests run"
    if unmade:
        yield "**not made**: the end of the log says what stopped the run; what was not made is not known to be well"
    if status in BY_STATUS:
        yield BY_STATUS[status]
