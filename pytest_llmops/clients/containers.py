"""What the parts of the system run in, asked of ``docker``, ``kubectl`` or ``systemctl`` by the target's commands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

from pytest_llmops.clients import container_formats
from pytest_llmops.clients.app_command import AppCommands
from pytest_llmops.clients.file_facts import MEGABYTE
from pytest_llmops.clients.running_image import running_images
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, Vacuous, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.container_formats import Container
    from pytest_llmops.clients.log_entries import Entries
    from pytest_llmops.clients.running_image import RunningImages
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.surroundings import Containers as ContainersComponent

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a running container uses now.

    Attributes:
        name: of the container.
        cpu_pct: of one processor.
        memory_bytes: in use.
        limit_bytes: that it may use: its own limit, else what the engine says; None where nobody says one.
        limit_cpu_pct: of one processor, that it may use; None where nothing limits it.
        network_bytes: received and sent since its start; None where nothing measures it.
        disk_bytes: read and written since its start; None where nothing measures it.
    """

    name: str
    cpu_pct: float
    memory_bytes: float
    limit_bytes: float | None
    limit_cpu_pct: float | None = None
    network_bytes: tuple[float, float] | None = None
    disk_bytes: tuple[float, float] | None = None

    @property
    def io_known(self) -> bool:
        """Whether both its network and its disks are measured."""
        return self.network_bytes is not None and self.disk_bytes is not None

    @property
    def cpu_share(self) -> tuple[float, str]:
        """Processor in use in %, and of what: of its limit where it has one, else of one processor."""
        if self.limit_cpu_pct:
            return self.cpu_pct_of_limit, f"{self.name}, of its limit"
        return self.cpu_pct, f"{self.name}, of one processor: nothing limits it"

    @property
    def cpu_pct_of_limit(self) -> float:
        """Processor in use, of 100 that it may use.

        Raises:
            Vacuous: nothing limits it.
        """
        if not self.limit_cpu_pct:
            raise Vacuous(
                f"{self.name} has no CPU limit, so nothing can be said of how near it is; it uses "
                f"{self.cpu_pct:.4g} % of one processor."
            )
        return 100 * self.cpu_pct / self.limit_cpu_pct

    @property
    def memory_pct(self) -> float:
        """Memory in use, of 100 that it may use.

        Raises:
            Vacuous: nothing limits it.
        """
        if not self.limit_bytes:
            raise Vacuous(f"{self.name} has no memory limit, so nothing can be said of how near it is.")
        return 100 * self.memory_bytes / self.limit_bytes


class Containers:
    """The containers, pods or units of the system.

    Args:
        target: the deployment.
        component: its name there.
        ledger: where calls are counted, each run of a command is one.

    Raises:
        ConfigError: the target has no commands to ask.
    """

    def __init__(self, target: Target, component: str, ledger: Ledger) -> None:
        self.component = component
        self.part = cast("ContainersComponent", target.component(component))
        if target.table.components.app_command is None:
            raise ConfigError(
                f"{target.where[:-1]}.components.{component}] asks commands of components.app_command, "
                f"which the target does not have; give it a command {self.part.list!r}."
            )
        self.commands = AppCommands(target, "app_command", ledger)
        self.address = f"command {self.part.list}"

    def __repr__(self) -> str:
        return f"Containers({', '.join(self.part.parts) or 'all'})"

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: the folder and the programs of the commands are there; nothing is run."""
        return self.commands.levels(deadline_s, facts)

    def close(self) -> None:
        """Nothing is held."""

    def all(self) -> list[Container]:
        """Every container, whatever its state, with restarts and limits where a command tells of them.

        Raises:
            CallFailed: a command failed, or printed what cannot be read.
            Unsupported: the target has no such command.
        """
        listed = self._read(self.part.list, container_formats.containers)
        if self.part.details is None or not listed:
            return listed
        names = [container.name for container in listed]
        told = {c.name: c for c in self._read(self.part.details, container_formats.containers, *names)}
        return [c.over(told[c.name]) if c.name in told else c for c in listed]

    def images(self) -> RunningImages:
        """What each running container runs, beside what its tag stands for: ``behind without_version whole()``.

        Raises:
            CallFailed: the command failed, or printed what cannot be read.
            Unsupported: the target has no such command.
        """
        return self._read(self._asked("images"), running_images)

    def in_use(self) -> frozenset[str]:
        """What the system's containers use, and themselves, each as ``kind name``: a clean-up has to leave all of it.

        Raises:
            CallFailed: the command failed, or named nothing.
            Unsupported: the target has no such command.
        """
        if self.part.in_use is None:
            raise Unsupported(f"{self.component}: nothing says what is in use; give it in_use, a command.")
        found = frozenset(line.strip() for line in self.commands.text(self.part.in_use).splitlines() if line.strip())
        if not found:
            raise CallFailed(self.component, "absent", f"{self.component}: {self.part.in_use} named nothing in use.")
        return found

    def reclaimed_mb(self, said: str) -> float:
        """How much ``docker system prune`` says that it freed, in 10^6 bytes.

        Raises:
            CallFailed: it does not say it (kind ``bad-answer``).
        """
        found = container_formats.reclaimed(said)
        if found is None:
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {said!r} does not say what was freed.")
        return found / MEGABYTE

    def of(self, part: str) -> list[Container]:
        """The containers that a part of the system runs in.

        Args:
            part: of the target's ``parts``.

        Raises:
            ConfigError: the target does not say what that part is.
            CallFailed: ``absent``: there is none; else as `all`.
            Unsupported: systemd has no such unit, so the part is run in another way.
        """
        return self._of(part, self.all())

    def parts(self) -> dict[str, list[Container]]:
        """The containers of every part that the target names, asked for at once.

        Raises:
            CallFailed: a part has none; else as `of`.
            Unsupported: the target names no part; else as `of`.
        """
        if not self.part.parts:
            raise Unsupported(f"{self.component}: the target names no parts; say which containers there have to be.")
        found = self.all()
        return {part: self._of(part, found) for part in self.part.parts}

    def usage(self, part: str | None = None) -> list[Usage]:
        """CPU, memory and IO of the running containers, now.

        Args:
            part: of one part alone.

        Raises:
            CallFailed: ``bad-answer``: one that runs is not among those that were measured; else as `of`.
            Unsupported: the target has no command that measures.
        """
        running = [c for c in (self.all() if part is None else self.of(part)) if c.running]
        told = self._read(self._asked("usage"), container_formats.containers)
        measured = {
            c.name: Usage(
                c.name,
                c.cpu_pct,
                c.memory_bytes,
                c.limit_bytes,
                network_bytes=c.network_bytes,
                disk_bytes=c.disk_bytes,
            )
            for c in told
            if c.cpu_pct is not None and c.memory_bytes is not None
        }
        lacking = [c.name for c in running if c.name not in measured]
        if lacking or not running:
            said = f"run and were not measured: {', '.join(lacking)}" if lacking else "none of them runs"
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {self.part.usage}: {said}.")
        return [
            replace(
                measured[c.name],
                limit_bytes=c.limit_bytes or measured[c.name].limit_bytes,
                limit_cpu_pct=c.limit_cpu_pct,
            )
            for c in running
        ]

    def fullest(self, part: str) -> Usage:
        """Of the running containers of a part, the one that uses most of the memory that it may use.

        Raises:
            Vacuous: nothing limits the memory of any of them, so that the one that uses most says nothing; else as
                `usage`.
        """
        found = self.usage(part)
        return max([one for one in found if one.limit_bytes] or found[:1], key=lambda one: one.memory_pct)

    def volumes(self, of: str = "") -> dict[str, float]:
        """Volume, or mount point, to the bytes that are in use there.

        Args:
            of: only those whose name holds this word.

        Raises:
            CallFailed: ``absent``: there is none; the command failed, or printed what cannot be read.
            Unsupported: the target has no such command.
        """
        found = self._read(self._asked("volumes"), container_formats.volumes)
        its = {name: size for name, size in found.items() if of in name}
        if not its:
            said = f"{self.component}: no volume of {of} is there; there: {', '.join(found)}."
            raise CallFailed(self.component, "absent", said)
        return its

    def _of(self, part: str, found: list[Container]) -> list[Container]:
        if part not in self.part.parts:
            known = self.part.parts
            raise ConfigError(
                f"{self.component}: unknown part {part!r}.{did_you_mean(part, known)} Parts: {', '.join(known)}."
            )
        name = self.part.parts[part]
        its = [c for c in found if name in (c.name, *c.known_as)]
        if not its:
            there = ", ".join(c.name for c in found) or "none"
            raise CallFailed(
                self.component, "absent", f"{self.component}: {part} ({name}) is not there; there: {there}."
            )
        if any(c.state == "not-found" for c in its):
            raise Unsupported(f"{self.component}: systemd has no unit {name}, so {part} is run in another way.")
        return its

    def _asked(self, key: str) -> str:
        command = getattr(self.part, key)
        if command is None:
            raise Unsupported(f"{self.component}: the target names no command for {key}.")
        return str(command)

    def _read(self, command: str, read: Callable[[str], Read], *names: str) -> Read:
        text = self.commands.text(command, *names)
        try:
            return read(text)
        except ValueError as error:
            said = f"{self.component}: {command} printed what cannot be read: {error}."
            raise CallFailed(self.component, "bad-answer", said) from None


def unheard(replicas: list[Container], entries: Entries) -> list[Container]:
    """Those of which nothing stands in the log that all of them write, by the field ``instance`` of its lines.

    Raises:
        Unsupported: there are several, and no line says whose it is.
    """
    told = {str(instance) for entry in entries if (instance := entry.part("instance"))}
    if not told and len(replicas) > 1:
        names = " or ".join(one.name for one in replicas)
        raise Unsupported(
            f"logs: no line of {entries.reading.source} says whether it is of {names}; give its line a group instance."
        )
    return [one for one in replicas if told and not any(one.writes_as(instance) for instance in told)]


def table(found: list[Usage]) -> str:
    """What containers use, as a table of Markdown for people; network and disks since each was started."""
    head = "| container | CPU % | memory MB | limit MB | network in / out MB | disk read / written MB |"
    rows = (
        f"| {usage.name} | {usage.cpu_pct:.1f} | {usage.memory_bytes / 1e6:.0f} "
        f"| {'' if usage.limit_bytes is None else f'{usage.limit_bytes / 1e6:.0f}'} "
        f"| {_both(usage.network_bytes)} | {_both(usage.disk_bytes)} |\n"
        for usage in found
    )
    return "".join([f"{head}\n|---|---|---|---|---|---|\n", *rows])


def _both(sizes: tuple[float, float] | None) -> str:
    return "" if sizes is None else " / ".join(f"{size / 1e6:.6g}" for size in sizes)
