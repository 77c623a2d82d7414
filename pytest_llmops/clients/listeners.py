"""Who listens on which TCP port, as ``ss`` prints it or as psutil sees it on this machine."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

SS = re.compile(r"\s*LISTEN\s+\d+\s+\d+\s+(?P<address>\S+):(?P<port>\d+)\s+\S+(?:\s+users:\(\((?P<users>.*)\)\))?.*")
"""A line of ``ss -tlnpH``."""

NAME = re.compile(r'"([^"]*)",pid=(\d+)')


@dataclass(frozen=True, slots=True)
class Listener:
    """A port that somebody listens on.

    Attributes:
        port: of TCP.
        address: at which; ``*`` or ``0.0.0.0`` for all.
        program: the name of the program; empty where it may not be known.
        pid: of the process; None where it may not be known.
    """

    port: int
    address: str
    program: str
    pid: int | None


def of_ss(text: str) -> list[Listener]:
    """The listeners of ``ss``' lines; what is no such line is left out."""
    found = []
    for line in map(SS.fullmatch, text.splitlines()):
        if line:
            name = NAME.search(line["users"] or "")
            found.append(
                Listener(int(line["port"]), line["address"], name[1] if name else "", int(name[2]) if name else None)
            )
    return found


def of_this_machine() -> list[Listener]:
    """The listeners of this machine; whose they are is known of one's own processes, and of all to root."""
    import psutil

    found = []
    for one in psutil.net_connections("tcp"):
        if one.status == psutil.CONN_LISTEN and one.laddr:
            program = ""
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                program = psutil.Process(one.pid).name() if one.pid else ""
            found.append(Listener(one.laddr.port, one.laddr.ip, program, one.pid))
    return found
