"""The two keys of whatever changes the target, and the windows in which it may."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pytest_llmops.errors import OutsideWindow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.plugin.options import Options
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.windows import Windows

LOCKED = "disruptive, without both keys"
CLOSED = "disruptive, outside of the maintenance windows"
OPTION = "--llmops-allow-disruption"


def why_locked(target: Target, options: Options, now: float, procedures: Iterable[str]) -> str:
    """Why a disruptive test does not run; empty if it does.

    Args:
        target: what it would change.
        options: of the run.
        now: seconds since the epoch at which the run began: all of its processes come to the same.
        procedures: ids of the steps that it carries out.
    """
    if missing_keys(target, options):
        return LOCKED
    return closed(target.windows(procedures), now)


def missing_keys(target: Target, options: Options) -> list[str]:
    """The keys that are not there, each with where it belongs."""
    found = []
    if not target.table.may_be_disrupted:
        found.append(f"allowed = true in {target.where[:-1]}.disruption]")
    if options.allow_disruption != target.name:
        given = f"; {options.allow_disruption!r} was given" if options.allow_disruption else ""
        given = given or ("; ini, addopts and environment do not count" if options.allowed_elsewhere else "")
        found.append(f"{OPTION} {target.name} typed on the command line{given}")
    return found


def no_load_beside(target: Target, twin: Target | None) -> str:
    """Why no load is sent, for all of it would be sent to another deployment as well; empty if it may be.

    Args:
        target: the one that the typed key names.
        twin: the one that is compared with, if there is one.
    """
    if twin is None or twin.name == target.name or twin.table.environment != "production":
        return ""
    return f"load, and --llmops-against {twin.name} is in production, which no key is for"


def tried(options: Options) -> bool:
    """Whether somebody meant to turn the second key."""
    return options.allow_disruption is not None or options.allowed_elsewhere


def missing(target: Target, options: Options, now: float, procedures: Iterable[str]) -> list[str]:
    """All that a disruptive test would have to wait for."""
    waits = closed(target.windows(procedures), now)
    return [*missing_keys(target, options), *([waits.partition(", ")[2]] if waits else [])]


def may_begin(target: Target, now: float, procedures: Iterable[str]) -> None:
    """See whether a change may begin.

    Args:
        target: what it would change.
        now: seconds since the epoch.
        procedures: ids of the steps that it carries out.

    Raises:
        OutsideWindow: its maintenance window has closed meanwhile.
    """
    moment, windows = _moment(now), target.windows(procedures)
    if not windows.is_open(moment):
        raise OutsideWindow(
            f"{target.where[:-1]}.disruption] windows: none is open any more, so nothing more is changed; "
            f"the next opens {windows.opens_next(moment)}."
        )


def closed(windows: Windows, now: float) -> str:
    """Why a change may not begin by these windows; empty if it may.

    Args:
        windows: of a target.
        now: seconds since the epoch.
    """
    moment = _moment(now)
    return "" if windows.is_open(moment) else f"{CLOSED}: the next opens {windows.opens_next(moment)}"


def _moment(now: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(now, dt.UTC)
