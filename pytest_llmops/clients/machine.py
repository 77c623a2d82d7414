"""The machine that a system runs on: what is in use, which processes run, who listens, how far the others are."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath
from shutil import which
from statistics import fmean
from typing import TYPE_CHECKING, TypeVar, cast

from pytest_llmops.clients import gpus, listeners, processes
from pytest_llmops.clients.http import Http
from pytest_llmops.clients.usage import NodeExporter, Space, ThisMachine, Usage
from pytest_llmops.clients.vitals import page_of
from pytest_llmops.clients.ways import Way, elsewhere, ways
from pytest_llmops.control.tool import Tool
from pytest_llmops.errors import CallFailed, ConfigError, ControlError, Unsupported, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.exposition import MetricsPage
    from pytest_llmops.clients.gpus import Gpu
    from pytest_llmops.clients.listeners import Listener
    from pytest_llmops.clients.processes import RunningProcess
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.components import Machine as MachineTable
    from pytest_llmops.target.load import Target

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
        self.ledger = ledger
        self.http = Http(target, component, ledger) if self.part.url else None
        self.address = self.http.url if self.http else "this machine"
        self.source = NodeExporter(self.page) if self.http else ThisMachine()
        self._elsewhere = "" if self.part.here else elsewhere(target, self.part)
        self._redactor = target.redactor()

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
        self._must_be_seen()
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
        self._must_be_seen()
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
        """Every process, the busiest first."""
        if self.part.process_list is not None:
            said = self._printed(self.part.process_list, "ps")
            try:
                found = processes.of_ps(said)
            except ValueError as error:
                raise self._failed(f"the command {self.part.process_list}: {error}") from None
        elif self.http is None:
            self._must_be_seen()
            found = processes.of_this_machine(self.part.interval)
        else:
            raise Unsupported(
                f"{self.component}: it is another machine, and no process_list says how to list its processes."
            )
        clean = self._redactor.clean
        ours = [
            processes.RunningProcess(one.pid, one.user, one.started, one.cpu_pct, one.memory_mb, clean(one.command))
            for one in found
        ]
        return sorted(ours, key=lambda one: (one.cpu_pct, one.memory_mb), reverse=True)

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
        if self.part.listener_list is not None:
            found = listeners.of_ss(self._printed(self.part.listener_list, "ss"))
        elif self.http is None:
            self._must_be_seen()
            found = listeners.of_this_machine()
        else:
            raise Unsupported(
                f"{self.component}: it is another machine, and no listener_list says how to list who listens."
            )
        return [one for one in found if one.port == port]

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
        if self.part.gpu_list is not None:
            said, whose = self._printed(self.part.gpu_list, "nvidia-smi"), f"the command {self.part.gpu_list}"
        elif self.http is None and which("nvidia-smi"):
            self._must_be_seen()
            said, whose = self._nvidia_smi(), "nvidia-smi"
        else:
            raise Unsupported(f"{self.component}: it has no nvidia-smi, and no gpu_list says how to ask for its GPUs.")
        try:
            return gpus.of_csv(said)
        except ValueError as error:
            raise self._failed(f"{whose}: {error}") from None

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
            return sum(self._handles(one.pid, what) for one in self.running(process or ""))
        return sum(one.cpu_pct if what == "process_cpu" else one.memory_mb for one in self.running(process or ""))

    def _passed(self, seconds: float) -> float:
        """How long to wait for that time to have passed at the target."""
        table = self.target.table
        return seconds / (table.sandbox.compress if table.environment == "sandbox" else 1.0)

    def _handles(self, pid: int, what: str) -> int:
        """Open files or sockets of a process of this machine."""
        import psutil

        if self.http is not None:
            raise Unsupported(
                f"{self.component}: it is another machine, {what} of its processes cannot be seen from here."
            )
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(pid)
            try:
                return found.num_fds() if what == "open_files" else len(found.net_connections())
            except psutil.AccessDenied:
                raise Unsupported(f"{self.component}: {what} of process {pid} are not for us to see.") from None
        return 0

    def _pid(self, name: str, file: str) -> int | None:
        path = self.target.root / file
        try:
            return int(path.read_text(encoding="utf-8").strip() or 0)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._failed(f"processes.{name}: {path} holds no process id ({error})") from None

    def _must_be_seen(self) -> None:
        """This machine's figures are no other's.

        Raises:
            Unsupported: the system is elsewhere, and nothing says how its machine is looked at.
        """
        if self.http is None and self._elsewhere:
            raise Unsupported(
                f"{self.component}: it has no url, and the system is at {self._elsewhere}, not here; give it the url "
                f"of its node exporter, or here = true."
            )

    def _printed(self, command: str, program: str) -> str:
        """What an app command prints that lists something of the machine.

        Raises:
            Unsupported: the target has no commands; or the command would list what is here, and the machine is not.
            CallFailed: it failed.
        """
        from pytest_llmops.clients.app_command import AppCommands

        commands = self.target.table.components.app_command
        argv = commands.commands[command].argv if commands and command in commands.commands else []
        if self._elsewhere and argv and PurePath(argv[0]).name == program:
            raise Unsupported(
                f"{self.component}: it is at {self._elsewhere}, and the app command {command!r} would list what is "
                f"here; put the words that reach it before {program}, such as ssh and its name, or give it here = true."
            )
        if commands is None:
            raise Unsupported(
                f"{self.component}: it asks for the app command {command!r}, and the target has no app_command."
            )
        return AppCommands(self.target, "app_command", self.ledger).text(command)

    def _nvidia_smi(self) -> str:
        """What nvidia-smi of this machine prints."""
        tool = Tool(("nvidia-smi",))
        try:
            done = tool.run(*gpus.QUERY, within_s=self.part.deadline)
        except ControlError as error:
            raise self._failed(str(error).rstrip(".")) from None
        if done.status:
            raise Unsupported(f"{self.component}: nvidia-smi finds no GPU; it said: {done.said}")
        return done.out

    def _named(self, kind: str, name: str, known: Mapping[str, Named]) -> Named:
        if name in known:
            return known[name]
        near = did_you_mean(name, known)
        listed = near or f" It has: {', '.join(known) or 'none'}."
        said = f"{self.component}: target {self.target.name} has no {kind} {name!r}.{listed}"
        raise ConfigError(said) if near else Unsupported(said)

    def _failed(self, words: str) -> CallFailed:
        return CallFailed(self.component, "bad-answer", self._redactor.clean(f"{self.component}: {words}."))
