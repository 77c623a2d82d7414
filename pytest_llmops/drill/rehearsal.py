"""Carries out a drill: steady, broken, noticed, recovered, steady; all of it is probed meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmops.drill.drilled import Drilled
from pytest_llmops.errors import CallFailed, NotRecovered, NotSteady, Unobserved
from pytest_llmops.operate.asking import AROUND, PAUSE_S, Asking, Probe
from pytest_llmops.operate.recovery import LONGEST_PAUSE_S, glance, until, works
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmops.clients.client import Client
    from pytest_llmops.drill.canary import Canary

OFTEN_S = 0.1
"""Between two looks at what the probes have found, so that figures are as exact as these."""

SETTLES_S = 5.0
"""What is to be steady before has this long to be so."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A component that is watched.

    Attributes:
        client: by which it is seen whether it works.
        probing: another client of it, for the thread that probes it; its deadline is the tolerance of a probe.
        ask: probes it in the place of a cheap look; raises ``CallFailed`` where that fails.
        pause_s: between two probes, at first.
    """

    client: Client
    probing: Client
    ask: Callable[[], object] | None = None
    pause_s: float = PAUSE_S

    @property
    def name(self) -> str:
        """Its name in the target."""
        return self.client.component

    def asking(self) -> Asking:
        """What probes it."""
        return Asking(self.name, self._asked if self.ask else lambda: glance(self.probing), self.pause_s)

    def _asked(self) -> str:
        assert self.ask is not None
        try:
            self.ask()
        except CallFailed as error:
            return str(error)
        return ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a drill does.

    Attributes:
        name: of it.
        fault: breaks something.
        observe: says what is to be seen of the fault where no probe fails by it; empty: nothing yet.
        recovery: brings back what was broken; None: it comes back by itself.
        left_s: for so long the fault is left standing, once it was noticed.
        within_s: how long it may take to notice the fault, and how long to recover from then on.
    """

    name: str
    fault: Callable[[], object]
    observe: Callable[[], str] | None
    recovery: Callable[[], object] | None
    left_s: float
    within_s: float

    @property
    def recovers(self) -> str:
        """How what was broken is to come back."""
        return "it is brought back" if self.recovery else "it comes back by itself"


class Rehearsal:
    """One drill.

    Args:
        plan: what it does.
        watched: the components that are probed; the first is the one that has to be seen to fail.
        canary: writes to a store meanwhile; None: nothing does.
        say: is told each step.
    """

    def __init__(
        self, plan: Plan, watched: Sequence[Watched], canary: Canary | None, say: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._watched = watched
        self._canary = canary
        self._tell = say
        self._askings: Mapping[str, Asking] = {one.name: one.asking() for one in watched}
        self._start = time.perf_counter()
        self._worked_at = 0.0
        self._now = Drilled(plan.name, watched[0].name, time.time(), {}, recovers=plan.recovers)

    @property
    def drilled(self) -> Drilled:
        """The drill, as far as it has come."""
        probes = {
            name: [replace(probe, at=probe.at - self._start) for probe in asking.probes]
            for name, asking in self._askings.items()
        }
        return replace(self._now, probes=probes)

    def carry_out(self) -> Drilled:
        """Do all of it; whatever comes to pass, nothing is probed any more when this ends.

        Raises:
            NotSteady: something did not work before, so nothing was broken.
            Unobserved: no probe noticed the fault.
            NotRecovered: something did not come back.
            LlmopsError: whatever fault and recovery raise, or the budget is spent.
        """
        writing = self._canary is not None and not self._canary.unwritten
        askings = list(self._askings.values())
        self._say(self._said)
        try:
            for asking in askings:
                asking.start()
            self._see_steady()
            if self._canary is not None and writing:
                self._canary.begin()
            self._break()
            self._notice()
            self._recover()
            if self._canary is not None:
                unwritten = self._canary.unwritten
                loss = None if unwritten else self._canary.remove(self._start + (self._now.fault_at or 0.0))
                self._now = replace(self._now, loss=loss, unwritten=unwritten)
        finally:
            for asking in [*askings, *([self._canary.asking] if self._canary and writing else [])]:
                asking.end()
        return self.drilled

    @property
    def _said(self) -> str:
        """The plan, in a line."""
        first, *others = [one.name for one in self._watched]
        beside = f", beside it {' and '.join(others)}" if others else ""
        canary = ""
        if self._canary:
            unwritten = self._canary.unwritten
            canary = f"; no RPO, for {unwritten}" if unwritten else f"; canaries {self._canary.name}"
        left = f"left so for {spoken(self._plan.left_s)}, " if self._plan.left_s else ""
        return (
            f"{first} is to be steady, broken, and seen to be so within {spoken(self._plan.within_s)}{beside}; "
            f"{left}{self._plan.recovers} within {spoken(self._plan.within_s)}{canary}"
        )

    def _see_steady(self) -> None:
        """See that all that is watched works, once it had a moment to settle: another drill may have ended just now."""
        holds, seen = until(self._steady, min(SETTLES_S, self._plan.within_s), OFTEN_S)
        if not holds:
            raise NotSteady(f"drill {self._plan.name}: it is not steady before, so nothing was broken: {seen}")
        self._say(f"steady before, {seen}")

    def _break(self) -> None:
        self._now = replace(self._now, fault_at=self._elapsed)
        self._plan.fault()
        self._now = replace(self._now, acted_at=self._elapsed)

    def _notice(self) -> None:
        """Wait until the fault is noticed, and leave it standing for a while."""
        within_s = self._plan.within_s
        holds, _ = until(self._noticed, within_s, OFTEN_S if self._plan.observe is None else LONGEST_PAUSE_S)
        if not holds:
            now = self.drilled
            why = f"none of {len(now.since_fault(now.component))} probes of {now.component} failed"
            raise Unobserved(
                f"drill {self._plan.name}: the fault was not observed within {spoken(within_s)}: "
                f"{why if self._plan.observe is None else 'there was nothing to be seen of it'}. "
                "Either it did nothing, or nobody would learn of it."
            )
        self._say(f"observed after {spoken(self._now.detect_s or 0.0)}: {self._now.observed}")
        if self._plan.left_s:
            time.sleep(self._plan.left_s)
        self._now = replace(self._now, recovery_at=self._elapsed)

    def _noticed(self) -> tuple[bool, str]:
        for asking in self._askings.values():
            asking.check()
        if self._plan.observe is not None:
            seen = self._plan.observe()
            if seen:
                self._now = replace(self._now, observed_at=self._elapsed, observed=seen)
            return bool(seen), ""
        first = next(iter(self.drilled.failed(self._now.component)), None)
        if first is not None:
            self._now = replace(self._now, observed_at=first.end, observed=first.why)
        return first is not None, ""

    def _recover(self) -> None:
        """Bring back what was broken, or wait for it, until it works and goes on to work."""
        plan = self._plan
        if plan.recovery is not None:
            plan.recovery()
        holds, seen = until(self._steady, plan.within_s, OFTEN_S)
        if not holds:
            since = "recovery" if plan.recovery is not None else "the fault was observed"
            raise NotRecovered(
                f"drill {plan.name}: what was broken is not steady again {spoken(plan.within_s)} after {since}: {seen}"
            )
        self._now = replace(self._now, works_at=self._worked_at, steady_at=self._elapsed, seen=seen)
        self._say(f"steady again, {seen}")

    def _steady(self) -> tuple[bool, str]:
        """Whether all works, and the probes that begin from then on do, too."""
        seen = ""
        for asking in self._askings.values():
            asking.await_more(0 if asking.probes else 1)
            if asking.probes[-1].why:  # so nobody has to ask for tokens yet
                return False, asking.probes[-1].why
        for one in self._watched:
            holds, said = works(one.client, self._plan.within_s)
            if not holds:
                return False, said
            seen = seen or said
        moment = self._worked_at = self._elapsed
        for one in self._watched:
            probes = self._begun_since(self._askings[one.name], moment)
            failed = next((probe.why for probe in probes if probe.why), "")
            if failed:
                return False, f"{one.name} worked, and failed again: {failed}"
            if one.ask is not None:  # of what is asked in another way this alone says that it works
                self._worked_at = max(self._worked_at, probes[0].end - self._start)
        return True, seen

    def _begun_since(self, asking: Asking, moment: float) -> Sequence[Probe]:
        """So many probes as there are around anything that is done; they begin after that moment."""
        begun: Sequence[Probe] = []
        while len(begun) < AROUND:
            asking.await_more(AROUND - len(begun))
            begun = [probe for probe in asking.probes if probe.at - self._start >= moment]
        return begun

    @property
    def _elapsed(self) -> float:
        return time.perf_counter() - self._start

    def _say(self, line: str) -> None:
        self._tell(f"drill {self._plan.name}: {line}")
