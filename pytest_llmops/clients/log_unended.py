"""What began, by its log: what of it did not end, and how long the rest took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.target.moments import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmops.clients.log_entry import Entry


@dataclass(frozen=True, slots=True)
class Unended:
    """A beginning that no end followed.

    Attributes:
        key: the value of the field that tells which it is; None where its line has none.
        said: what its newest line says, without secrets.
        at: when it began, in epoch seconds; None where the log has no times.
        file: that it stands in; empty where the log is handed out.
    """

    key: Any
    said: str
    at: float | None
    file: str

    def __str__(self) -> str:
        since = "" if self.at is None else f" at {moment(self.at)}"
        return f"'{self.said}'{since}{f' in {self.file}' if self.file else ''}"


def unended(
    begun: Iterable[Entry],
    ended: Iterable[Entry],
    key_of: Callable[[Entry], tuple[Any, ...]],
    clean: Callable[[str], str],
) -> list[Unended]:
    """The beginnings without an end at their time or later, in the order of the log.

    Args:
        begun: entries of a beginning, oldest first; of several of one key the newest counts.
        ended: entries of an end, oldest first.
        key_of: what a beginning and its end have in common; its last part is shown.
        clean: takes secrets out of what is shown.
    """
    beginnings = {key_of(entry): entry for entry in begun}
    ends = {key_of(entry): entry.at or 0.0 for entry in ended}
    return [
        Unended(key[-1], clean(entry.message), entry.at, entry.file)
        for key, entry in beginnings.items()
        if key not in ends or ends[key] < (entry.at or 0.0)
    ]


def durations(
    begun: Iterable[Entry], ended: Iterable[Entry], key_of: Callable[[Entry], tuple[Any, ...]]
) -> list[float]:
    """Seconds from each beginning to the first end of its key at that time or later, before it begins again.

    Args:
        begun: entries of a beginning, oldest first; those without a time are left out.
        ended: entries of an end, oldest first.
        key_of: what a beginning and its end have in common.
    """
    turns = [
        (entry.at, number, key_of(entry)) for number, part in enumerate((begun, ended)) for entry in part if entry.at
    ]
    open_since: dict[tuple[Any, ...], float] = {}
    found: list[tuple[float, float]] = []
    for at, number, key in sorted(turns, key=lambda turn: turn[:2]):
        if number == 0:
            open_since[key] = at
        elif key in open_since:
            began = open_since.pop(key)
            found.append((began, at - began))
    return [took_s for _, took_s in sorted(found)]
