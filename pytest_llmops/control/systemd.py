"""Drives a unit of systemd by ``systemctl``, here or wherever the words before it lead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.driver import Status
from pytest_llmops.control.tool import Done, Tool
from pytest_llmops.errors import ControlError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_llmops.control.driver import Ability, Act, State
    from pytest_llmops.target.control import Systemd
    from pytest_llmops.target.load import Target

SHOWN = "LoadState,ActiveState,SubState,MainPID,InvocationID,NRestarts,FreezerState,Result"
GOES: dict[str, tuple[State, bool]] = {
    "active": ("running", True),
    "reloading": ("running", False),
    "refreshing": ("running", False),
    "activating": ("running", False),
    "deactivating": ("stopped", False),
}
"""Where a unit is or goes, and whether it is there already. In any other state it is stopped."""
AGAIN = {"start", "restart"}
SIGNALS: dict[Act, str] = {"kill": "SIGKILL", "pause": "SIGSTOP", "resume": "SIGCONT"}
AWAY = ("Failed to connect to bus", "not been booted with systemd", "Connection refused", "Could not resolve hostname")
REFUSED = ("Access denied", "Permission denied", "authentication required", "Operation not permitted")
NOTHING_THERE = ("No process to kill", "not loaded")
UNASKED = ("--no-ask-password",)


def driver(settings: Systemd, target: Target) -> SystemdDriver:
    """The driver of a ``control`` table."""
    return SystemdDriver(settings, target.environ)


class SystemdDriver:
    """Asks systemd, whose ``stop`` is SIGTERM, and SIGKILL after the unit's ``TimeoutStopSec``.

    Paused by SIGSTOP to all processes of the unit, not by ``freeze``: that needs the unified cgroup hierarchy. systemd
    takes no notice of SIGSTOP, so whether it took effect is asked of ``ps``.
    """

    can: frozenset[Ability] = frozenset({"start", "stop", "restart", "kill", "pause", "resume", "logs"})

    def __init__(self, settings: Systemd, environ: Mapping[str, str]) -> None:
        self.what = settings.what
        self.control = settings
        self._unit = settings.unit
        self._user = settings.user
        user = ("--user",) if settings.user else ()
        self._systemctl = Tool((*settings.via, "systemctl", *user), environ=dict(environ))
        self._ps = Tool((*settings.via, "ps", "-o", "stat=", "-p"), environ=dict(environ))
        self._journalctl = Tool((*settings.via, "journalctl"), environ=dict(environ))

    def status(self, within_s: float) -> Status:
        """What systemd says of the unit, and ``ps`` of its main process."""
        deadline = Deadline(within_s)
        found = self._shown(deadline)
        if found.get("LoadState") in {"not-found", "bad-setting", "error", "masked"}:
            raise self._unusable(found["LoadState"], deadline)
        detail = f"{found.get('ActiveState')} ({found.get('SubState')})"
        if found.get("Result", "success") != "success":
            detail += f", {found['Result']}"
        restarts = int(found["NRestarts"]) if found.get("NRestarts", "").isdecimal() else None
        state, settled = GOES.get(found.get("ActiveState", ""), ("stopped", True))
        pid = found.get("MainPID", "0")
        if state == "stopped" or (not settled and pid == "0"):
            return Status(state, "", detail, restarts, settled=settled)
        frozen = found.get("FreezerState") == "frozen"
        if frozen or (pid != "0" and self._ps.run(pid, within_s=deadline.left_s).out.startswith("T")):
            state, settled = "paused", True
        instance = found.get("InvocationID") or pid
        return Status(state, instance, detail + ", frozen" * frozen, restarts, settled=settled)

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Have systemd do it, and wait for its answer: it says why a unit did not start."""
        deadline = Deadline(within_s)
        if act in AGAIN:
            if self._shown(deadline).get("ActiveState") == "deactivating":  # a start fails along with such a stop
                self._systemctl.run(*UNASKED, "stop", "--", self._unit, within_s=deadline.left_s)
            # Or one that was started more often than its StartLimitBurst would not start
            self._systemctl.run(*UNASKED, "reset-failed", "--", self._unit, within_s=deadline.left_s)
        done = self._systemctl.run(*UNASKED, *self._words(act), within_s=deadline.left_s)
        if done.status and not (act == "kill" and any(sign in done.err for sign in NOTHING_THERE)):
            raise self._failed(done, act)

    def logs(self, lines: int, within_s: float) -> list[str]:
        """The last lines of its journal."""
        unit = f"--user-unit={self._unit}" if self._user else f"--unit={self._unit}"
        done = self._journalctl.run(
            "--no-pager", "--quiet", "--output=cat", f"--lines={lines}", unit, within_s=within_s
        )
        if done.status:
            raise self._failed(done, "logs")
        return done.out.splitlines()[-lines:]

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The ``systemctl`` commands."""
        typed = self._systemctl.typed(*self._words(act))
        return f"{self._systemctl.typed('reset-failed', self._unit)}; {typed}" if act in AGAIN else typed

    def close(self) -> None:
        """Nothing is held."""

    def _shown(self, deadline: Deadline) -> dict[str, str]:
        """What systemd says of the unit."""
        words = ("show", "--no-pager", f"--property={SHOWN}", "--", self._unit)
        done = self._systemctl.run(*words, within_s=deadline.left_s)
        if done.status:
            raise self._failed(done, "show")
        return dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)

    def _words(self, act: Act) -> list[str]:
        return ["kill", f"--signal={SIGNALS[act]}", self._unit] if act in SIGNALS else [act, self._unit]

    def _failed(self, done: Done, act: str) -> ControlError:
        kind = "away" if any(sign in done.err for sign in AWAY) else "refused"
        typed = self._systemctl.typed(act, self._unit)
        said = replace(done, err="\n".join(line for line in done.err.splitlines() if not line.startswith("See "))).said
        advice = ""
        if kind == "refused" and any(sign in done.err for sign in REFUSED):
            advice = " Run as a user who may, or put via = ['sudo', '-n'] into the table."
        return ControlError("", kind, f"{typed} ended with {done.status}; it said: {said}{advice}")

    def _unusable(self, state: str, deadline: Deadline) -> ControlError:
        if state != "not-found":
            return ControlError(
                "", "refused", f"{self.what} is {state}: see {self._systemctl.typed('cat', self._unit)}."
            )
        words = ("list-unit-files", "--no-pager", "--no-legend", "--plain")
        listed = self._systemctl.run(*words, within_s=deadline.left_s).out.splitlines()
        near = did_you_mean(self._unit, [line.split()[0] for line in listed if line.split()])
        near = near or f" See {self._systemctl.typed(words[0])}."
        whose = "the user's systemd" if self._user else "systemd"
        return ControlError("", "absent", f"{whose} has no unit {self._unit!r}.{near}")
