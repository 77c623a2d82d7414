"""Asks a sandbox something at its socket; run as a script, ``asking.py SOCKET PART ACT``, by hand.

As a script it prints the answer. It imports nothing that it does not need.
"""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

_LOOK_S = 5.0


def ask(path: str, part: str, do: str, within_s: float, lines: int = 0) -> dict[str, Any]:
    """What the sandbox answers.

    Args:
        path: its socket.
        part: what is acted on, or looked at.
        do: an act, ``status`` or ``logs``.
        within_s: deadline of each wait.
        lines: of the logs.

    Raises:
        OSError: nobody answers there, or not in time.
        ValueError: what answers is no sandbox.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(within_s)
        connection.connect(path)
        connection.sendall(json.dumps({"part": part, "do": do, "lines": lines}).encode() + b"\n")
        with connection.makefile("rb") as answer:
            said: dict[str, Any] = json.loads(answer.readline())
    return said


def ended(path: str) -> bool:
    """Whether nobody listens at a sandbox's socket any more; of none that cannot be said."""
    if not path:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_LOOK_S)
            connection.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return True
    except OSError:  # it is there, and takes its time
        return False
    return False


def main(path: str, part: str, do: str) -> int:
    """Ask, print, and say by the exit status whether it was done."""
    said = ask(path, part, do, 10.0)
    sys.stdout.write(json.dumps(said) + "\n")
    return 1 if "error" in said else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
