"""Drives a program of supervisord over its XML-RPC."""

from __future__ import annotations

import http.client
import shlex
import socket
import time
import xmlrpc.client
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.driver import Status
from pytest_llmops.errors import ControlError, nearest
from pytest_llmops.target.secrets import Secret, shown, userinfo, without_userinfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psutil

    from pytest_llmops.control.driver import Ability, Act, State
    from pytest_llmops.target.control import Supervisor
    from pytest_llmops.target.load import Target

BAD_NAME, ALREADY_STARTED, NOT_RUNNING, NO_FILE = 10, 60, 70, 20
"""Of ``supervisor.xmlrpc.Faults``."""
GOES: dict[str, tuple[State, bool]] = {
    "RUNNING": ("running", True),
    "STARTING": ("running", False),
    "BACKOFF": ("running", False),
    "STOPPING": ("stopped", False),
}
"""Where a program is or goes, and whether it is there already. In any other of its states it is stopped."""
SIGNALS: dict[Act, str] = {"kill": "KILL", "pause": "STOP", "resume": "CONT"}
LINE = 500
"""Bytes that are asked for, for each line of the log."""
CLOCKS_DIFFER_S = 2.0
LOOK_AGAIN_S = 0.05


def driver(settings: Supervisor, target: Target) -> SupervisorDriver:
    """The driver of a ``control`` table.

    Raises:
        ConfigError: the variable that holds the password is not set.
    """
    pair = userinfo(settings.url)
    if settings.auth:
        pair = Secret(settings.auth).value(target.environ, f"{target.where}, a control table with driver 'supervisor',")
    return SupervisorDriver(settings, pair)


class SupervisorDriver:
    """Asks supervisord, whose ``stop`` is the program's stop signal, and SIGKILL after its ``stopwaitsecs``.

    It sends signals, but does not say whether one stopped a program for a while: that is seen only of programs of this
    machine, so ``pause`` and ``resume`` are for them alone.
    """

    def __init__(self, settings: Supervisor, pair: str) -> None:
        self.what = settings.what
        self.control = settings
        self._program = settings.program
        unix = settings.url.startswith("unix:")  # has no user, and urllib would write it in another way
        self._url = settings.url if unix else without_userinfo(settings.url)
        self._variable = settings.auth
        self._headers = [("Authorization", f"Basic {b64encode(pair.encode()).decode()}")] if pair else []

    @property
    def can(self) -> frozenset[Ability]:
        """All, where its processes can be looked at."""
        can: set[Ability] = {"start", "stop", "restart", "kill", "logs"}
        parts = urlsplit(self._url)
        if parts.scheme == "unix" or parts.hostname in {"localhost", "127.0.0.1", "::1"}:
            can |= {"pause", "resume"}
        return frozenset(can)

    def status(self, within_s: float) -> Status:
        """What supervisord says, and whether a signal stopped it."""
        found = self._asked(Deadline(within_s), "getProcessInfo", self._program)
        word, pid = found["statename"], found["pid"]
        state, settled = GOES.get(word, ("stopped", True))
        if state == "stopped" or not pid:
            detail = f"{word}: {found['description']}" if found["description"] else word
            return Status(state, "", detail, settled=settled)
        if "pause" in self.can and _is_paused(pid, found["start"]):
            state, settled = "paused", True
        return Status(state, f"{pid} since {found['start']}", f"{word}, process {pid}", settled=settled)

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Have supervisord do it, and wait for its answer: it says why a program did not start."""
        deadline = Deadline(within_s)
        if act in {"stop", "restart"}:
            self._asked(deadline, "stopProcess", self._program, fine=NOT_RUNNING)
        if act in {"start", "restart"}:
            self._wait_until_stopped(deadline)
            self._asked(deadline, "startProcess", self._program, fine=ALREADY_STARTED)
        if act in SIGNALS:
            if act == "pause":
                self._check_seen(deadline)
            fine = NOT_RUNNING if act == "kill" else 0
            self._asked(deadline, "signalProcess", self._program, SIGNALS[act], fine=fine)

    def logs(self, lines: int, within_s: float) -> list[str]:
        """The last lines of its standard output; where that is empty, of its standard error."""
        deadline = Deadline(within_s)
        for stream in ("Stdout", "Stderr"):
            said = self._asked(deadline, f"tailProcess{stream}Log", self._program, 0, lines * LINE, fine=NO_FILE)
            if said and said[0]:
                whole = said[0].splitlines()
                return list(whole[1:] if said[2] and len(whole) > 1 else whole)[-lines:]  # the first may be cut
        return []

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The ``supervisorctl`` command; a password stays in its variable."""
        name = self._variable
        auth = f' -u "${{{name}%%:*}}" -p "${{{name}#*:}}"' if name else ""
        words = ["signal", SIGNALS[act]] if act in SIGNALS else [act]
        return f"supervisorctl -s {shlex.quote(self._url)}{auth} {shlex.join([*words, self._program])}"

    def close(self) -> None:
        """Nothing is held: each question has a connection of its own."""

    def _asked(self, deadline: Deadline, method: str, *words: Any, fine: int = 0) -> Any:
        """What supervisord answers; None where its refusal is ``fine``: it is so already."""
        at = f"supervisord at {shown(self._url)}"

        def work() -> Any:
            with self._server(deadline) as server:
                return getattr(server.supervisor, method)(*words)

        try:
            return deadline.call(work, f"{at} did not answer {method} of {self.what} within {deadline.within_s:.3g} s.")
        except xmlrpc.client.Fault as error:
            if error.faultCode == fine:
                return None
            if error.faultCode == BAD_NAME:
                raise self._absent(deadline, at) from error
            raise ControlError("", "refused", f"{at} refuses {method} of {self.what}: {error.faultString}.") from error
        except xmlrpc.client.ProtocolError as error:
            if error.errcode == http.client.UNAUTHORIZED:
                known = f"does not know the user and password in {self._variable}"
                given = known if self._variable else "asks for user and password"
                message = f"{at} {given}; set auth to an environment variable that holds its 'user:password'."
            else:
                message = f"{at} answers with {error.errcode} {error.errmsg}; is that supervisord?"
            raise ControlError("", "refused", message) from error
        except PermissionError as error:
            raise ControlError(
                "", "refused", f"this user may not use {at}; run as one who may (its chmod and chown)."
            ) from error
        except TimeoutError as error:
            raise ControlError("", "timeout", f"{at} did not answer within {deadline.within_s:.3g} s.") from error
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ControlError(
                "", "away", f"no {at} answers ({said}); start it, or set url to where it listens."
            ) from error

    def _check_seen(self, deadline: Deadline) -> None:
        """Pause nothing of which nobody could see that it is paused."""
        found = self._asked(deadline, "getProcessInfo", self._program)
        if found["pid"] and _local(found["pid"], found["start"]) is None:
            raise ControlError(
                "",
                "refused",
                f"{self.what} is not paused: supervisord at {shown(self._url)} has it as process {found['pid']}, which "
                f"is none of this machine, so nobody could see it paused. Is it in a container? Pause that.",
            )

    def _wait_until_stopped(self, deadline: Deadline) -> None:
        """Wait while it is being stopped: supervisord starts none that is, and says that it ended too soon."""
        while self._asked(deadline, "getProcessInfo", self._program)["statename"] == "STOPPING" and not deadline.over:
            time.sleep(LOOK_AGAIN_S)

    def _absent(self, deadline: Deadline, at: str) -> ControlError:
        found = self._asked(deadline, "getAllProcessInfo")
        names = [one["name"] if one["group"] == one["name"] else f"{one['group']}:{one['name']}" for one in found]
        near = nearest(self._program, sorted(names))
        return ControlError("", "absent", f"{at} has no program {self._program!r}.{near}")

    def _server(self, deadline: Deadline) -> xmlrpc.client.ServerProxy:
        parts = urlsplit(self._url)
        if parts.scheme == "unix":
            transport = _OverSocket(parts.path, deadline.left_s, self._headers)
            return xmlrpc.client.ServerProxy("http://localhost/RPC2", transport)
        return xmlrpc.client.ServerProxy(f"{self._url.rstrip('/')}/RPC2", headers=self._headers)


class _OverSocket(xmlrpc.client.Transport):
    """XML-RPC over a Unix socket. That of the supervisor package would bring the whole daemon along."""

    def __init__(self, path: str, timeout_s: float, headers: list[tuple[str, str]]) -> None:
        super().__init__(headers=headers)
        self._path = path
        self._timeout_s = timeout_s

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _SocketConnection(self._path, self._timeout_s)
        self._connection = host, connection  # what close() closes
        return connection


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _is_paused(pid: int, began_at: float) -> bool:
    """Whether a signal stopped it."""
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = _local(pid, began_at)
        return process is not None and bool(process.status() == psutil.STATUS_STOPPED)
    return False


def _local(pid: int, began_at: float) -> psutil.Process | None:
    """The process of this machine; a process of a container has that number only there, and does not count."""
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if abs(process.create_time() - began_at) <= CLOCKS_DIFFER_S:
            return process
    return None
