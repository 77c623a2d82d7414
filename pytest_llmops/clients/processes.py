"""Running processes, as ``ps`` prints them or as psutil sees them on this machine."""

from __future__ import annotations

import datetime as dt
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psutil

PS = re.compile(
    r"\s*(?P<pid>\d+)\s+(?P<user>\S+)\s+(?P<started>\w{3}\s+\w{3}\s+\d+\s+[\d:]{8}\s+\d{4})\s+"
    r"(?P<cpu>[\d.]+)\s+((?P<spent>\d+)\s+)?(?P<rss>\d+)\s+(?P<command>.*\S)\s*"
)
"""A line of ``ps -eo pid,user,lstart,pcpu,cputimes,rss,args``; cputimes may be left out."""

HIDDEN = re.compile(
    r"(?i)((?:^|\s)--?[\w-]*(?:key|token|secret|passw)[\w-]*[=\s]+|(?:key|token|secret|passw)\w*=)(\S+)"
)
"""Words of a command line that hold a secret, by the name that stands before them."""


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process.

    Attributes:
        pid: its number.
        user: as whom it runs.
        started: when, in epoch seconds.
        cpu_pct: of one processor; of a ``ps`` line since its start, else of the moment.
        memory_mb: resident, in 10^6 bytes.
        command: its command line, without secrets.
        spent_s: seconds of processors that it has used since its start; None where nobody says.
    """

    pid: int
    user: str
    started: float
    cpu_pct: float
    memory_mb: float
    command: str
    spent_s: float | None = None

    def __str__(self) -> str:
        since = dt.datetime.fromtimestamp(self.started).astimezone().isoformat(sep=" ", timespec="seconds")
        used = f"{self.cpu_pct:.3g} % of a processor, {self.memory_mb:.3g} MB"
        return f"{self.pid} of {self.user} since {since}, {used}: {self.command}"


def report(found: Sequence[RunningProcess], most: int) -> str:
    """Markdown: so many of those that use most of the processors, and of those that hold most memory."""
    busiest = sorted(found, key=lambda one: one.cpu_pct, reverse=True)[:most]
    largest = sorted(found, key=lambda one: one.memory_mb, reverse=True)[:most]
    lines = ["# Processes", "", f"{len(found)} run."]
    for title, those in (("Busiest", busiest), ("Largest", largest)):
        lines += ["", f"## {title}", "", *(f"- {one}" for one in those)]
    return "\n".join([*lines, ""])


def of_ps(text: str) -> list[RunningProcess]:
    """The processes of ``ps``' lines; its heading, and what is no such line, is left out.

    Raises:
        ValueError: there is not one.
    """
    found = [
        RunningProcess(
            int(line["pid"]),
            line["user"],
            dt.datetime.strptime(" ".join(line["started"].split()), "%a %b %d %H:%M:%S %Y").astimezone().timestamp(),
            float(line["cpu"]),
            int(line["rss"]) * 1024 / 1e6,
            hidden(line["command"]),
            None if line["spent"] is None else float(line["spent"]),
        )
        for line in map(PS.fullmatch, text.splitlines())
        if line
    ]
    if not found:
        raise ValueError("no line is one of `ps -eo pid,user,lstart,pcpu,rss,args`")
    return found


def of_this_machine(interval_s: float) -> list[RunningProcess]:
    """The processes of this machine, but for this one; their use of the processors over the interval."""
    seen = [*_others()]
    for process in seen:
        with suppress(*_gone()):
            process.cpu_percent()
    time.sleep(interval_s)
    return [found for process in seen for found in _looked_at(process)]


def hidden(command: str) -> str:
    """A command line with what follows a word such as ``--api-key`` taken out."""
    return HIDDEN.sub(r"\1[redacted]", command)


def _others() -> Iterator[psutil.Process]:
    import psutil

    return (process for process in psutil.process_iter() if process.pid != os.getpid())


def _looked_at(process: psutil.Process) -> Iterator[RunningProcess]:
    with suppress(*_gone()), process.oneshot():
        command, times = " ".join(process.cmdline()), process.cpu_times()
        yield RunningProcess(
            process.pid,
            process.username(),
            process.create_time(),
            process.cpu_percent(),
            process.memory_info().rss / 1e6,
            hidden(command),
            times.user + times.system,
        )


def _gone() -> tuple[type[Exception], ...]:
    import psutil

    return (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)
