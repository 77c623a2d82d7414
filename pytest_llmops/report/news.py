"""What a run makes new of each check, for somebody who was told what is known of earlier ones. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_llmops.report.last_good import told
from pytest_llmops.state.news import Red
from pytest_llmops.target.news import RANKS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

What = Literal["broken", "worse", "otherwise", "eased", "waived", "recovered"]

ORDER: tuple[What, ...] = ("broken", "worse", "otherwise", "eased", "waived", "recovered")

KINDS = {"unreachable": "unreachable", "regression": "regression"}
"""Of categories; all others are failures, or errors where nothing could be said of the target."""

WORST: dict[str, int] = {rank: len(RANKS) - place for place, rank in enumerate(RANKS)}
"""By severity, higher is worse; of what is well nothing is here."""


@dataclass(frozen=True, slots=True)
class Now:
    """A check as a run leaves it.

    Attributes:
        check: its key.
        severity: of one that is red; else empty.
        kind: ``failed``, ``regression``, ``unreachable``, ``error``; ``waived``, or ``ok``.
        said: why it is red, in a line.
    """

    check: str
    severity: str = ""
    kind: str = "ok"
    said: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What is new of a check.

    Attributes:
        what: became red; more severe; red for another kind of reason; less severe; waived; well.
        now: as the run leaves it.
        was: as it was told before; None where it was not red.
    """

    what: What
    now: Now
    was: Red | None


def states(checks: Iterable[Mapping[str, Any]]) -> list[Now]:
    """What a run says of its checks; nothing of those that were skipped.

    Args:
        checks: as in ``run.json``; of several of one key the worst counts.
    """
    found: dict[str, Now] = {}
    for check in checks:
        if check["outcome"] == "skipped":
            continue
        one, before = _state(check), found.get(check["test"])
        if before is None or WORST.get(one.severity, 0) > WORST.get(before.severity, 0):
            found[one.check] = one
    return list(found.values())


def _state(check: Mapping[str, Any]) -> Now:
    if check["outcome"] not in {"failed", "error"}:
        return Now(check["test"], kind="waived" if check["outcome"] == "waived" else "ok")
    usual = "error" if check["outcome"] == "error" else "failed"
    severity = check["severity"] if check["severity"] in WORST else "normal"
    lines = told(check)
    return Now(check["test"], severity, KINDS.get(check["category"], usual), lines[0] if lines else check["category"])


def changes(known: Mapping[str, Red], found: Iterable[Now], takes: Collection[str]) -> list[Change]:
    """What somebody has to be told, the worst first.

    Args:
        known: what they were told that is red, by check.
        found: what a run says.
        takes: severities that they are told of; that one of which they know leaves them, they learn whatever it became.
    """
    new = [(one, known.get(one.check)) for one in found]
    said = [Change(what, one, was) for one, was in new if (what := _what(one, was, takes)) is not None]
    return sorted(said, key=lambda one: (ORDER.index(one.what), -WORST.get(one.now.severity, 0)))


def _what(now: Now, was: Red | None, takes: Collection[str]) -> What | None:
    if was is None:
        return "broken" if now.severity in takes else None
    if not now.severity:
        return "waived" if now.kind == "waived" else "recovered"
    before, after = WORST.get(was.severity, 0), WORST[now.severity]
    if after != before:
        return "worse" if after > before else "eased"
    return "otherwise" if now.kind != was.kind else None


def after(known: Mapping[str, Red], found: Iterable[Now], takes: Collection[str], at: float) -> dict[str, Red]:
    """What is known once they were told.

    Args:
        known: what they were told before.
        found: what a run says.
        takes: severities that they are told of.
        at: the run's end, seconds since the epoch.
    """
    kept = dict(known)
    for one in found:
        was = kept.pop(one.check, None)
        if one.severity not in takes:
            continue
        since = was.since if was else at
        severe_since = was.severe_since if was and was.severity == one.severity else at
        kept[one.check] = Red(one.severity, one.kind, one.said, since, severe_since, at)
    return kept
