"""The pass rate of a golden set as a measurement: judged by the gate, beside accepted runs, kept as a baseline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmops.golden.answers import HALVES
from pytest_llmops.judge.baselines import Match
from pytest_llmops.judge.decision import Verdict, undecided
from pytest_llmops.judge.pass_gate import PassRule, judge_passes
from pytest_llmops.judge.pass_rate import CaseRuns, pass_rate
from pytest_llmops.judge.recording import Recording
from pytest_llmops.judge.thresholds import Breach
from pytest_llmops.measure.once import NOTED
from pytest_llmops.measure.results import Measurement, Result
from pytest_llmops.samples import ONCE, Metric, Prompt, Series, Workload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.golden.answers import GoldenAnswers
    from pytest_llmops.judge.baselines import Store
    from pytest_llmops.judge.pass_gate import PassVerdict
    from pytest_llmops.measure.bench import Bench
    from pytest_llmops.target.golden import Golden
    from pytest_llmops.target.load import Target

CASE = "case "
"""Beside a recording: what the key of a case's counts begins with."""

RULE = ("pass_rate", "at_least")
"""Beside a recording: by what it was judged."""

FREE = {"model", "host_class"}
"""What need not be alike: an answer is as right or wrong on whatever machine, and whoever changes the model wants to
know just this."""

_COUNTS = re.compile(r"(\d+) of (\d+), (\d+) lost, (\w*)")


def rule_of(table: Golden, kinds: Sequence[str]) -> PassRule:
    """What is asked of cases that are judged by these kinds of expectation: the strictest of their rates."""
    words = {"refusal" if kind in HALVES else kind for kind in kinds}
    rates = [rate for kind, rate in table.rates.items() if kind in words]
    return PassRule(max(rates, default=table.pass_rate), table.at_least)


def judged_passes(
    name: str, answers: GoldenAnswers, bench: Bench, before: GoldenAnswers | None = None
) -> tuple[Measurement, PassVerdict]:
    """Judge a golden set that was asked, or some of its cases.

    Args:
        name: of the metric, the pass rate in %; ``NAME[TAG]`` are those of the tags.
        answers: of this run.
        bench: the target, its baselines, who was asked.
        before: what is compared with in place of accepted runs: the same cases, as a model that serves answers them.

    Raises:
        Vacuous: each case is waived.
        BaselineError: a baseline file is damaged.
    """
    table = bench.target.table.golden
    rule, runs = rule_of(table, answers.kinds), answers.runs
    ids = {one.id for one in runs}
    waivers = [one for one in table.waivers if one.case in ids or not answers.called]
    counts = {f"{CASE}{one.id}": f"{one.passes} of {one.answers}, {one.lost} lost, {one.digest}" for one in runs}
    asked = f"{bench.component}; {table.max_tokens} tokens; at least {table.at_least or 'each'}"
    fingerprint = bench.fingerprint(Workload((Prompt("golden", asked),)))
    match, accepted = _accepted(bench.store if before is None else None, bench.target.name, name, fingerprint)
    accepted = accepted if before is None else [before.runs]
    verdict = judge_passes(runs, rule, accepted=accepted, waivers=waivers)
    measurement = Measurement(name, [], [])
    measurement.results.append(_result(name, verdict, rule, accepted, match, stored=bench.store is not None))
    if not answers.called:
        measurement.results += [_tagged(name, one.tag, verdict, rule) for one in verdict.tags]
    state, reason = measurement.results[0].state, f"{name}: {verdict.reason}"
    if verdict.state == "void":
        measurement.voids.append("\n".join([reason, *answers.said(tuple(one.id for one in runs if one.lost))]))
        return measurement, verdict
    said = "\n".join([reason, *answers.said(verdict.failing)])
    if verdict.state == "breach":
        limit = f"  limit: golden.{'rates' if rule.threshold != table.pass_rate else 'pass_rate'}"
        measurement.breaches.append(Breach("normal", _limit(rule), f"{said}\n{limit}"))
    elif verdict.state == "regression":
        measurement.regressions.append(said)
    measurement.notes += [state] if state in NOTED else []
    rate = verdict.rate
    if rate is not None and before is None:
        series = Series((100 * rate.value,), (ONCE,))
        beside = {**bench.beside, RULE[0]: rule.threshold, RULE[1]: rule.at_least, **counts}
        measurement.recordings.append(Recording(bench.check, Metric(name, "%", series), fingerprint, beside))
    return measurement, verdict


def remarks(verdict: PassVerdict) -> list[str]:
    """What is to be said beside a verdict, each a clause: which cases are waived, and what is wrong with waivers."""
    return [*(f"{case} is {why}" for case, why in verdict.waived), *verdict.notes]


def is_of_cases(recording: Recording) -> bool:
    """Whether a recording is of a golden set."""
    return RULE[0] in recording.beside


def judged_again(recording: Recording, target: Target, store: Store) -> tuple[Match, Verdict]:
    """A recorded run beside the accepted ones, as its own run judged it.

    Raises:
        BaselineError: a baseline file is damaged.
    """
    rate, at_least = recording.beside[RULE[0]], recording.beside[RULE[1]]
    rule = PassRule(float(rate or 1), None if at_least is None else int(at_least))
    match, accepted = _accepted(store, target.name, recording.metric.name, recording.fingerprint)
    runs = _runs(recording)
    verdict = judge_passes(runs, rule, accepted=accepted)
    if verdict.change is None:
        return match, undecided("no-baseline", len(runs), verdict.reason)
    state = "inconclusive" if verdict.change.state == "not-comparable" else verdict.change.state
    return match, Verdict(state, verdict.change.suspect, None, None, None, verdict.change.cases, verdict.reason)


def _accepted(
    store: Store | None, target: str, name: str, fingerprint: Mapping[str, str | int]
) -> tuple[Match, list[list[CaseRuns]]]:
    """The accepted runs that are alike where they have to be, oldest first."""
    if store is None:
        return Match([], "", known=False), []
    wanted = {key: value for key, value in fingerprint.items() if key not in FREE}
    found = [_runs(one) for _, one in store.like(target, name, wanted)]
    return store.find(target, name, wanted), found


def _runs(recording: Recording) -> list[CaseRuns]:
    """The cases of a recorded run."""
    found = []
    for key, value in recording.beside.items():
        counted = _COUNTS.fullmatch(str(value)) if key.startswith(CASE) else None
        if counted:
            passes, answers, lost = (int(counted[place]) for place in (1, 2, 3))
            found.append(CaseRuns(key.removeprefix(CASE), passes, answers, lost, digest=counted[4]))
    return found


def _result(
    name: str,
    verdict: PassVerdict,
    rule: PassRule,
    accepted: Sequence[Sequence[CaseRuns]],
    match: Match,
    *,
    stored: bool,
) -> Result:
    told = [one for run in accepted for one in run if one.answers]
    limits = {"target": _limit(rule)} | ({"broken": _limit(rule)} if verdict.state == "breach" else {})
    return Result(
        name,
        "%",
        None if verdict.rate is None else 100 * verdict.rate.value,
        baseline=100 * pass_rate(told).value if told else None,
        n=verdict.rate.answers if verdict.rate else 0,
        state=_state(verdict, match, stored=stored),
        suspect=verdict.suspect,
        threshold=limits,
        reason="; ".join(filter(None, (verdict.reason, match.differs, *remarks(verdict)))),
    )


def _state(verdict: PassVerdict, match: Match, *, stored: bool) -> str:
    """Of the comparison; that too few pass is the threshold's word."""
    if verdict.state in {"void", "inconclusive"}:
        return verdict.state
    if verdict.change is not None:
        return verdict.change.state
    return "not-comparable" if match.differs else "no-baseline" if stored else "recorded"


def _tagged(name: str, tag: str, verdict: PassVerdict, rule: PassRule) -> Result:
    rate = next(one.rate for one in verdict.tags if one.tag == tag)
    below = f", which is surely below {_limit(rule)[2:]}" if rate.high < rule.threshold else ""
    said = f"{rate.value:.1%} of {rate.answers} answers to {rate.cases} cases, at most {rate.high:.1%}{below}"
    return Result(f"{name}[{tag}]", "%", 100 * rate.value, n=rate.answers, reason=said)


def _limit(rule: PassRule) -> str:
    return f">= {100 * rule.threshold:g} %"
