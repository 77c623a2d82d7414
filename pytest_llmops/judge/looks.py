"""When to look again: how many calls to make before judging, and when to stop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmops.judge.failures import judge_failures
from pytest_llmops.judge.verdict import SURVIVORSHIP, judge_samples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.judge.verdict import Design, Verdict
    from pytest_llmops.samples import Metric, Series

    Run = Sequence[Metric]

LOOKS = (30, 60, 120, 240)
"""Calls of a run, warm-up apart, at which everything is judged."""

WARM_UP = 3
"""First calls of every run, which are made and dropped: cold caches are not what is measured."""

CONFIRM_PAUSE_S = 1.0
"""Seconds before a fresh run that confirms, so that one hiccup does not reach into both."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a measurement is judged; see ``judge_samples`` for the fields."""

    threshold: float = 1.20
    floor: float = 0.0
    tau0: float = 0.05
    design: Design = "stored"


@dataclass(frozen=True, slots=True)
class Collect:
    """Make calls, then ask again.

    Attributes:
        calls: how many further ones, warm-up apart.
        fresh_run: they are a run of their own, with its own warm-up, to be appended to the runs.
        pause_s: seconds to wait before the first.
    """

    calls: int
    fresh_run: bool = False
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more is to be called.

    Attributes:
        verdicts: by metric name; ``NAME.error_rate`` included.
    """

    verdicts: dict[str, Verdict]


class Looks:
    """The looks at one measurement, from ``start`` to ``Done``.

    Every metric is judged as ``typical`` on all values so far, so a verdict always speaks of all that was measured.
    """

    def __init__(self, baselines: Mapping[str, Sequence[Series]], rule: Rule) -> None:
        """``baselines``: accepted runs by metric name; a metric without any has no baseline."""
        self._baselines = baselines
        self._rule = rule
        self._confirming = False

    def start(self) -> Collect:
        """The first calls."""
        return Collect(LOOKS[0])

    def after(
        self,
        runs: Sequence[Run],
        affordable: int,
        confirmable: int,
        *,
        baselines: Mapping[str, Sequence[Series]] | None = None,
    ) -> Collect | Done:
        """Judge what was collected, and say what comes next.

        Args:
            runs: the metrics of each run so far, the whole call's first; all but the last are complete.
            affordable: calls that the budget allows now, its reserve for a confirmation excluded; warm-up apart.
            confirmable: the same, reserve included.
            baselines: the baselines in place of those given at first: side by side, the other side has grown too.
        """
        if baselines is not None:
            self._baselines = baselines
        whole = _names(runs)[0]
        errors = self._judge_errors(whole, runs)
        verdicts = {name: self._judge(name, runs) for name in _names(runs)}
        lost = max(_share(self._failures_before(whole)), _share(_failures([run[0].series for run in runs])))
        if lost > SURVIVORSHIP:
            verdicts = {name: _flattering(verdict, lost) for name, verdict in verdicts.items()}
        done = Done({**verdicts, f"{whole}.error_rate": errors})
        if self._confirming:
            return done
        made = runs[-1][0].series.calls
        further = 0 if lost > SURVIVORSHIP else self._further(made, verdicts)
        if 0 < further <= affordable:
            return Collect(further)
        alarmed = [name for name, verdict in verdicts.items() if verdict.state == "regression"]
        if not alarmed or self._rule.design == "interleaved":
            return done
        if made <= confirmable:
            self._confirming = True
            return Collect(made, fresh_run=True, pause_s=CONFIRM_PAUSE_S)
        for name in alarmed:
            done.verdicts[name] = _unconfirmed(verdicts[name])
        return done

    def _further(self, made: int, verdicts: Mapping[str, Verdict]) -> int:
        """Calls to the next look; 0 where nothing is open, or no look is left."""
        # Of a metric without a single value more failing calls would say no more: its error rate speaks.
        open_ones = [verdict for verdict in verdicts.values() if not verdict.decided and verdict.n]
        return next((look - made for look in LOOKS if look > made), 0) if open_ones else 0

    def _judge(self, name: str, runs: Sequence[Run]) -> Verdict:
        before = self._baselines.get(name, ())
        now = [metric.series for run in runs for metric in run if metric.name == name]
        prompted = all(series.prompts or not series.values for series in (*before, *now))
        return judge_samples(
            "typical",
            [series.values for series in before],
            [series.values for series in now],
            threshold=self._rule.threshold,
            design=self._rule.design,
            floor=self._rule.floor,
            tau0=self._rule.tau0,
            baseline_prompts=[series.prompts for series in before] if prompted else None,
            current_prompts=[series.prompts for series in now] if prompted else None,
        )

    def _judge_errors(self, whole: str, runs: Sequence[Run]) -> Verdict:
        return judge_failures(self._failures_before(whole), _failures([run[0].series for run in runs]))

    def _failures_before(self, whole: str) -> tuple[int, int]:
        return _failures(self._baselines.get(whole, ()))


def _names(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(metric.name for run in runs for metric in run))


def _failures(series: Sequence[Series]) -> tuple[int, int]:
    return sum(one.failures for one in series), sum(one.calls for one in series)


def _share(counts: tuple[int, int]) -> float:
    failed, calls = counts
    return failed / calls if calls else 0.0


def _flattering(verdict: Verdict, lost: float) -> Verdict:
    """The calls that failed might have been the slow ones: what is left decides nothing."""
    if verdict.state == "no-baseline" or not verdict.n:
        return verdict
    reason = f"{lost:.0%} of the calls failed, and the others alone would flatter (survivorship)"
    return replace(verdict, state="inconclusive", suspect=False, reason=reason)


def _unconfirmed(verdict: Verdict) -> Verdict:
    return replace(verdict, reason=f"{verdict.reason}; the budget left no calls for a confirmation")
