"""Do fewer golden cases pass than in the accepted runs? Each case is compared with itself.

A case that nobody changed may come out better or worse alike, so each difference might as well have the other sign: of
all ways to turn the signs, those that give so deep a fall are counted (Fisher's randomisation test, The Design of
Experiments, 1935, section 21). That holds however alike the answers to one case are, with cases that never differ too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import stdtrit

from pytest_llmops.judge.pass_rate import CONFIDENCE, CaseRuns

if TYPE_CHECKING:
    from collections.abc import Sequence

ALPHA = 0.01
"""One-sided error probability of calling a fall, or a rise, where there is none."""
MIN_POINTS = 0.01
"""A fall by less than one percentage point is no regression."""
MARGIN = 0.05
"""A fall that is tolerated: surely above it is ok."""

_PARTS = 60  # of a case's share: exact for up to six repeats

ChangeState = Literal["ok", "regression", "improvement", "inconclusive", "not-comparable"]


@dataclass(frozen=True, slots=True)
class PassChange:
    """The change of the pass rate since the accepted runs, over the cases that both have.

    Attributes:
        state: what was decided.
        value: now less then; below zero is worse. None, as its limits and ``p``, where no case is in both.
        low, high: one-sided 95 % limits of it.
        cases: that were compared.
        p: how often chance alone brings so deep a fall.
        fell: ids of cases that pass less often now, the deepest fall first.
        altered: ids of cases that are not what they were, so that they are not compared.
        missing: ids of cases that the accepted runs have, and this one lacks.
        reason: it, as a clause for people.
    """

    state: ChangeState
    value: float | None
    low: float | None
    high: float | None
    cases: int
    p: float | None
    fell: tuple[str, ...]
    altered: tuple[str, ...]
    missing: tuple[str, ...]
    reason: str

    @property
    def suspect(self) -> bool:
        """Whether it is open, and looks like more than is tolerated."""
        return self.state == "inconclusive" and self.value is not None and self.value < -MARGIN


def pass_change(then: Sequence[Sequence[CaseRuns]], now: Sequence[CaseRuns]) -> PassChange:
    """Compare a run with the accepted ones.

    Args:
        then: accepted runs, the newest last; the repeats of one case in all of them are taken together, as far as it
            was then what it is now.
        now: the run that is judged.
    """
    current = {one.id: one for one in now}
    before, altered, missing = _before(then, current)
    shares = {name: current[name].share - share for name, share in before.items() if current[name].answers}
    if not shares:
        why = "no case is as the accepted runs have it"
        return PassChange("not-comparable", None, None, None, 0, None, (), altered, missing, why)
    differences = np.array(list(shares.values()))
    value = float(differences.mean())
    low, high = _limits(differences, value)
    fall, rise = by_chance(differences), by_chance(-differences)
    state = _state(value, low, fall, rise)
    fell = tuple(sorted((name for name, change in shares.items() if change < 0), key=lambda name: shares[name]))
    reason = _reason(state, (value, low, high), len(shares), rise if state == "improvement" else fall)
    return PassChange(state, value, low, high, len(shares), fall, fell, altered, missing, reason)


def by_chance(differences: np.ndarray) -> float:
    """How often turned signs bring a sum as low as this one: shares, shape (cases,), each from -1 to 1."""
    steps = np.rint(_PARTS * differences).astype(int)
    steps = steps[steps != 0]
    steps //= np.gcd.reduce(steps) if len(steps) else 1
    reach = int(np.abs(steps).sum())
    chances = np.zeros(2 * reach + 1)
    chances[reach] = 1.0
    for step in np.abs(steps):
        chances = (np.roll(chances, step) + np.roll(chances, -step)) / 2
    return min(1.0, float(chances[: reach + int(steps.sum()) + 1].sum()))


def _before(
    then: Sequence[Sequence[CaseRuns]], current: dict[str, CaseRuns]
) -> tuple[dict[str, float], tuple[str, ...], tuple[str, ...]]:
    """The share of each case then; those that were altered; those that are missing now."""
    passes: dict[str, int] = {}
    answers: dict[str, int] = {}
    known = dict.fromkeys(one.id for run in then for one in run)
    for one in (one for run in then for one in run if one.answers):
        if one.id in current and _alike(one, current[one.id]):
            passes[one.id] = passes.get(one.id, 0) + one.passes
            answers[one.id] = answers.get(one.id, 0) + one.answers
    shares = {name: passes[name] / answers[name] for name in passes}
    latest = {one.id: one for run in then for one in run}
    altered = tuple(name for name in known if name in current and not _alike(latest[name], current[name]))
    missing = tuple(one.id for one in (then[-1] if then else ()) if one.id not in current)
    return shares, altered, missing


def _alike(one: CaseRuns, other: CaseRuns) -> bool:
    return not (one.digest and other.digest) or one.digest == other.digest


def _limits(differences: np.ndarray, value: float) -> tuple[float, float]:
    """By Student's t of the cases' differences; of a single case anything is possible."""
    cases = len(differences)
    if cases == 1:
        return -1.0, 1.0
    reach = float(stdtrit(cases - 1, CONFIDENCE)) * float(differences.std(ddof=1)) / math.sqrt(cases)
    return max(-1.0, value - reach), min(1.0, value + reach)


def _state(value: float, low: float, fall: float, rise: float) -> ChangeState:
    if value <= -MIN_POINTS and fall <= ALPHA:
        return "regression"
    if value >= MIN_POINTS and rise <= ALPHA:
        return "improvement"
    return "ok" if low >= -MARGIN else "inconclusive"


def _reason(state: ChangeState, change: tuple[float, float, float], cases: int, p: float) -> str:
    value, low, high = (100 * one for one in change)
    found = f"{value:+.1f} points over {cases} cases of the accepted runs"
    if state in {"regression", "improvement"}:
        return f"{found}; chance alone does so in {p:.1%} of all cases"
    return f"{found}; the true change is from {low:+.1f} to {high:+.1f}"
