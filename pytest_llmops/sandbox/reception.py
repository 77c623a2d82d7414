"""Where the processes of a stack are acted on by name: a Unix socket of its owner's alone.

One line of JSON in, ``{"part": "llm", "do": "stop"}``, and one out: how the part is, ``{"lines": […]}`` for ``logs``,
or ``{"kind": "absent", "error": …}``.
"""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import did_you_mean, nearest
from pytest_llmops.proxy.socket_path import LONGEST_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.sandbox.unit import Unit

_PATIENCE_S = 3.0  # on a busy machine somebody needed more than one from coming to asking
_LONGEST = 65536
_LONGEST_PLACE = LONGEST_PATH - len("/llmops-hands-12345678/socket")
ACTS = ("start", "stop", "restart", "roll", "kill", "pause", "resume")


class Reception:
    """Takes one visitor after the other; none holds it up for longer than three seconds.

    Args:
        units: what can be acted on, by name.
        look: sees to it that the units know what became of their processes.
    """

    def __init__(self, units: Mapping[str, Unit], look: Callable[[], None]) -> None:
        self._units = units
        self._look = look
        self.folder = Path(tempfile.mkdtemp(prefix="llmops-hands-", dir=_place()))
        self.path = self.folder / "socket"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()

    def fileno(self) -> int:
        """What is readable when somebody comes."""
        return self._listener.fileno()

    def answer(self) -> None:
        """Do what whoever comes first asks for."""
        visitor, _ = self._listener.accept()
        with visitor, suppress(OSError):  # who does not wait for the answer gets none
            visitor.settimeout(_PATIENCE_S)
            with visitor.makefile("rwb") as line:
                asked = line.readline(_LONGEST)
                if asked:
                    line.write(json.dumps(self._done(asked)).encode() + b"\n")

    def leave(self) -> None:
        """Take the socket away."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _done(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            name, do, lines = str(asked["part"]), str(asked["do"]), int(asked.get("lines", 0))
        except (ValueError, TypeError, KeyError):
            return {"kind": "refused", "error": 'the sandbox was asked nothing like {"part": "llm", "do": "stop"}'}
        unit = self._units.get(name)
        if unit is None:
            near = nearest(name, self._units)
            return {"kind": "absent", "error": f"the sandbox has no part {name!r}.{near}"}
        self._look()
        if do == "logs":
            return {"lines": _newest(unit.log, lines)}
        if do in ACTS:
            getattr(unit, do)()
            self._look()
        elif do != "status":
            return {"kind": "refused", "error": f"the sandbox cannot {do!r}.{did_you_mean(do, ACTS)}"}
        return unit.status()


def _place() -> str:
    """Where temporary folders are, unless a socket's path there would be longer than any system takes."""
    usual = tempfile.gettempdir()
    return usual if len(usual) <= _LONGEST_PLACE else "/tmp"  # noqa: S108 (the folder in it is made for us alone)


def _newest(log: Path, count: int) -> list[str]:
    """The last lines of a log; none of one that was never written."""
    with suppress(FileNotFoundError), log.open(encoding="utf-8", errors="replace") as written:
        return [line.rstrip("\n") for line in deque(written, maxlen=count)]
    return []
