"""A suite as a scheduler runs it: whether it is due, and the pytest that carries it out."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from pytest_llmops.errors import ConfigError
from pytest_llmops.state.folder import file_name

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from types import FrameType

    from pytest_llmops.target.load import Target
    from pytest_llmops.target.schedules import Planned

LOOK_S = 3600.0
"""Seconds: schedulers that only ask what is due ask at least so often, in the minutes of the schedule."""

FORWARDED = (signal.SIGTERM, signal.SIGHUP)
"""What ends a run tidily; Ctrl-C reaches all processes of a terminal by itself."""


@dataclass(frozen=True)
class Due:
    """Whether a suite is to be run now.

    Attributes:
        now: whether.
        planned: the latest planned moment, in UTC.
        next: the first after now.
        why: if it is not, why; else what it is late for.
    """

    now: bool
    planned: dt.datetime
    next: dt.datetime
    why: str


def due(target: Target, suite: str, begun: float | None, now: dt.datetime) -> Due:
    """See whether a suite is due: it was planned since it last began.

    Args:
        target: whose schedule counts.
        suite: one that is planned there.
        begun: when it last began, or was first looked at, seconds since the epoch; None: neither here. What was planned
            before a scheduler looked for the first time is nobody's miss.
        now: with a time zone.

    Raises:
        ConfigError: the suite is not planned.
    """
    entry = planned(target, suite)
    times = target.table.schedule.times(suite)
    last, after = times.last(now), times.next(now)
    if begun is not None and begun > now.timestamp() + LOOK_S:  # noted on a clock that was wrong
        begun = None
    since = begun if begun is not None else (now.timestamp() - LOOK_S)
    late_s = (now - last).total_seconds()
    if last.timestamp() <= since:
        return Due(now=False, planned=last, next=after, why=f"planned next for {_local(after, times.zone)}")
    if entry.late is not None and late_s > entry.late:
        why = f"too late for {_local(last, times.zone)}; planned next for {_local(after, times.zone)}"
        return Due(now=False, planned=last, next=after, why=why)
    windows = target.windows()
    if entry.disruptive and not windows.is_open(now):
        why = f"missed on {_local(last, times.zone)}; the next maintenance window opens {windows.opens_next(now)}"
        return Due(now=False, planned=last, next=after, why=why)
    return Due(now=True, planned=last, next=after, why=f"planned for {_local(last, times.zone)}")


def planned(target: Target, suite: str) -> Planned:
    """The suite's entry in the schedule.

    Raises:
        ConfigError: there is none.
    """
    known = target.table.schedule.planned
    if suite not in known:
        raise ConfigError(
            f"{target.where[:-1]}.schedule] says no times for {suite}; it has: {', '.join(known) or 'none'}. Add for "
            f"example {suite} = '0 9 * * *'."
        )
    return known[suite]


def words(target: Target, suite: str) -> list[str]:
    """What pytest is given, after its name: the suite, the target, the gate, reports of their own, who is told.

    Never the second key of what changes the target: that is typed by who begins the run, or it is not there.
    """
    own = ["-m", suite, f"--llmops-config={target.file}", f"--llmops-target={target.name}", "--llmops-gate"]
    own += target.table.schedule.options if suite in target.table.schedule.planned else []
    return [*own, f"--llmops-report={reports(target, suite)}"]


def reports(target: Target, suite: str) -> str:
    """Where its reports lie, relative to the folder of the file."""
    return f"reports/{file_name(target.name)}/{suite}"


def carried_out(target: Target, given: Sequence[str], lock: int, output: IO[bytes] | None) -> int:
    """Run pytest, in the folder of the file; signals that would end us end it first.

    Args:
        target: that is looked at.
        given: pytest's words.
        lock: a descriptor that it inherits.
        output: where what it says goes; None: where ours does.

    Returns:
        Its exit status; 128 and the signal's number, where one ended it.
    """
    process = subprocess.Popen(  # noqa: S603 (our own plugin)
        [sys.executable, "-m", "pytest", *given],
        cwd=target.root,
        pass_fds=[lock],
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
    )

    def forward(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    before = {number: signal.signal(number, forward) for number in FORWARDED}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status


def _local(moment: dt.datetime, zone: dt.tzinfo | None) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
