"""Finds a process of this machine, by its pid file or by the port where it listens; a stranger is never found."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil

from pytest_llmops.errors import ControlError

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN_AFTER_S = 2.0
"""A pid file is written after its process began. One that began so much later than it is a stranger with an old number;
the clocks of the kernel and of the file system differ by less."""

LOOKS = 10
LOOK_AGAIN_S = 0.02
"""The socket of a process that is just ending, or beginning, is for a moment nobody's; another user's stays so."""


def of_pid_file(file: Path) -> tuple[psutil.Process | None, str]:
    """The process that a pid file names; where there is none, why.

    Raises:
        ControlError: ``refused``: the file cannot be read, or holds something else.
    """
    try:
        written, written_at = file.read_text(encoding="utf-8", errors="replace").strip(), file.stat().st_mtime
    except FileNotFoundError:
        return None, f"there is no file {file}"
    except OSError as error:
        raise ControlError("", "refused", f"{file} cannot be read: {error.strerror}.") from error
    if not (written.isascii() and written.isdecimal() and 1 < int(written) < 2**31):
        raise ControlError("", "refused", f"{file} holds {written[:40]!r}, which is no process id; mend or remove it.")
    try:
        process = psutil.Process(int(written))
        began_at = process.create_time()
    except psutil.NoSuchProcess:
        return None, f"{file} names process {written}, which is gone"
    if began_at > written_at + WRITTEN_AFTER_S:
        return None, f"{file} names process {written}, but the one of that number now began after the file was written"
    return process, ""


def of_port(port: int) -> tuple[psutil.Process | None, str]:
    """The process that listens on a port, the parent where its workers share the socket; where there is none, why.

    Raises:
        ControlError: ``refused``: it cannot be seen, or there are several.
    """
    for _ in range(LOOKS):
        try:
            pids = {one.pid for one in psutil.net_connections("tcp") if _listens(one, port)}
        except psutil.AccessDenied as error:
            raise _unseen(port) from error
        if None not in pids:
            break
        time.sleep(LOOK_AGAIN_S)
    else:
        raise _unseen(port)
    heads = set()
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            heads.add(_head(psutil.Process(pid), port))
    if len(heads) > 1:
        named = " and ".join(str(pid) for pid in sorted(process.pid for process in heads))
        raise ControlError(
            "", "refused", f"on port {port} processes {named} listen; say which by a pid_file in place of the port."
        )
    return (heads.pop(), "") if heads else (None, f"nothing listens on port {port}")


def _head(process: psutil.Process, port: int) -> psutil.Process:
    """The oldest of those that share the socket with it; of a socket that several hold the kernel names only one."""
    for parent in process.parents():
        try:
            held = parent.net_connections("tcp")
        except psutil.Error:
            break
        if not any(_listens(one, port) for one in held):
            break
        process = parent
    return process


def _listens(one: Any, port: int) -> bool:
    return bool(one.status == psutil.CONN_LISTEN and one.laddr[1:2] == (port,))


def _unseen(port: int) -> ControlError:
    return ControlError(
        "",
        "refused",
        f"the process that listens on port {port} is another user's, and cannot be seen; run as that user, or give "
        "its pid_file in place of the port.",
    )
