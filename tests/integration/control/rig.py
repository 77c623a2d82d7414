"""A rig: how the contract's server is put under one driver, in a module of ``rigs`` of the driver's name.

The module has ``placed(folder, port, shared)``, a context manager. It puts the server of ``server.py`` under its
driver, so that it can be started and answers on that port of 127.0.0.1, yields a ``Rig``, and leaves nothing. It calls
``pytest.skip`` where a program is not installed. Add its name to ``RIGS`` of ``conftest.py``.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

SERVER = Path(__file__).with_name("server.py")
PYTHON = str(Path(sys.executable).resolve())
BESIDE = ("--beside", str(os.getpid()))  # for a server whom nobody else ends when we are killed
WITH_US = ("setpriv", "--pdeathsig", "KILL")  # words before a daemon
SERVE = (PYTHON, "-I", "-S", str(SERVER))  # it needs the standard library alone, and begins in a few ms


@dataclass
class Rig:
    """What the contract needs to know of one.

    Attributes:
        table: the ``control`` table.
        port: where the server answers.
        absent: the same with a name that does not exist, and what is said of that; None where nothing can be absent.
        deaf: the same for a server that ignores SIGTERM, and the state in which ``stop`` leaves it: ``stopped`` where
            whoever it is under insists, else ``running``. None where the rig has none.
        deaf_port: where that one answers.
        comes_back: whether it is started again after ``kill``.
        lacks: what the driver cannot do with this table.
        environ: what a person who types ``by_hand`` has in the environment.
        secret: a value that no message may hold.
    """

    table: dict
    port: int
    absent: tuple[dict, str] | None = None
    deaf: tuple[dict, str] | None = None
    deaf_port: int = 0
    comes_back: bool = False
    lacks: frozenset = frozenset()
    environ: dict = field(default_factory=dict)
    secret: str = ""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answer(port, within_s=5.0, path="/"):
    """What the server answers; None where it does not within that time."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=within_s) as said:
            return said.read().decode()
    except OSError:
        return None


def awaited(look, within_s=60.0):
    """What ``look`` returns, once that is something."""
    ends_at = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < ends_at, f"not seen within {within_s} s"
        time.sleep(0.02)
    return seen


def typed(command, environ):
    """What a person's shell says to a command."""
    return subprocess.run(
        command,
        shell=True,
        executable="/bin/bash",
        cwd="/",
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
