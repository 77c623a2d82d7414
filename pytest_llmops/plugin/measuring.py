"""``measure`` as tests see it: it fails the test itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmops.clients.generation import identity_of
from pytest_llmops.errors import LlmopsError
from pytest_llmops.measure.bench import Bench, Purse, model_server
from pytest_llmops.measure.candidate import as_json
from pytest_llmops.plugin.counterpart import counterpart, on_the_other_side
from pytest_llmops.plugin.sentences import Failed
from pytest_llmops.report.metric import ACCEPT
from pytest_llmops.state.planned import measurements

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.measure.results import Measurement
    from pytest_llmops.plugin.this_test import ThisTest
    from pytest_llmops.samples import Prompt, Workload

AnyClient = TypeVar("AnyClient")

BEFORE = "before"
"""What sentences call the other side, where a client is measured against how it was."""


class Measure:
    """Callable of one test; see the fixture.

    Args:
        test: which.
    """

    def __init__(self, test: ThisTest) -> None:
        self._run = test.run
        self._item = test.item
        self._check = test.check

    def __call__(
        self,
        name: str,
        client: AnyClient,
        call: Callable[[AnyClient, Prompt], Any],
        *,
        prompts: Workload,
        check: bool = True,
        against: AnyClient | None = None,
        before: Measurement | None = None,
        keep: bool = False,
        like: str = "",
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
            against: a client of the same component, as it was before a change: each call is made in turns with it,
                and judged against it; no stored baseline is read.
            before: what was measured before a change that left nothing as it was: this is judged against it, as median
                and p95, and no stored baseline is read.
            keep: it is to be such a ``before``: it takes as many calls as that needs, and thresholds alone judge it.
            like: the full name of a measurement of the same calls, made at another time: its accepted runs are what
                this is compared with, and this becomes no baseline.

        Returns:
            All results, also when ``check`` is off.

        Raises:
            LlmopsError: this test has measured that name already; a baseline file is damaged.
            BudgetSpent: the budget left no call.
            ConfigError: the deployment that is called in turns has no such component.
            Unreachable: it has one, which did not pass preflight.
        """
        from pytest_llmops.measure.measuring import measure as take  # brings numpy and scipy; record needs neither

        name = self.full(name)
        bench = replace(self.bench(client), like=like)
        if before is not None or keep:
            bench = replace(bench, store=None, before=before, recording=True)
        elif against is None:
            bench = self._in_turns(bench, client, call)
        else:
            bench = replace(bench, twin=lambda prompt: call(against, prompt), against=BEFORE)
        measurement = take(name, lambda prompt: call(client, prompt), prompts, bench)
        recorded = before is None and not keep and not like
        alone = against is None and before is None
        self.conclude(measurement, "" if alone else BEFORE, check=check, recorded=recorded)
        return measurement

    def conclude(self, measurement: Measurement, against: str = "", *, check: bool, recorded: bool = True) -> None:
        """Keep what a measurement came to, and fail the test where it is to.

        Args:
            measurement: all of it.
            against: what sentences call the other side; empty where it is a stored baseline.
            check: whether a threshold that does not hold, or a regression, fails the test.
            recorded: whether it may become a baseline: one around a change is of this run alone, and one that is like
                another has that one's.
        """
        self._check.metrics += [result.as_json() for result in measurement.results]
        self._check.notes += measurement.notes
        if recorded:
            self._check.recordings += [as_json(recording) for recording in measurement.recordings]
        self._attach(measurement, against)
        if check and measurement.problems:
            breaches = [breach.severity for breach in measurement.breaches if breach.fails]
            self._check.breaches += breaches
            said = "\n".join([*measurement.problems, *self._advice(measurement, stored=recorded and not against)])
            raise Failed(said, "threshold" if breaches else "regression")
        if check and measurement.voids:
            raise Failed("\n".join(measurement.voids), "void")

    def _advice(self, measurement: Measurement, *, stored: bool) -> list[str]:
        """What the reader can do now."""
        from pytest_llmops.clients.exchange import last_exchange

        advice = [f"  try: {last_exchange.get()}"] if last_exchange.get() else []
        if stored and measurement.regressions and self._run.twin is None:
            advice.append(f"  if this is the new normal: {ACCEPT}")
        return advice

    def full(self, name: str) -> str:
        """The name with the test's params.

        Raises:
            LlmopsError: something of that name was measured before.
        """
        _, bracket, params = self._item.name.partition("[")
        full = f"{name}{bracket}{params}"
        if full in self._run.measured:
            by = self._run.measured[full]
            raise LlmopsError(f"{full} was measured already, by {by}; a name stands for one measurement of a run.")
        self._run.measured[full] = self._check.key
        return full

    def bench(self, client: Any) -> Bench:
        """Where a component is measured."""
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

    def _attach(self, measurement: Measurement, against: str) -> None:
        """Put the comparison into the Allure result, where one is written."""
        if not measurement.comparisons or not self._item.config.getoption("allure_report_dir", None):
            return
        import allure

        from pytest_llmops.report.picture import comparison_picture

        sides = (self._run.twin.said, self._run.declared.name) if self._run.twin else ("baseline", "now")
        sides = (against, "now") if against else sides
        picture = comparison_picture(measurement.comparisons, self._run.declared.table.baseline.threshold, sides)
        allure.attach(picture, f"{measurement.name}: {sides[1]} against {sides[0]}", allure.attachment_type.SVG)
