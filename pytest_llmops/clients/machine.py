"""The machine that a system runs on: what is in use, which processes run, who listens, how far the others are."""

from __future__ import annotations

import re
import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar, cast

from pytest_llmops.clients.http import Http
from pytest_llmops.clients.links import links
from pytest_llmops.clients.listing import Listing
from pytest_llmops.clients.process_use import Looks
from pytest_llmops.clients.usage import NodeExporter, Space, ThisMachine, Usage, mount_of
from pytest_llmops.clients.vitals import page_of
from pytest_llmops.clients.ways import Way, ways
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, did_you_mean
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.exposition import MetricsPage
    from pytest_llmops.clients.gpus import Gpu
    from pytest_llmops.clients.links import Link
    from pytest_llmops.clients.listeners import Listener
    from pytest_llmops.clients.process_use import Sampled
    from pytest_llmops.clients.processes import RunningProcess
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.machine import Sought
    from pytest_llmops.target.surroundings import Machine as MachineTable

Named = TypeVar("Named")

_WRITE = "Write where the data lies on that machine, from /; where no file system of its own holds it, write /."

LOOK_AGAIN_S = 5.0
"""Between two looks at processes that are waited for."""


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
        """The file system that holds the folder of a name in ``disks``.

        Raises:
            Unsupported: the machine has none of that name, the folder is not there, or which file system holds it
                cannot be told; ``/`` is none that is presumed.
        """
        self.listing.must_be_here()
        folder = self._named("disk", name, self.part.disks)
        said = f"{self.component}: disks.{name} is {folder}"
        made_up = self.target.table.environment == "sandbox" and self.http is not None
        if made_up or not self.listing.here:
            return self._space_by_name(said, folder, trusted=made_up)
        try:
            mount = mount_of(self.target.root / folder)
        except OSError as error:
            raise Unsupported(
                f"{said}, which cannot be looked at ({error.strerror}). Write a folder of the file system that holds "
                f"the data, from / or below the folder of llmops.toml."
            ) from None
        return self._mounted(said, mount) if self.http else ThisMachine().space(mount)

    def _space_by_name(self, said: str, folder: str, *, trusted: bool) -> Space:
        """Of a machine whose folders are not seen: the innermost file system whose mount stands before the folder.

        Args:
            said: of the folder, for sentences.
            folder: on that machine.
            trusted: whether the machine has what it is said to have; else ``/`` holds no folder that nobody sees.
        """
        path = PurePosixPath("/", folder) if trusted else PurePosixPath(folder)
        if not path.is_absolute():
            raise Unsupported(f"{said}, a folder of this machine, and the other one is looked at. {_WRITE}")
        holding = [space for space in self.disks() if path.is_relative_to(space.mount)]
        space = max(holding, key=lambda one: len(one.mount), default=None)
        if space is None or (space.mount == "/" != str(path) and not trusted):
            known = ", ".join(sorted(one.mount for one in self.disks()))
            raise Unsupported(f"{said}, and no file system is known to hold it. Mounted: {known}. {_WRITE}")
        return space

    def _mounted(self, said: str, mount: str) -> Space:
        """The file system of a mount, off the page."""
        spaces = {space.mount: space for space in self.disks()}
        if mount not in spaces:
            known = ", ".join(sorted(spaces))
            raise Unsupported(
                f"{said}, which is on {mount}, and {self.address} tells of no file system that is mounted there "
                f"and can be written. Mounted: {known}."
            )
        return spaces[mount]

    def disks(self) -> list[Space]:
        """All file systems that hold data.

        Raises:
            Unsupported: the machine tells of none; or it is none whose file systems can be seen from here.
        """
        self.listing.must_be_here()
        found = self.source.spaces()
        if not found:
            raise Unsupported(f"{self.component}: {self.address} tells of no file system that can be written.")
        return found

    def processes(self, name: str) -> list[RunningProcess]:
        """The processes of a name in ``processes``.

        Raises:
            Unsupported: the machine has none of that name, or its processes cannot be seen from here.
            CallFailed: the command that lists them failed, or printed something else.
        """
        sought = self._named("process", name, self.part.processes)
        return self._of(name, sought, self.all_processes())

    def _of(self, name: str, sought: Sought, found: list[RunningProcess]) -> list[RunningProcess]:
        """Those of all processes that are sought."""
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

    def sampled(self, name: str, *beside: str, looks: int, every_s: float) -> list[Sampled]:
        """Processor and memory of each process, looked at several times; in a sandbox time goes by faster.

        Args:
            name: of processes of which one has to run all the while.
            *beside: of further ones, which need not.
            looks: how often, at least twice.
            every_s: the pause between them.

        Raises:
            CallFailed: none runs of those of which one has to (``absent``), or none was there for two looks (``gone``).
            Unsupported: as in :meth:`processes`; or the list does not say what each has used.
        """
        seen = [Looks(one) for one in (name, *beside)]
        for look in range(looks):
            time.sleep(self._passed(every_s) if look else 0)
            before = time.monotonic()
            listed = self.all_processes()
            at = (before + time.monotonic()) / 2 * self.target.table.faster
            for one in seen:
                sought = self._named("process", one.name, self.part.processes)
                one.add(at, self._telling(self._of(one.name, sought, listed)))
            self._some(name, seen[0].newest(at))
        if not seen[0].sampled():
            said = f"no process {name} was still there {spoken(every_s)} later: each is started anew"
            raise CallFailed(self.component, "gone", f"{self.component}: {said}.")
        return [use for one in seen for use in one.sampled()]

    def memory_share(self, name: str) -> float:
        """What the processes of a name hold in memory, of all that the machine has, in %; 0 where none runs.

        Raises:
            Unsupported, CallFailed: as in :meth:`processes`.
        """
        return 100 * sum(one.memory_mb for one in self.processes(name)) / self.usage().memory_mb

    def links(self, looks: int, every_s: float) -> list[Link]:
        """How busy each network link is, the busiest first; one to the machine itself is none.

        Args:
            looks: how often it is looked, at least twice.
            every_s: the pause between them.

        Raises:
            Unsupported: the machine does not tell.
            Vacuous: nothing went through any of them meanwhile.
        """
        self.listing.must_be_here()
        seen = []
        for look in range(looks):
            time.sleep(self._passed(every_s) if look else 0)
            seen.append((time.monotonic(), self.source.links()))
        return links(seen)

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
        return self._some(name, self.processes(name))

    def _some(self, name: str, found: list[RunningProcess]) -> list[RunningProcess]:
        if not found:
            raise CallFailed(self.component, "absent", f"{self.component}: no process {name} runs.")
        return found

    def _telling(self, found: list[RunningProcess]) -> list[RunningProcess]:
        """The same, where it is said of each what it has used since its start."""
        if any(one.spent_s is None for one in found):
            raise Unsupported(
                f"{self.component}: the command {self.part.process_list} prints no cputimes, so what a process uses "
                f"now cannot be told; have it print `ps -eo pid,user,lstart,pcpu,cputimes,rss,args`."
            )
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
        return seconds / self.target.table.faster

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
