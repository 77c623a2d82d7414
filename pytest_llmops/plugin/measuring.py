"""``measure`` and ``record`` as tests see them: they fail the test themselves."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmops.clients.generation import identity_of
from pytest_llmops.errors import CallFailed, LlmopsError, Vacuous
from pytest_llmops.judge.thresholds import threshold_for
from pytest_llmops.measure.bench import Bench, Purse, model_server
from pytest_llmops.measure.candidate import as_json
from pytest_llmops.measure.results import recorded
from pytest_llmops.measure.watching import Watch, worded
from pytest_llmops.plugin.counterpart import counterpart, on_the_other_side
from pytest_llmops.plugin.sentences import Failed
from pytest_llmops.report.metric import ACCEPT
from pytest_llmops.state.planned import measurements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.judge.thresholds import Breach
    from pytest_llmops.measure.results import Measurement, Result
    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.samples import Prompt, Workload
    from pytest_llmops.target.thresholds import Threshold

AnyClient = TypeVar("AnyClient")


class Measure:
    """Callable of one test; see the fixture.

    Args:
        run: this process's part of the run.
        item: the test.
        check: what is known of it.
    """

    def __init__(self, run: Run, item: pytest.Item, check: Check) -> None:
        self._run = run
        self._item = item
        self._check = check

    def __call__(
        self,
        name: str,
        client: AnyClient,
        call: Callable[[AnyClient, Prompt], Any],
        *,
        prompts: Workload,
        check: bool = True,
    ) -> Measurement:
        """Time ``call(client, prompt)`` over the prompts.

        Args:
            name: of the whole call's metric; NAME.ttft, NAME.tpot and NAME.error_rate come with it. A parametrized
                test's params are added: ``response_time[summary]``.
            client: who is called.
            call: makes one call; raises ``CallFailed`` where it fails. Under ``--llmops-against`` it is also handed
                the client's counterpart.
            prompts: the workload.
            check: whether a threshold that does not hold, or a regression, fails the test.

        Returns:
            All results, also when ``check`` is off.

        Raises:
            LlmopsError: this test has measured that name already; a baseline file is damaged.
            BudgetSpent: the budget left no call.
            ConfigError: the deployment that is called in turns has no such component.
            Unreachable: it has one, which did not pass preflight.
        """
        from pytest_llmops.measure.measuring import measure as take  # brings numpy and scipy; record needs neither

        name = self._full(name)
        bench = self._in_turns(self._bench(client), client, call)
        measurement = take(name, lambda prompt: call(client, prompt), prompts, bench)
        self._check.metrics += [result.as_json() for result in measurement.results]
        self._check.notes += measurement.notes
        self._check.recordings += [as_json(recording) for recording in measurement.recordings]
        self._attach(measurement)
        if check and measurement.problems:
            breaches = [breach.severity for breach in measurement.breaches if breach.fails]
            self._check.breaches += breaches
            said = "\n".join([*measurement.problems, *self._advice(measurement)])
            raise Failed(said, "threshold" if breaches else "regression")
        if check and measurement.voids:
            raise Failed("\n".join(measurement.voids), "void")
        return measurement

    def _advice(self, measurement: Measurement) -> list[str]:
        """What the reader can do now."""
        from pytest_llmops.clients.exchange import last_exchange

        advice = [f"  try: {last_exchange.get()}"] if last_exchange.get() else []
        if measurement.regressions and self._run.twin is None:
            advice.append(f"  if this is the new normal: {ACCEPT}")
        return advice

    def _full(self, name: str) -> str:
        _, bracket, params = self._item.name.partition("[")
        full = f"{name}{bracket}{params}"
        if full in self._run.measured:
            by = self._run.measured[full]
            raise LlmopsError(f"{full} was measured already, by {by}; a name stands for one measurement of a run.")
        self._run.measured[full] = self._check.key
        return full

    def _bench(self, client: Any) -> Bench:
        component = str(getattr(client, "component", ""))
        part = self._run.declared.table.components.configured().get(component)
        facts = self._facts(component)
        return Bench(
            target=self._run.target,
            ledger=self._run.ledger,
            store=None if self._run.options.baseline == "off" else self._run.store,
            check=self._check.key,
            component=component,
            limit=part.rate_limit if part else None,
            model=lambda: identity_of(getattr(client, "asked", facts.get("model", "")), facts),
            beside={key: facts[key] for key in ("server", "quantisation") if facts.get(key)},
            progress=self._run.say,
            measurements_left=self._measurements_left,
            recording=self._run.options.baseline == "record",
        )

    def _measurements_left(self) -> int:
        """Of the run, this one included: the rest of this test's, and those of the timed tests after it."""
        planned = self._run.selected.planned if self._run.selected else []
        keys = [check["test"] for check in planned]
        if self._check.key not in keys:
            return 1
        made = list(self._run.measured.values()).count(self._check.key) - 1
        here, *later = planned[keys.index(self._check.key) :]
        return max(1, measurements([here]) - made) + measurements(later)

    def _in_turns(self, bench: Bench, client: Any, call: Callable[[Any, Prompt], Any]) -> Bench:
        """The same bench with the other side, where there is one."""
        twin = self._run.twin
        if twin is None:
            return bench
        other = counterpart(self._item, self._run.own, twin, client)
        limit = twin.declared.component(other.component).rate_limit
        return replace(
            bench,
            twin=on_the_other_side(call, other, twin, client),
            against=twin.said,
            purse=Purse(twin.ledger, other.component, limit),
        )

    def _facts(self, component: str) -> dict[str, str]:
        """What preflight found out of the model server that is called, or that answers behind the API."""
        server = model_server(self._run.declared, component)
        return self._run.own.preflight(server).facts if server else {}

    def _attach(self, measurement: Measurement) -> None:
        """Put the comparison into the Allure result, where one is written."""
        if not measurement.comparisons or not self._item.config.getoption("allure_report_dir", None):
            return
        import allure

        from pytest_llmops.report.picture import comparison_picture

        sides = (self._run.twin.said, self._run.declared.name) if self._run.twin else ("baseline", "now")
        picture = comparison_picture(measurement.comparisons, self._run.declared.table.baseline.threshold, sides)
        allure.attach(picture, f"{measurement.name}: {sides[1]} against {sides[0]}", allure.attachment_type.SVG)


class Record:
    """Callable of one test; see the fixture.

    Args:
        run: this process's part of the run.
        check: what is known of the test.
    """

    def __init__(self, run: Run, check: Check) -> None:
        self._run = run
        self._check = check

    def __call__(self, name: str, value: float, unit: str = "", *, of: str = "") -> Result:
        """Judge a live value by the thresholds of that name, and keep it.

        Args:
            name: of the metric.
            value: now.
            unit: ``s`` for times, ``%``, another word, or empty.
            of: what the value is, where the name does not say it all; stands in the report, and in a failure.

        Raises:
            CallFailed: it is no number, so it cannot be a live value.
        """
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise CallFailed("", "bad-answer", f"{name}: {value!r} is no number; nothing was recorded.")
        result, breach = recorded(name, float(value), unit, self._run.declared.table.thresholds, of)
        return self._kept(result, replace(breach, reason=result.reason) if breach else None)

    def figure(self, name: str, *, during: Traffic | Callable[[], object] | None = None) -> Result:
        """Read a figure of the target, judge it by the thresholds of that name, and keep it.

        A threshold with ``for`` is looked into after a first breach: by the source's own memory where it has one, else
        by further looks within the run's budget. One that did not last is a note.

        Args:
            name: in the target's ``figures``.
            during: the fixture ``traffic``, or traffic to make first: what counts since a service's start is then read
                as what it counted meanwhile.

        Raises:
            Unsupported: the target has no such figure.
            ConfigError: it has none of that name, and a similar one.
            Vacuous: the number would say nothing: nothing was counted.
            CallFailed: the source does not answer, or answers no number, or one that is too old.
        """
        figures, thresholds = self._run.figures, self._run.declared.table.thresholds
        reading = figures.read(name, during=during)
        threshold = threshold_for(name, thresholds)
        for_s = self._for_s(threshold)
        if threshold is None or not for_s:
            return self._kept(*recorded(name, reading.value, reading.unit, thresholds, reading.source))
        timeless = {name: threshold.model_copy(update={"for_s": None})}
        result, breach = recorded(name, reading.value, reading.unit, timeless)
        if breach is None:
            return self._kept(replace(result, reason=f"{result.reason} ({reading.source})"), None)
        watch = Watch(
            again=lambda: figures.again(name, during=during),
            past=lambda last_s: figures.past(name, last_s),
            ledger=self._run.ledger,
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
        return self._kept(replace(result, threshold=limits, reason=lasting.reason), lasting)

    def _for_s(self, threshold: Threshold | None) -> float:
        """How long a breach must last; in the sandbox time goes by faster."""
        table = self._run.declared.table
        asked_s = threshold.for_s or 0.0 if threshold else 0.0
        return asked_s / table.sandbox.compress if table.embedded else asked_s

    def _kept(self, result: Result, breach: Breach | None) -> Result:
        self._check.metrics.append(result.as_json())
        self._judge(breach, result.reason)
        return result

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

    def _judge(self, breach: Breach | None, said: str) -> None:
        if breach is None:
            return
        if not breach.fails:
            self._check.notes.append("target missed")
            return
        self._check.breaches.append(breach.severity)
        raise Failed(said, "threshold")
