"""What processes use of a machine over a time: looked at several times, each process by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.clients.processes import RunningProcess

SAME_START_S = 5.0
"""Within which a process of the same number was started, and is the same: ps reckons the moment anew each time."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """Processor and memory of one process over a time.

    Attributes:
        label: its name among the target's processes, such as ``work``; of further ones ``work#2``, by their start.
        process: as it was seen last.
        cpu_mean_pct: of one processor, from the first look to the last.
        cpu_max_pct: the most between two looks; ps counts whole seconds.
        memory_mean_mb, memory_max_mb: resident, in 10^6 bytes.
    """

    label: str
    process: RunningProcess
    cpu_mean_pct: float
    cpu_max_pct: float
    memory_mean_mb: float
    memory_max_mb: float

    @property
    def who(self) -> str:
        """The process, in words."""
        return f"{self.process.pid} of {self.process.user}: {self.process.command}"


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    process: RunningProcess


@dataclass
class Looks:
    """What is seen of the processes of one name.

    Attributes:
        name: among the target's processes.
    """

    name: str
    _seen: list[list[_Look]] = field(default_factory=list)

    def add(self, at: float, found: Iterable[RunningProcess]) -> None:
        """Those that were found at a moment, in seconds of the target's time."""
        for process in found:
            self._of(process).append(_Look(at, process))

    def newest(self, at: float) -> list[RunningProcess]:
        """Those that were found at that moment."""
        return [looks[-1].process for looks in self._seen if looks[-1].at == at]

    def sampled(self) -> list[Sampled]:
        """Each process that was found twice at least, the oldest first."""
        stayed = [looks for looks in self._seen if len(looks) > 1]
        stayed.sort(key=lambda looks: looks[0].process.started)
        return [_sampled(f"{self.name}#{n}" if n > 1 else self.name, looks) for n, looks in enumerate(stayed, 1)]

    def _of(self, process: RunningProcess) -> list[_Look]:
        """The looks at the same process: its number alone may be given again."""
        for looks in self._seen:
            known = looks[-1].process
            if known.pid == process.pid and abs(known.started - process.started) < SAME_START_S:
                return looks
        self._seen.append([])
        return self._seen[-1]


def _sampled(label: str, looks: list[_Look]) -> Sampled:
    shares = [_share(before, after) for before, after in pairwise(looks)]
    memory = [look.process.memory_mb for look in looks]
    return Sampled(label, looks[-1].process, _share(looks[0], looks[-1]), max(shares), fmean(memory), max(memory))


def _share(before: _Look, after: _Look) -> float:
    """Of one processor, in %."""
    spent_s = (after.process.spent_s or 0.0) - (before.process.spent_s or 0.0)
    return 100 * spent_s / (after.at - before.at)
