"""The gate of a golden dataset: enough of its cases pass, no fewer than before, and each waived one has an owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_llmops.errors import Vacuous, first_of
from pytest_llmops.judge.pass_change import pass_change
from pytest_llmops.judge.pass_rate import CaseRuns, PassRate, pass_rate
from pytest_llmops.judge.verdict import SURVIVORSHIP
from pytest_llmops.samples.wilson import interval

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from pytest_llmops.judge.pass_change import PassChange
    from pytest_llmops.target.waivers import CaseWaiver

PassState = Literal["ok", "breach", "regression", "inconclusive", "void"]

_Z95 = 1.6449
_MANY = 100_000
_NAMED = 5


@dataclass(frozen=True, slots=True)
class PassRule:
    """What is asked of a golden dataset.

    Attributes:
        threshold: the rate that is wanted, above 0 and up to 1.
        at_least: a case passes where so many of its repeats do, and the rate is that of cases; None: of all answers.
    """

    threshold: float
    at_least: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"threshold is {self.threshold:g}; a pass rate is above 0, and 1 at most")
        if self.at_least is not None and self.at_least < 1:
            raise ValueError(f"at_least is {self.at_least}; it must be 1 at least")


@dataclass(frozen=True, slots=True)
class TagRate:
    """The rate of the cases with one tag; ``below``: its upper limit is below the threshold."""

    tag: str
    rate: PassRate
    below: bool


@dataclass(frozen=True, slots=True)
class PassVerdict:
    """What was decided, and on what.

    Attributes:
        state: ``ok``; ``breach``: the rate is surely below the threshold; ``regression``: fewer pass than before;
            ``inconclusive``; ``void``: so many calls were lost that nothing can be said.
        suspect: inconclusive, and it looks like a breach or a regression.
        rate: None where it is void.
        tags: the rate of each tag, the lowest first: told, and gating nothing by itself.
        change: against the accepted runs; None without any, or where it is void.
        failing: ids of cases that did not pass each time, the worst first; waived ones are not among them.
        waived: of cases that count for nothing now, the id and what their waiver says.
        notes: what is wrong with waivers, and which cases were left out.
        reason: the verdict as a sentence for people.
    """

    state: PassState
    suspect: bool
    rate: PassRate | None
    tags: tuple[TagRate, ...]
    change: PassChange | None
    failing: tuple[str, ...]
    waived: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    reason: str

    @property
    def fails(self) -> bool:
        """Whether the gate is shut."""
        return self.state in {"breach", "regression"}


def judge_passes(
    runs: Sequence[CaseRuns],
    rule: PassRule,
    *,
    accepted: Sequence[Sequence[CaseRuns]] = (),
    waivers: Iterable[CaseWaiver] = (),
    today: dt.date | None = None,
) -> PassVerdict:
    """Judge one run of a golden dataset.

    The gate is shut where the upper one-sided 95 % limit of the rate is below the threshold, and where fewer cases
    pass than in the accepted runs (``pass_change``). More than 5 % of calls without an answer make it void: what was
    lost might have passed. A waived case is in none of this, until its waiver expires.

    Args:
        runs: one for each case, ids unique.
        rule: what is asked.
        accepted: earlier runs that are compared with, the newest last.
        waivers: of cases.
        today: by which they count; the reader's own day by default.

    Raises:
        Vacuous: there is no case, or each is waived.
        ValueError: an id is there twice, or ``at_least`` asks for more than a case's calls.
    """
    _check(runs, rule)
    waived, notes = _waived(runs, list(waivers), today)
    counted = [one for one in runs if one.id not in waived]
    if not counted:
        what = f"each of its {len(runs)} cases is waived" if runs else "it has no case"
        raise Vacuous(f"the golden dataset says nothing: {what}.")
    lost, calls = sum(one.lost for one in counted), sum(one.calls for one in counted)
    shown = tuple((one.id, waived[one.id]) for one in runs if one.id in waived)
    told = [one for run in counted for one in _as_asked(run, rule.at_least)]
    if not told or lost > SURVIVORSHIP * calls:
        reason = f"{lost} of {calls} calls brought no answer; what was lost might have passed"
        return PassVerdict("void", False, None, (), None, (), shown, tuple(notes), reason)
    if len(told) < len(counted):
        known = {one.id for one in told}
        left = [one.id for one in counted if one.id not in known]
        notes.append(f"left out, as calls were lost that would decide: {first_of(left, _NAMED)}")
    before = [
        [case for one in run if one.id not in waived for case in _as_asked(one, rule.at_least)] for run in accepted
    ]
    change = pass_change(before, told) if accepted else None
    rate, tags = pass_rate(told), _tags(told, rule.threshold)
    failing = tuple(one.id for one in sorted(told, key=lambda one: one.share) if one.passes < one.answers)
    state, suspect, reason = _decided(rate, rule, change)
    return PassVerdict(state, suspect, rate, tags, change, failing, shown, tuple(notes), reason)


def _check(runs: Sequence[CaseRuns], rule: PassRule) -> None:
    seen: set[str] = set()
    for one in runs:
        if one.id in seen:
            raise ValueError(f"case {one.id} is there twice")
        seen.add(one.id)
        if rule.at_least is not None and one.calls < rule.at_least:
            raise ValueError(f"case {one.id} was asked {one.calls} times; at least {rule.at_least} passes cannot be")


def _waived(
    runs: Sequence[CaseRuns], waivers: Sequence[CaseWaiver], today: dt.date | None
) -> tuple[dict[str, str], list[str]]:
    """What each waiver that counts says, by case; and what is to be said of the others."""
    if today is None:
        import datetime as dt

        today = dt.datetime.now().astimezone().date()
    known = {one.id: one for one in runs}
    found, notes = {}, []
    for waiver in waivers:
        case = known.get(waiver.case)
        if case is None:
            notes.append(f"{waiver.case} is waived by {waiver.owner}, and is no case of this run")
        elif not waiver.counts(today):
            notes.append(f"{waiver.case} counts again: it was {waiver.said}")
        else:
            found[waiver.case] = waiver.said
            if case.answers and case.passes == case.calls:
                notes.append(f"{waiver.case} passes each time: its waiver ({waiver.owner}) can go")
    return found, notes


def _as_asked(one: CaseRuns, at_least: int | None) -> list[CaseRuns]:
    """The case as it counts; none where its lost calls would decide."""
    if at_least is None:
        return [one] if one.answers else []
    if one.passes < at_least <= one.passes + one.lost:
        return []
    return [CaseRuns(one.id, int(one.passes >= at_least), 1, 0, one.tags, one.digest)]


def _tags(runs: Sequence[CaseRuns], threshold: float) -> tuple[TagRate, ...]:
    names = dict.fromkeys(tag for one in runs for tag in one.tags)
    rates = {name: pass_rate([one for one in runs if name in one.tags]) for name in names}
    found = [TagRate(name, rate, rate.high < threshold) for name, rate in rates.items()]
    return tuple(sorted(found, key=lambda one: (one.rate.value, one.tag)))


def _decided(rate: PassRate, rule: PassRule, change: PassChange | None) -> tuple[PassState, bool, str]:
    of = f"{rate.cases} cases" if rule.at_least else f"{rate.answers} answers to {rate.cases} cases"
    found = (
        f"{rate.value:.1%} of {of} passed, with 95 % confidence at most {rate.high:.1%}; wanted: {rule.threshold:.1%}"
    )
    against = f"; {_against(change)}" if change else ""
    if rate.high < rule.threshold:
        return "breach", False, f"{found}{against}"
    if change is not None and change.state == "regression":
        return "regression", False, f"{found}{against}"
    if rate.value < rule.threshold:
        return "inconclusive", True, f"{found}, which may be so; {_needed(rate, rule.threshold)}{against}"
    if change is not None and change.state == "inconclusive":
        return "inconclusive", change.suspect, f"{found}{against}"
    return "ok", False, f"{found}{against}"


def _against(change: PassChange) -> str:
    said = [change.reason]
    said += [f"fell: {first_of(change.fell, _NAMED)}"] if change.state == "regression" else []
    said += [f"not what they were: {first_of(change.altered, _NAMED)}"] if change.altered else []
    said += [f"no longer asked: {first_of(change.missing, _NAMED)}"] if change.missing else []
    return "; ".join(said)


def _needed(rate: PassRate, threshold: float) -> str:
    """How many cases would settle it if the rate stayed."""
    each, cases = rate.effective / rate.cases, rate.cases
    while cases < _MANY:
        cases *= 2
        effective = each * cases
        if interval(rate.value * effective, effective, _Z95)[1] < threshold:
            return f"some {cases} cases would settle it"
    return "no number of cases would settle it"
