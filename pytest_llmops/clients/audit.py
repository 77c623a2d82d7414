"""What the target's audit log tells."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_llmops.clients.health import moment_of


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The newest entries of the target's audit log.

    Attributes:
        events: oldest first.
        read_at: when it was read, in epoch seconds; ages are reckoned from then.
    """

    events: tuple[AuditEvent, ...]
    read_at: float = field(default_factory=time.time, compare=False)

    @classmethod
    def read(cls, found: Any) -> AuditLog:
        """The entries out of a list of ``{at, type}``; what is no such table is left out."""
        tables = [event for event in found if isinstance(event, dict)] if isinstance(found, list) else []
        return cls(tuple(AuditEvent(moment_of(event.get("at")), str(event.get("type", ""))) for event in tables))

    def since(self, earlier: AuditLog) -> AuditLog:
        """The entries that were not there when the log was read before."""
        return replace(self, events=tuple((Counter(self.events) - Counter(earlier.events)).elements()))

    @property
    def newest_age_s(self) -> float | None:
        """How old the newest entry was; None where none has a time that can be read."""
        times = [event.at for event in self.events if event.at is not None]
        return max(0.0, self.read_at - max(times)) if times else None

    @property
    def reach_days(self) -> float:
        """How far the entries reach back, in days."""
        times = [event.at for event in self.events if event.at is not None]
        return max(0.0, self.read_at - min(times)) / 86400 if times else 0.0

    def count(self, type_: str, within_s: float = 86400.0) -> int:
        """Entries of a type that were not older than that."""
        since = self.read_at - within_s
        return sum(event.type == type_ and event.at is not None and event.at >= since for event in self.events)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One entry of the target's audit log.

    Attributes:
        at: epoch seconds, None where its time cannot be read.
        type: as the target words it.
    """

    at: float | None
    type: str
