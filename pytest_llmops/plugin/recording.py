"""``record`` as tests see it: single values, and figures of the target, that fail the test themselves."""

from __future__ import annotations

import datetime as dt
import math
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pytest_llmops.errors import CallFailed, LlmopsError, Unsupported, Vacuous
from pytest_llmops.judge.thresholds import no_limit, threshold_for
from pytest_llmops.measure.results import recorded
from pytest_llmops.measure.watching import Watch, worded
from pytest_llmops.plugin.sentences import Failed
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.judge.thresholds import Breach
    from pytest_llmops.measure.results import Result
    from pytest_llmops.plugin.this_test import ThisTest
    from pytest_llmops.target.thresholds import Level, Threshold

Direction = Literal["up", "down", "off"]


class Record:
    """Callable of one test; see the fixture.

    Args:
        test: which.
    """

    def __init__(self, test: ThisTest) -> None:
        self._run = test.run
        self._check = test.check
        self._put_off: list[tuple[str, str]] | None = None

    @contextmanager
    def to_the_end(self) -> Iterator[None]:
        """Within, a breach fails the test at the end alone, and all breaches together do.

        Where the rest cannot be had, why is said beside them, with the call of the first.
        """
        from pytest_llmops.clients.exchange import last_exchange

        self._put_off, besides = [], []
        try:
            yield
        except LlmopsError as error:
            if not self._put_off:
                raise
            besides = [str(error)]
        finally:
            put_off, self._put_off = self._put_off, None
        if put_off:
            last_exchange.set(put_off[0][1])
            raise Failed("\n".join([*(said for said, _ in put_off), *besides]), "threshold")

    def __call__(self, name: str, value: float, unit: str = "", *, of: str = "", example: str = "") -> Result:
        """Judge a live value by the thresholds of that name, and keep it.

        Args:
            name: of the metric.
            value: now.
            unit: ``s`` for times, ``%``, another word, or empty.
            of: what the value is, where the name does not say it all; stands in the report, and in a failure.
            example: of a limit, such as ``critical = "> 2 d"``, of a value that says something beside a limit alone.

        Raises:
            CallFailed: it is no number, so it cannot be a live value.
            Vacuous: an example is given, and no threshold has that name: it is kept, and the key to write is said.
        """
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise CallFailed("", "bad-answer", f"{name}: {value!r} is no number; nothing was recorded.")
        result, breach = recorded(name, float(value), unit, self._run.declared.table.thresholds, of)
        kept = self._kept(result, replace(breach, reason=result.reason) if breach else None)
        if example and result.threshold is None:
            raise Vacuous(f"{result.reason}; {no_limit(name, example)}.")
        return kept

    def figure(
        self,
        name: str,
        *,
        during: Traffic | Callable[[], object] | None = None,
        level: Level | None = None,
        at_once: bool = False,
    ) -> Result:
        """Read a figure of the target, judge it by the thresholds of that name, and keep it.

        A threshold with ``for`` is looked into after a first breach: by the source's own memory where it has one, else
        by further looks within the run's budget. One that did not last is a note.

        Args:
            name: in the target's ``figures``.
            during: the fixture ``traffic``, or traffic to make first: what counts since a service's start is then read
                as what it counted meanwhile.
            level: the one limit that matters here, such as ``critical``; without it all do.
            at_once: whether this one look decides, however long a breach would have to last.

        Raises:
            Unsupported: the target has no such figure, or no limit of that level.
            ConfigError: it has none of that name, and a similar one.
            Vacuous: the number would say nothing: nothing was counted.
            CallFailed: the source does not answer, or answers no number, or one that is too old.
        """
        figures, threshold = self._run.figures, self._limits(name, level)
        reading = figures.read(name, during=during)
        for_s = 0.0 if at_once else self._for_s(threshold)
        timeless = {name: threshold.at_once} if threshold else {}
        if threshold is None or not for_s:
            return self._kept(*recorded(name, reading.value, reading.unit, timeless, reading.source))
        result, breach = recorded(name, reading.value, reading.unit, timeless)
        if breach is None:
            return self._kept(replace(result, reason=f"{result.reason} ({reading.source})"), None)
        watch = Watch(
            again=lambda: figures.again(name, during=during),
            past=lambda last_s: figures.past(name, last_s),
            ledger=self._run.ledger,
            averaged=figures.table(name).share_of_calls,
            progress=self._run.say,
        )
        found, words = watch.lasted(name, reading, threshold, for_s)
        if found.breach is None:
            self._check.notes.append("breach did not last")
            limits = {level: limit for level, limit in (result.threshold or {}).items() if level != "broken"}
            reason = f"{breach.reason},{words} ({reading.source})"
            return self._kept(replace(result, threshold=limits, reason=reason), None)
        lasting = worded(found.breach, f"{words} ({reading.source})")
        limits = {**(result.threshold or {}), "broken": lasting.limit}
        return self._kept(replace(result, value=found.value, threshold=limits, reason=lasting.reason), lasting)

    def rise(self, name: str, steps: Sequence[Callable[[], object]]) -> Result:
        """By how much a figure rises with a step, beyond doubt: judged by the thresholds of NAME_rise, and kept.

        Args:
            name: of the figure, which is read before the first step and after each.
            steps: what is done; ten or more, or nothing is beyond doubt.

        Raises:
            Unsupported, ConfigError, Vacuous, CallFailed: as in :meth:`figure`.
        """
        course = self._run.figures.course(name, steps)
        return self.slope(name, [reading.value for reading in course], course[0].unit)

    def slope(self, name: str, values: Sequence[float], unit: str = "") -> Result:
        """By how much a number rises from one value to the next, beyond doubt: kept as NAME_rise, as by :meth:`rise`.

        Raises:
            Vacuous: they are so few that nothing is beyond doubt.
        """
        from pytest_llmops.measure.steadiness import rise  # brings numpy

        found = rise(values)
        return self(f"{name}_rise", found.at_least, f"{unit} a step".strip(), of=found.said)

    def spread(self, name: str, last_s: float, kept_as: str = "") -> tuple[Result, Result]:
        """A figure's mean and peak over the last seconds: kept as NAME_mean and NAME_peak, judged by their thresholds.

        Args:
            name: of a figure from Prometheus; of ``use[cpu]`` they are ``use_mean[cpu]`` and ``use_peak[cpu]``.
            last_s: seconds until now.
            kept_as: what stands before the brackets in place of the figure's own word.

        Raises:
            Unsupported, Vacuous, CallFailed: as :meth:`pytest_llmops.clients.figures.Figures.spread`.
        """
        found = self._run.figures.spread(name, last_s)
        stem, bracket, rest = name.partition("[")
        stem = kept_as or stem
        looked = f"over {spoken(found.seconds)} of the last {spoken(last_s)}"
        when = dt.datetime.fromtimestamp(found.peak_at, dt.UTC)
        mean = self(f"{stem}_mean{bracket}{rest}", found.mean, found.unit, of=looked)
        return mean, self(f"{stem}_peak{bracket}{rest}", found.peak, found.unit, of=f"{when:%H:%M} UTC, {looked}")

    def _limits(self, name: str, level: Level | None) -> Threshold | None:
        """The threshold of a figure, or the one limit of it that is asked for."""
        table = self._run.declared.table
        threshold = threshold_for(name, table.thresholds)
        if level is None:
            return threshold
        found = threshold.alone(level) if threshold else None
        if found is None:
            raise Unsupported(
                f"target {self._run.declared.name} has no {level} limit of {name}: no {level} in thresholds.{name}."
            )
        return found

    def _for_s(self, threshold: Threshold | None) -> float:
        """How long a breach must last; in the sandbox time goes by faster."""
        asked_s = threshold.for_s or 0.0 if threshold else 0.0
        return asked_s / self._run.declared.table.faster

    def _kept(self, result: Result, breach: Breach | None) -> Result:
        self._check.metrics.append(result.as_json())
        self._judge(breach, result.reason)
        return result

    def statistics(self, name: str, values: Sequence[float], unit: str = "", *, of: str = "") -> None:
        """Mean, p50, p95 and p99 of several values, kept as ``NAME.mean`` and so on, judged by their thresholds.

        Raises:
            Vacuous: there are none.
        """
        if not values:
            raise Vacuous(f"{name}: there is no value, so there are no statistics.")
        from pytest_llmops.judge.estimate import statistic  # brings numpy

        said = f"of {len(values)} values{f'; {of}' if of else ''}"
        for which in ("mean", "p50", "p95", "p99"):
            self(f"{name}.{which}", statistic(values, which), unit, of=said)

    def shift(
        self, name: str, before: Sequence[float], now: Sequence[float] | float, worse: Direction = "up"
    ) -> Result:
        """By how many % a mean has become worse since the period before, beyond doubt: kept as ``NAME.worse``.

        Args:
            name: of the metric.
            before: values of the period before, three at least.
            now: values of this one, as many; or one value, of which those before are the earlier ones.
            worse: the direction that is: ``up``, ``down``, or ``off``: any other mean.

        Raises:
            Vacuous: too few values.
        """
        from pytest_llmops.judge.shift import shift, shift_of_one  # brings numpy

        found = shift_of_one(before, now) if isinstance(now, int | float) else shift(before, now)
        at_least = {"up": found.up_pct, "down": found.down_pct, "off": found.off_pct}[worse]
        return self(f"{name}.worse", at_least, "%", of=f"{name}: {found}")

    def peak_shift(self, name: str, before: Sequence[float], now: Sequence[float]) -> Result:
        """By how many % values have gone above the peak of the period before, beyond doubt: ``NAME.peak.worse``.

        Args:
            name: of the metric.
            before: values of the period before, three at least.
            now: values of this one, as many.

        Raises:
            Vacuous: too few values.
        """
        from pytest_llmops.judge.shift import peak_up_pct  # brings numpy

        said = f"{name}: peak {max(now):.4g}, {max(before):.4g} in the period before; a single value may be chance"
        return self(f"{name}.peak.worse", peak_up_pct(before, now), "%", of=said)

    def shares(self, name: str, counts: Mapping[str, float]) -> dict[str, float]:
        """Record what share each of several counts has of all of them, in %: as ``NAME[which]``.

        Returns:
            Each share, the largest first.

        Raises:
            CallFailed: these are no counts.
            Vacuous: nothing was counted.
        """
        bad = [which for which, count in counts.items() if not isinstance(count, int | float) or count < 0]
        if bad:
            raise CallFailed("", "bad-answer", f"{name}: {counts[bad[0]]!r} of {bad[0]} is no count.")
        whole = sum(counts.values())
        if not whole:
            raise Vacuous(f"{name}: nothing was counted, so there are no shares.")
        shares = {which: 100 * count / whole for which, count in sorted(counts.items(), key=lambda one: -one[1])}
        for which, share in shares.items():
            self(f"{name}[{which}]", share, "%")
        return shares

    def shares_since(
        self, name: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
    ) -> list[str]:
        """What share each of several instances has of what was answered since, as ``NAME[instance]``.

        Args:
            name: of the metric.
            before: of each instance ``name`` and ``answered``, a count.
            after: the same, later.

        Returns:
            The names of those that answered nothing.

        Raises:
            Vacuous: there is one alone, so there is nothing to share; or nothing was answered.
        """
        was = {one["name"]: one["answered"] for one in before}
        given = {one["name"]: max(0, one["answered"] - was.get(one["name"], 0)) for one in after}
        if len(given) < 2:
            raise Vacuous(f"{name}: {', '.join(given) or 'no instance'} is all there is, so there is nothing to share.")
        return [one for one, share in self.shares(name, given).items() if not share]

    def _judge(self, breach: Breach | None, said: str) -> None:
        if breach is None:
            return
        if not breach.fails:
            self._check.notes.append("target missed")
            return
        self._check.breaches.append(breach.severity)
        if self._put_off is None:
            raise Failed(said, "threshold")
        from pytest_llmops.clients.exchange import last_exchange

        self._put_off.append((said, last_exchange.get()))
