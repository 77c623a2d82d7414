"""What is listed of a machine: by commands that print it, or by psutil where the machine is this one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import PurePath
from shutil import which
from typing import TYPE_CHECKING

from pytest_llmops.clients import gpus, listeners, processes
from pytest_llmops.clients.ways import elsewhere
from pytest_llmops.control.tool import Tool
from pytest_llmops.errors import CallFailed, ControlError, Unsupported

if TYPE_CHECKING:
    from pytest_llmops.clients.gpus import Gpu
    from pytest_llmops.clients.listeners import Listener
    from pytest_llmops.clients.processes import RunningProcess
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.surroundings import Machine as MachineTable


class Listing:
    """Lists of one machine.

    Args:
        target: the deployment.
        component: the machine's name there.
        part: its table.
        ledger: where calls are counted.
    """

    def __init__(self, target: Target, component: str, part: MachineTable, ledger: Ledger) -> None:
        self.target = target
        self.component = component
        self.part = part
        self.ledger = ledger
        self._elsewhere = "" if part.here else elsewhere(target, part)
        self._redactor = target.redactor()

    def processes(self) -> list[RunningProcess]:
        """Every process, without secrets.

        Raises:
            Unsupported: they cannot be seen from here.
            CallFailed: the command that lists them failed, or printed something else.
        """
        command = self.part.process_list
        if command is None:
            self._of_this_machine("process_list says how to list its processes")
            found = processes.of_this_machine(self.part.interval)
        else:
            try:
                found = processes.of_ps(self._printed(command, "ps"))
            except ValueError as error:
                raise self.failed(f"the command {command}: {error}") from None
        return [replace(one, command=self._redactor.clean(one.command)) for one in found]

    def listeners(self) -> list[Listener]:
        """Who listens, on every TCP port.

        Raises:
            Unsupported: it cannot be seen from here.
        """
        if self.part.listener_list is None:
            self._of_this_machine("listener_list says how to list who listens")
            return listeners.of_this_machine()
        return listeners.of_ss(self._printed(self.part.listener_list, "ss"))

    def gpus(self) -> list[Gpu]:
        """The graphics processors.

        Raises:
            Unsupported: the machine has none, as far as can be seen.
            CallFailed: the command that lists them failed, or printed something else.
        """
        command = self.part.gpu_list
        try:
            if command is not None:
                said, whose = self._printed(command, "nvidia-smi"), f"the command {command}"
            else:
                self._of_this_machine("gpu_list says how to ask for its GPUs")
                said, whose = self._nvidia_smi(), "nvidia-smi"
        except CallFailed as error:
            if error.kind != "absent":
                raise
            raise Unsupported(f"{self.component}: it has no GPU that can be asked for: {error}") from None
        try:
            return gpus.of_csv(said)
        except ValueError as error:
            raise self.failed(f"{whose}: {error}") from None

    def handles(self, pid: int, what: str) -> int:
        """How many open files, or sockets, a process of this machine has; 0 if it has ended.

        Raises:
            Unsupported: it is another machine; or they are not for us to see.
        """
        import psutil

        if self.part.url is not None or self._elsewhere:
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

    @property
    def here(self) -> bool:
        """Whether the machine is this one."""
        return not self._elsewhere

    def must_be_here(self) -> None:
        """This machine's figures are no other's.

        Raises:
            Unsupported: the system is elsewhere, and nothing says how its machine is looked at.
        """
        if self.part.url is None and self._elsewhere:
            raise Unsupported(
                f"{self.component}: it has no url, and the system is at {self._elsewhere}, not here; give it the url "
                f"of its node exporter, or here = true."
            )

    def failed(self, words: str) -> CallFailed:
        """What could not be read, as an error without secrets."""
        return CallFailed(self.component, "bad-answer", self._redactor.clean(f"{self.component}: {words}."))

    def _of_this_machine(self, says: str) -> None:
        """Without a command only this machine can be listed."""
        if self.part.url is not None:
            raise Unsupported(f"{self.component}: it is another machine, and no {says}.")
        self.must_be_here()

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
        if which("nvidia-smi") is None:
            raise Unsupported(f"{self.component}: it has no nvidia-smi, and no gpu_list says how to ask for its GPUs.")
        try:
            done = Tool(("nvidia-smi",)).run(*gpus.QUERY, within_s=self.part.deadline)
        except ControlError as error:
            raise self.failed(str(error).rstrip(".")) from None
        if done.status:
            raise Unsupported(f"{self.component}: nvidia-smi finds no GPU; it said: {done.said}")
        return done.out
