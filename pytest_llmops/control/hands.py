"""The hands on one component: an act has a deadline, and counts once it was seen to have happened."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_llmops.errors import ControlError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from pytest_llmops.control.driver import Ability, Act, Driver, State, Status
    from pytest_llmops.target.control import Control
    from pytest_llmops.target.settings import Valued

ASK_AGAIN_S = 0.05
LONGEST_PAUSE_S = 1.0

AFTERWARDS: dict[Act, State] = {
    "start": "running",
    "restart": "running",
    "roll": "running",
    "resume": "running",
    "stop": "stopped",
    "pause": "paused",
    "set": "running",
    "pull": "running",
}
"""The state in which an act ends. A killed component may be back at once, under another instance."""

WAYS: dict[tuple[State, State], tuple[Act, ...]] = {
    ("stopped", "running"): ("start",),
    ("paused", "running"): ("resume",),
    ("running", "stopped"): ("stop",),
    ("paused", "stopped"): ("resume", "stop"),
    ("running", "paused"): ("pause",),
    ("stopped", "paused"): ("start", "pause"),
}
"""From a state to another."""

OTHERWISE: dict[tuple[State, Act], Act] = {
    ("paused", "start"): "resume",
    ("stopped", "pause"): "start",
    ("stopped", "resume"): "start",
    ("stopped", "roll"): "start",
    ("paused", "roll"): "resume",
}
"""What cannot be done in a state, and what is to be done there."""


AGAIN: dict[State, tuple[Act, ...]] = {"running": ("start",), "stopped": ("stop",), "paused": ("pause",)}
"""What was told to whatever is on its way to a state."""


class Hands:
    """What can be done to one component.

    Args:
        component: its name in the target.
        driver: does it.
        deadline_s: for each act, until it was seen to have happened.
    """

    def __init__(self, component: str, driver: Driver, deadline_s: float) -> None:
        self.component = component
        self.driver = driver
        self.deadline_s = deadline_s

    def __repr__(self) -> str:
        return f"Hands({self.component}: {self.driver.what})"

    @property
    def control(self) -> Control | Valued:
        """The driver's table, so that it means the same in another folder and another environment."""
        return self.driver.control

    @property
    def can(self) -> frozenset[Ability]:
        """What the driver can do."""
        return self.driver.can

    def status(self) -> Status:
        """How the component is.

        Raises:
            ControlError: its driver cannot tell.
        """
        with self._by_name():
            return self.driver.status(self.deadline_s)

    def settled(self) -> Status:
        """How the component is, once it is not on its way any more.

        Raises:
            ControlError: its driver cannot tell, or it is still on its way at the deadline.
        """
        ends_at, now = time.monotonic() + self.deadline_s, self.status()
        if now.settled:
            return now
        with self._by_name():
            return self._awaited(now, lambda now: now.settled, ends_at, f"{self.driver.what} was not seen to arrive")

    def await_answer(self) -> None:
        """Wait until somebody is there who tells how it is, or the deadline is over."""
        ends_at, pause_s = time.monotonic() + self.deadline_s, ASK_AGAIN_S
        while time.monotonic() < ends_at:
            try:
                self.status()
            except ControlError as error:
                if error.kind != "away":
                    return
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                return

    def logs(self, lines: int = 200) -> list[str]:
        """The newest lines that it wrote, oldest first.

        Raises:
            Unsupported: its driver has no logs.
            ControlError: they cannot be read.
        """
        self.check("logs")
        with self._by_name():
            return self.driver.logs(lines, self.deadline_s)

    def act(self, act: Act, kept: Mapping[str, Any] | None = None) -> Status:
        """Do it, and wait until it is so. Of what is already so nothing is done.

        Args:
            act: what to do.
            kept: of the status that ``start`` is to bring back, or that ``set`` is to lead to.

        Returns:
            The status afterwards.

        Raises:
            Unsupported: the driver cannot do that; nothing was attempted.
            ControlError: it failed, or was not seen to have happened before the deadline.
        """
        self.check(act)
        ends_at = time.monotonic() + self.deadline_s
        before = self.status()
        there = before.settled and before.state == AFTERWARDS.get(act, "stopped")
        if (
            there
            and act not in {"restart", "roll", "pull"}
            and not (act in {"start", "set"} and _differs(before, kept or {}))
        ):
            return before
        if instead := OTHERWISE.get((before.state, act)):
            raise ControlError(
                self.component,
                "refused",
                f"{self.component}: {self.driver.what} is {before.state}, so {act} does nothing to it; {instead} it.",
            )
        with self._by_name():
            self.driver.act(act, self._left(ends_at), kept or {})
            return self._seen(act, before, ends_at, kept or {})

    def bring_back(self, state: State, kept: Mapping[str, Any], *, exactly: bool = True, anew: bool = False) -> Status:
        """Make it as it was; where it is so already, nothing is done. What is on its way there is told so once more.

        Args:
            state: how it was.
            kept: of the status that it had then.
            exactly: whether what runs is also made as ``kept`` says; without this only what is stopped is started so.
            anew: whether what runs has to start once more: it has read what is not so any more.

        Raises:
            Unsupported: the driver cannot do what that takes.
            ControlError: it failed.
        """
        now = self.status()
        if anew and "stopped" not in {now.state, state}:
            at_once = now.state == "running" and "restart" in self.can
            now = self.act("restart") if at_once else self.bring_back("stopped", {})
        if not exactly and now.state != "stopped":
            kept = {}
        there = now.state == state
        tell_again = there and (not now.settled or (state == "running" and _differs(now, kept)))
        again: tuple[Act, ...] = ("set",) if "set" in self.can and now.settled else AGAIN[state]
        for act in again if tell_again else WAYS.get((now.state, state), ()):
            now = self.act(act, kept)
        return now

    def let_go(self) -> None:
        """Have it go on after a pause that was not seen: that may be in effect all the same.

        Raises:
            ControlError: its driver cannot tell how it is, or would not have it go on.
        """
        if self.status().state == "running":
            with self._by_name():
                self.driver.act("resume", self.deadline_s, {})

    def by_hand(self, now: State, then: State, kept: Mapping[str, Any]) -> list[str]:
        """The commands by which a person brings it from one state to another."""
        ways: tuple[Act, ...] = ("set",) if now == then and "set" in self.can else WAYS.get((now, then), ())
        return [self.driver.by_hand(act, kept) for act in ways]

    def close(self) -> None:
        """Give the driver's connections back."""
        self.driver.close()

    def check(self, ability: Ability) -> None:
        """See whether the driver can do that.

        Raises:
            Unsupported: it cannot; says what it can.
        """
        if ability not in self.can:
            able = ", ".join(sorted(self.can)) or "nothing"
            raise Unsupported(f"{self.component}: {self.driver.what} cannot be asked for {ability!r}; it can: {able}.")

    @contextmanager
    def _by_name(self) -> Iterator[None]:
        """Put the component's name before what its driver says, which does not know it."""
        try:
            yield
        except ControlError as error:
            if error.component:
                raise
            raise ControlError(self.component, error.kind, f"{self.component}: {error}") from error

    def _seen(self, act: Act, before: Status, ends_at: float, kept: Mapping[str, Any]) -> Status:
        done = _is(AFTERWARDS[act]) if act in AFTERWARDS else _killed(before)
        if act in {"restart", "roll"}:
            done = _restarted(before)
        elif act == "set":
            done = _has(kept)
        elif act == "start":
            done = _started(kept)
        with_it = f" with {dict(kept)}" if act == "start" and kept else ""
        return self._awaited(before, done, ends_at, f"{act} of {self.driver.what}{with_it} was not seen")

    def _awaited(self, now: Status, done: Callable[[Status], bool], ends_at: float, late: str) -> Status:
        """How it is once that is so; who does not answer for a moment, or is cut short at the deadline, tells nothing.

        Raises:
            ControlError: it was not so in time, or its driver cannot tell.
        """
        pause_s = ASK_AGAIN_S
        while True:
            away: ControlError | None = None
            try:
                now = self.driver.status(self._left(ends_at))
                if done(now):
                    return now
            except ControlError as error:
                if error.kind == "away":
                    away = error
                elif error.kind != "timeout" or time.monotonic() < ends_at:
                    raise
            if time.monotonic() + pause_s >= ends_at:
                raise away or ControlError(
                    self.component,
                    "timeout",
                    f"{self.component}: {late} within {self.deadline_s:g} s; "
                    f"it is {'' if now.settled else 'not yet '}{now.state}{f' ({now.detail})' if now.detail else ''}.",
                )
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _left(self, ends_at: float) -> float:
        return max(ASK_AGAIN_S, ends_at - time.monotonic())


def _is(state: State) -> Callable[[Status], bool]:
    return lambda now: now.settled and now.state == state


def _started(kept: Mapping[str, Any]) -> Callable[[Status], bool]:
    """It runs, and did as it is to at some look; what an autoscaler makes of it from then on is its right."""
    seen: list[Status] = []

    def done(now: Status) -> bool:
        seen.extend([] if _differs(now, kept) else [now])
        return bool(seen) and _is("running")(now)

    return done


def _has(kept: Mapping[str, Any]) -> Callable[[Status], bool]:
    return lambda now: now.settled and not _differs(now, kept)


def _differs(now: Status, kept: Mapping[str, Any]) -> bool:
    """Whether it runs otherwise than it is to: with fewer replicas, say."""
    return any(now.kept.get(key, value) != value for key, value in kept.items())


def _killed(before: Status) -> Callable[[Status], bool]:
    """Gone, or already replaced by whoever watches over it."""
    return lambda now: (now.state == "stopped" and now.settled) or now.instance != before.instance


def _restarted(before: Status) -> Callable[[Status], bool]:
    return lambda now: now.settled and now.state == "running" and (not now.instance or now.instance != before.instance)
