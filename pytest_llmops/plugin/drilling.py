"""A test's drill: what is watched, how often and by whom; its figures are recorded, its timeline is written."""

from __future__ import annotations

import re
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.figures import Figures
from pytest_llmops.drill.canary import Canary
from pytest_llmops.drill.limits import within_limits
from pytest_llmops.drill.rehearsal import OFTEN_S, Plan, Rehearsal, Watched
from pytest_llmops.errors import CallFailed, ControlError, LlmopsError
from pytest_llmops.operate.asking import PAUSE_S
from pytest_llmops.operate.model_memory import ModelsInMemory
from pytest_llmops.plugin.measuring import Measure
from pytest_llmops.report.documents import Documents
from pytest_llmops.report.drill_timeline import timeline, timeline_picture
from pytest_llmops.samples import Prompt, Workload
from pytest_llmops.target.dependents import dependents

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmops.clients.client import Client
    from pytest_llmops.control.change import Change
    from pytest_llmops.drill.drilled import Drilled
    from pytest_llmops.plugin.this_test import ThisTest

NAME = re.compile(r"[A-Za-z0-9][\w.-]*")

SLOWEST_S = 5.0
"""A probe that takes longer has failed, where the component's own deadline is not shorter, and nothing else is said."""


class Drill:
    """Callable of one test; see the fixture.

    Args:
        test: which.
        change: of the same test; takes back what fault and recovery do by it.
    """

    def __init__(self, test: ThisTest, change: Change) -> None:
        self._run = test.run
        self._own = test.run.own
        self._change = change
        self._measure = Measure(test)
        written = test.check.documents.append
        self._documents = Documents(test.run.report_folder, test.run.declared.name, test.run.redactor, written)

    def __call__(
        self,
        name: str,
        component: str,
        fault: Callable[[], object],
        *,
        beside: Sequence[str] | None = None,
        probe: Callable[[], object] | None = None,
        figure: str = "",
        observe: Callable[[], str] | None = None,
        recovery: Callable[[], object] | None = None,
        left_s: float = 0.0,
        within_s: float | None = None,
        slowest_s: float = SLOWEST_S,
        canary: str = "",
    ) -> Drilled:
        """Break something that is steady, see it noticed, and time it until all is steady again.

        Args:
            name: of the drill; figures are ``drill_detect[NAME]``, ``drill_rto[NAME]`` and ``drill_rpo[NAME]``.
            component: what has to be seen to fail, and to come back.
            fault: breaks something, by ``change`` or what is built on it.
            beside: what else is watched, and has to be well before and after; by default what depends on it.
            probe: asks the component in the place of a cheap look, and raises ``CallFailed`` where that fails. It runs
                in a thread.
            figure: one of the target's, which is read in the place of a cheap look: it fails while a limit of it is
                broken.
            observe: says what is to be seen of the fault where no probe of the component has to fail by it; empty:
                nothing so far.
            recovery: brings back what was broken; without one it has to come back by itself.
            left_s: seconds for which the fault is left standing once it was noticed, which count in no figure; the
                sandbox compresses them.
            within_s: seconds until the fault is noticed, and from then on until all is steady; by default the deadline
                of the component's ``control`` table.
            slowest_s: seconds beyond which a probe has failed: the tolerance of the steady state.
            canary: a store to which numbered writes are made meanwhile, so that those it loses are counted.

        Raises:
            NotSteady: something did not work before, so nothing was broken.
            Unobserved: no probe noticed the fault.
            NotRecovered: something did not come back in time.
            Unsupported: no limit judges the figure.
            LlmopsError: whatever fault and recovery raise.
        """
        if not NAME.fullmatch(name):
            raise LlmopsError(f"{name!r} cannot name a drill; write for example 'ollama-killed'.")
        within_s = within_s if within_s is not None else self._change.deadline_s(component)
        left_s /= self._run.declared.table.faster
        plan = Plan(name, fault, observe, recovery, left_s, within_s)
        names = list(dict.fromkeys([component, *(self._beside(component) if beside is None else beside)]))
        with ExitStack() as opened:
            probe = self._limits(figure, slowest_s, opened) if figure else probe
            watched = []
            for one in names:
                own_probe, pause_s = probe if one == component else None, self._pause_s(one, 2 * within_s)
                watched.append(
                    Watched(self._own.client(one), self._further(one, slowest_s, opened), own_probe, pause_s)
                )
            store = Canary(self._further(canary, slowest_s, opened), self._change) if canary else None
            self._hold_memory(component)
            rehearsal = Rehearsal(plan, watched, store, self._run.say)
            try:
                drilled = rehearsal.carry_out()
            finally:
                self._write(rehearsal.drilled)
        self._keep(drilled, watched, slowest_s)
        return drilled

    def _hold_memory(self, component: str) -> None:
        """Have the models that a server holds in memory be there at the end, too: one that starts anew holds none."""
        from pytest_llmops.clients.ollama import Ollama

        if isinstance(client := self._own.client(component), Ollama):
            with suppress(CallFailed, ControlError):  # one that does not say is not steady, as will be seen
                ModelsInMemory(client, self._change).hold()

    def _beside(self, component: str) -> list[str]:
        """What depends on a component, has to be there, and may be asked as often as one likes."""
        parts = self._own.target.table.components
        found = ((name, parts.configured()[name]) for name in dependents(parts, component))
        return [name for name, part in found if part.required and part.rate_limit is None]

    def _further(self, component: str, slowest_s: float, opened: ExitStack) -> Client:
        """A further client of a component, for a thread: what one may wait for is no business of another."""
        target = self._own.target
        parts = target.table.components
        part = parts.configured()[component] if component in parts.configured() else target.component(component)
        hasty = parts.replaced({component: part.model_copy(update={"deadline": min(part.deadline, slowest_s)})})
        table = target.table.model_copy(update={"components": hasty})
        client = connect(replace(target, table=table), component, self._own.ledger)
        opened.callback(client.close)
        return client

    def _limits(self, figure: str, slowest_s: float, opened: ExitStack) -> Callable[[], object]:
        """What reads a figure and holds it against its limits, by clients of its own."""
        clients: dict[str, Client] = {}

        def reach(component: str) -> Client:
            if component not in clients:
                clients[component] = self._further(component, slowest_s, opened)
            return clients[component]

        figures = Figures(self._own.target, reach, self._run.once)
        return within_limits(figure, figures, self._run.declared.table.thresholds)

    def _pause_s(self, component: str, lasts_s: float) -> float:
        """Between two probes: a component with a limit of its own is asked so that half of what is left stays."""
        limit = self._own.target.component(component).rate_limit
        if limit is None:
            return PAUSE_S
        return max(PAUSE_S, 2 * lasts_s / max(1, self._own.ledger.admitted(component, limit)))

    def _write(self, drilled: Drilled) -> None:
        """The timeline, however far it came."""
        picture = self._documents.write(f"drill-{drilled.name}.svg", timeline_picture(drilled))
        self._documents.write(f"drill-{drilled.name}.md", timeline(drilled, picture.name))

    def _keep(self, drilled: Drilled, watched: Sequence[Watched], slowest_s: float) -> None:
        """Record the figures; a limit that is broken, or a regression, fails the test once all of them are."""
        from pytest_llmops.measure.once import Figure, judged_once  # brings numpy and scipy

        name, loss = drilled.name, drilled.loss
        figures = [
            Figure(f"drill_detect[{name}]", drilled.detect_s or 0.0, drilled.observed),
            Figure(f"drill_rto[{name}]", drilled.rto_s or 0.0, drilled.seen),
        ]
        figures += [Figure(f"drill_rpo[{name}]", loss.rpo_s, loss.said)] if loss is not None else []
        names, written = " beside ".join(one.name for one in watched), loss.store if loss else "nothing"
        how = f"{names}; {written} is written to; slowest {slowest_s:g} s"
        bench = self._measure.bench(watched[0].client)
        bench = bench if self._run.twin is None else replace(bench, store=None)
        exact_s = max(one.pause_s for one in watched) + OFTEN_S
        measurement = judged_once(name, figures, bench, Workload((Prompt(name, how),)), exact_s)
        self._measure.conclude(measurement, check=True)
