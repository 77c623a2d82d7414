"""A drill as data: what was probed, when its moments were, and the figures that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.operate.asking import Probe


@dataclass(frozen=True, slots=True)
class Loss:
    """What became of canaries that a store had acknowledged.

    Attributes:
        store: the component.
        acknowledged: how many there were, before the fault and since.
        lost: of them, how many could not be read back.
        rpo_s: age of the oldest lost one when the fault came, in seconds, or when the newest lost one was written, if
            that was later; 0 where none is lost.
        all_before: whether all of those from before the fault are lost, so that older data may be lost, too.
    """

    store: str
    acknowledged: int
    lost: int
    rpo_s: float
    all_before: bool = False

    @property
    def said(self) -> str:
        """All of it, in a sentence's words."""
        least = "; at least so much, for nothing from before the fault is left" if self.all_before else ""
        return f"{self.lost} of {self.acknowledged} acknowledged writes to {self.store} are lost{least}"


@dataclass(frozen=True)
class Drilled:
    """A drill, as far as it came. Moments are seconds since its start; None: it did not come to that.

    Attributes:
        name: of the drill.
        component: what had to be seen to fail.
        started: its start, in seconds since the epoch.
        probes: the requests to each component, in their order, by its name.
        fault_at: just before the fault.
        acted_at: the fault was over, as its driver tells.
        observed_at: a probe had noticed it.
        recovery_at: the fault was left standing no longer: recovery began, or was waited for.
        works_at: everything that is watched worked again.
        steady_at: and did so for some more probes.
        observed: what the probe saw.
        seen: what was seen of the component at last.
        recovers: how it was to come back.
        loss: what became of canaries; None where none were written.
        unwritten: why none were, where one asked for them.
    """

    name: str
    component: str
    started: float
    probes: Mapping[str, Sequence[Probe]] = field(repr=False)
    fault_at: float | None = None
    acted_at: float | None = None
    observed_at: float | None = None
    recovery_at: float | None = None
    works_at: float | None = None
    steady_at: float | None = None
    observed: str = ""
    seen: str = ""
    recovers: str = ""
    loss: Loss | None = None
    unwritten: str = ""

    @property
    def detect_s(self) -> float | None:
        """From the fault until a probe had noticed it."""
        return _between(self.fault_at, self.observed_at)

    @property
    def left_s(self) -> float:
        """For so long the fault was left standing on purpose once it had been noticed."""
        return _between(self.observed_at, self.recovery_at) or 0.0

    @property
    def rto_s(self) -> float | None:
        """From the fault until everything worked again, without the time for which it was left standing on purpose."""
        whole_s = _between(self.fault_at, self.works_at)
        return None if whole_s is None else whole_s - self.left_s

    @property
    def rpo_s(self) -> float | None:
        """Age of the oldest acknowledged write that is lost; None where none were made."""
        return self.loss.rpo_s if self.loss else None

    def failed(self, component: str) -> list[Probe]:
        """The probes of a component that failed, from the fault on."""
        return [probe for probe in self.since_fault(component) if probe.why]

    def failed_pct(self, component: str) -> float:
        """Their share of all from the fault on, in %."""
        return 100 * len(self.failed(component)) / max(1, len(self.since_fault(component)))

    def away_s(self, component: str) -> float:
        """From the beginning of the first probe that failed to the end of the first that did not after the last one."""
        probes = self.since_fault(component)
        bad = [number for number, probe in enumerate(probes) if probe.why]
        if not bad:
            return 0.0
        back = probes[min(bad[-1] + 1, len(probes) - 1)]
        return back.end - probes[bad[0]].at

    def since_fault(self, component: str) -> list[Probe]:
        """The probes of a component that were over since the fault."""
        since = self.fault_at
        return [probe for probe in self.probes[component] if since is not None and probe.end >= since]


def _between(begins: float | None, ends: float | None) -> float | None:
    return None if begins is None or ends is None else ends - begins
