"""What one measurement came to: a result per metric, and what is wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llmops.judge.thresholds import breach, said, threshold_for
from pytest_llmops.target.thresholds import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.judge.recording import Recording
    from pytest_llmops.judge.thresholds import Breach
    from pytest_llmops.samples import Sample
    from pytest_llmops.target.thresholds import Threshold


@dataclass(frozen=True, slots=True)
class Result:
    """One metric, as it stands in ``run.json``.

    Attributes:
        name: metric, with the statistic where it is not ``typical``.
        unit: ``s``, ``%``, another word, or empty for a share.
        value: now; the median where the name ends in no statistic.
        baseline: the same of the baseline's runs together; None without one.
        ratio, low, high: times worse, with one-sided 95 % limits.
        n: values that were judged.
        state: ``ok regression improvement inconclusive no-baseline not-comparable void recorded``.
        suspect: inconclusive, with an estimate above the threshold.
        threshold: the limits that apply, as written, and which was broken.
        reason: one sentence.
        last_good: of one that is not well, the ``value`` of the last run in which it was, and when that ``started``.
    """

    name: str
    unit: str
    value: float | None
    baseline: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    state: str = "recorded"
    suspect: bool = False
    threshold: dict[str, str] | None = None
    reason: str = ""
    last_good: dict[str, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, with times to a tenth of a microsecond."""
        plain = asdict(self)
        return {key: float(f"{value:.7g}") if isinstance(value, float) else value for key, value in plain.items()}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The values of one metric, then and now: what a picture shows."""

    result: Result
    baseline: tuple[float, ...]
    current: tuple[float, ...]


@dataclass
class Measurement:
    """What ``measure`` returns.

    Attributes:
        name: as declared, with the test's params.
        results: a result per metric; thresholds of other statistics are results of their own.
        samples: every call that counts, in time order.
        regressions: sentences for metrics that are slower than their baseline, and gate.
        breaches: thresholds that did not hold.
        notes: states that make a pass less than a plain one.
        voids: why the measurement is unsound, where it is.
        recordings: what a candidate baseline takes from here.
        comparisons: values for pictures, of the metrics that have a baseline.
    """

    name: str
    results: list[Result]
    samples: list[Sample] = field(repr=False)
    regressions: list[str] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    voids: list[str] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list, repr=False)
    comparisons: list[Comparison] = field(default_factory=list, repr=False)

    def __getitem__(self, name: str) -> Result:
        """The result of a metric: by its whole name, or its ending (``ttft``)."""
        for result in self.results:
            if result.name in {name, f"{self.name}.{name}"}:
                return result
        raise KeyError(name)

    @property
    def problems(self) -> list[str]:
        """Everything that fails the test, worst first."""
        order = ["critical", "normal", "minor"]
        failing = sorted((b for b in self.breaches if b.fails), key=lambda b: order.index(b.severity))
        return [b.reason for b in failing] + self.regressions


def judged_value(
    name: str, value: float | str, unit: str, thresholds: Mapping[str, Threshold]
) -> tuple[dict[str, str] | None, Breach | None]:
    """The limits that apply to a metric, as written, and the breach if there is one."""
    threshold = threshold_for(name, thresholds)
    if threshold is None:
        return None, None
    found = breach(name, value, unit, threshold)
    limits = {level: limit.text for level in LEVELS if (limit := getattr(threshold, level)) is not None}
    return limits | ({"broken": found.limit} if found else {}), found


def recorded(
    name: str, value: float, unit: str, thresholds: Mapping[str, Threshold], of: str = ""
) -> tuple[Result, Breach | None]:
    """The result of a single live value: thresholds alone judge it; ``of`` says what it is."""
    limits, found = judged_value(name, value, unit, thresholds)
    reason = (found.reason if found else f"{name} is {said(value, unit)}") + (f" ({of})" if of else "")
    broken = replace(found, reason=reason) if found else None
    return Result(name, unit, value, n=1, threshold=limits, reason=reason), broken
