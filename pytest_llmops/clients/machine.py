"""The machine that a system runs on: what is in use, which processes run, who listens, how far the others are."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, TypeVar, cast

from pytest_llmops.clients.http import Http
from pytest_llmops.clients.listing import Listing
from pytest_llmops.clients.usage import NodeExporter, Space, ThisMachine, Usage
from pytest_llmops.clients.vitals import page_of
from pytest_llmops.clients.ways import Way, ways
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.exposition import MetricsPage
    from pytest_llmops.clients.gpus import Gpu
    from pytest_llmops.clients.listeners import Listener
    from pytest_llmops.clients.processes import RunningProcess
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.surroundings import Machine as MachineTable

Named = TypeVar("Named")

LOOK_AGAIN_S = 5.0
"""Between two looks at processes that are waited for."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """Processor and memory of processes over a time, each the sum of them all."""

    cpu_mean_pct: float
    cpu_max_pct: float
    memory_mean_mb: float
    memory_max_mb: float


class Machine:
    """The machine.

    Args:
        target: the deployment.
        component: its name there.
        ledger: where calls are counted.
    """

    def __init__(self, target: Target, component: str, ledger: Ledger) -> None:
        self.target = target
        self.component = component
        self.part = cast("MachineTable", target.component(component))
        self.http = Http(target, component, ledger) if self.part.url else None
        self.address = self.http.url if self.http else "this machine"
        self.source = NodeExporter(self.page) if self.http else ThisMachine()
        self.listing = Listing(target, component, self.part, ledger)

    def __repr__(self) -> str:
        return f"Machine({self.address})"

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: its node exporter's page is there; this machine always is."""
        return [("reachable", self.page if self.http else ThisMachine().spaces)]

    def close(self) -> None:
        """Give the connections back."""
        if self.http:
            self.http.close()

    def page(self) -> MetricsPage:
        """The node exporter's page.

        Raises:
            Unsupported: the machine has no url.
            CallFailed: it cannot be had, or is not in the text format.
        """
        if self.http is None:
            raise Unsupported(f"{self.component}: it has no url, so there is no node exporter's page.")
        return page_of(self.http.call("GET", self.part.metrics))

    def usage(self) -> Usage:
        """How much of processors, memory and swap is in use."""
        self.listing.must_be_here()
        return self.source.usage(self.part.interval)

    def disk(self, name: str) -> Space:
        """The file system of a name in ``disks``.

        Raises:
            Unsupported: the machine has none of that name, or no file system is mounted there.
        """
        mount = self._named("disk", name, self.part.disks)
        spaces = {space.mount: space for space in self.disks()}
        if mount not in spaces:
            known = ", ".join(sorted(spaces)) or "nowhere"
            raise Unsupported(f"{self.component}: disks.{name} is {mount}, where nothing is mounted. Mounted: {known}.")
        return spaces[mount]

    def disks(self) -> list[Space]:
        """All file systems that hold data."""
        self.listing.must_be_here()
        return self.source.spaces()

    def processes(self, name: str) -> list[RunningProcess]:
        """The processes of a name in ``processes``.

        Raises:
            Unsupported: the machine has none of that name, or its processes cannot be seen from here.
            CallFailed: the command that lists them failed, or printed something else.
        """
        sought = self._named("process", name, self.part.processes)
        found = self.all_processes()
        if sought.pattern is not None:
            found = [one for one in found if re.match(sought.pattern, one.command)]
        if sought.pid_file is not None:
            pid = self._pid(name, sought.pid_file)
            found = [one for one in found if one.pid == pid]
        if sought.port is not None:
            pids = {one.pid for one in self.listeners(sought.port)}
            found = [one for one in found if one.pid in pids]
        return found

    def all_processes(self) -> list[RunningProcess]:
        """Every process, the busiest first.

        Raises:
            Unsupported, CallFailed: as in :meth:`processes`.
        """
        return sorted(self.listing.processes(), key=lambda one: (one.cpu_pct, one.memory_mb), reverse=True)

    def sampled(self, name: str, *, looks: int, every_s: float) -> Sampled:
        """Processor and memory of processes, looked at several times; in a sandbox time goes by faster.

        Raises:
            CallFailed: none of them runs (kind ``absent``).
            Unsupported: as in :meth:`processes`.
        """
        cpu, memory = [], []
        for look in range(looks):
            time.sleep(self._passed(every_s) if look else 0)
            found = self.running(name)
            cpu.append(sum(one.cpu_pct for one in found))
            memory.append(sum(one.memory_mb for one in found))
        return Sampled(fmean(cpu), max(cpu), fmean(memory), max(memory))

    def until_none(self, name: str, within_s: float) -> list[RunningProcess]:
        """Wait until none of these processes runs; those that still do at the end. In a sandbox time goes by faster.

        Raises:
            Unsupported, CallFailed: as in :meth:`processes`.
        """
        end = time.monotonic() + self._passed(within_s)
        while (found := self.processes(name)) and time.monotonic() < end:
            time.sleep(min(self._passed(LOOK_AGAIN_S), max(0.0, end - time.monotonic())))
        return found

    def running(self, name: str) -> list[RunningProcess]:
        """As :meth:`processes`, of which there has to be one.

        Raises:
            CallFailed: none of them runs (kind ``absent``).
        """
        found = self.processes(name)
        if not found:
            raise CallFailed(self.component, "absent", f"{self.component}: no process {name} runs.")
        return found

    def listeners(self, port: int) -> list[Listener]:
        """Who listens on a TCP port.

        Raises:
            Unsupported: it cannot be seen from here.
        """
        return [one for one in self.listing.listeners() if one.port == port]

    def listening(self, name: str) -> list[Listener]:
        """Who listens on the port of a name in ``processes``.

        Raises:
            Unsupported: as in :meth:`listeners`; also where no port is named.
        """
        port = self._named("process", name, self.part.processes).port
        if port is None:
            raise Unsupported(f"{self.component}: processes.{name} names no port.")
        return self.listeners(port)

    def gpus(self) -> list[Gpu]:
        """The graphics processors.

        Raises:
            Unsupported: the machine has none, as far as can be seen.
            CallFailed: the command that lists them failed, or printed something else.
        """
        return self.listing.gpus()

    def ways(self) -> dict[str, Way]:
        """How long it takes from here to open a connection to each component that has an address, by name."""
        return ways(self.target, self.component)

    def figure(self, what: str, *, disk: str | None = None, process: str | None = None) -> float:
        """A figure by the word that ``figures.NAME.what`` has for it."""
        if what in {"cpu", "memory", "swap", "load"}:
            usage = self.usage()
            return {"cpu": usage.cpu_pct, "memory": usage.memory_pct, "swap": usage.swap_pct, "load": usage.load}[what]
        if what in {"disk_used", "disk_free"}:
            space = self.disk(disk or "")
            return space.used_pct if what == "disk_used" else space.free_pct
        if what in {"gpu_memory", "gpu_utilisation"}:
            found = self.gpus()
            return max(one.memory_pct if what == "gpu_memory" else one.busy_pct for one in found)
        if what == "processes":
            return len(self.processes(process or ""))
        if what in {"open_files", "sockets"}:
            return sum(self.listing.handles(one.pid, what) for one in self.running(process or ""))
        return sum(one.cpu_pct if what == "process_cpu" else one.memory_mb for one in self.running(process or ""))

    def _passed(self, seconds: float) -> float:
        """How long to wait for that time to have passed at the target."""
        table = self.target.table
        return seconds / (table.sandbox.compress if table.environment == "sandbox" else 1.0)

    def _pid(self, name: str, file: str) -> int | None:
        path = self.target.root / file
        try:
            return int(path.read_text(encoding="utf-8").strip() or 0)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self.listing.failed(f"processes.{name}: {path} holds no process id ({error})") from None

    def _named(self, kind: str, name: str, known: Mapping[str, Named]) -> Named:
        if name in known:
            return known[name]
        near = did_you_mean(name, known)
        listed = near or f" It has: {', '.join(known) or 'none'}."
        said = f"{self.component}: target {self.target.name} has no {kind} {name!r}.{listed}"
        raise ConfigError(said) if near else Unsupported(said)
