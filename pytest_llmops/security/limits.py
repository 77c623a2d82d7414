"""What a service tells who was one call too many: when to come back, and that others are none of his."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.clients.service import Service
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.routes import Route

SPARE_S = 0.5
"""How much later than it was told a client comes back: clocks differ, and a second is cut off."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a caller was told who was refused with 429.

    Attributes:
        asked: method and path.
        retry_after_s: what Retry-After said; None where it said nothing that can be read.
        limit_s: the time of the limit, as the profile has it.
        other: what a caller with a key was answered meanwhile; 0 where the system has none.
        other_asked: where.
        later: what was answered once that time was over; 0 where nothing was said of one.
    """

    asked: str
    retry_after_s: float | None
    limit_s: float
    other: int
    other_asked: str
    later: int

    @property
    def weaknesses(self) -> list[str]:
        """What is wrong, a sentence each."""
        found = []
        if self.retry_after_s is None:
            found.append(f"{self.asked} answered 429 without a Retry-After that can be read")
        elif not 0 < self.retry_after_s <= self.limit_s + 1:
            found.append(
                f"{self.asked} answered 429 with Retry-After: {self.retry_after_s:g}, though the limit's time is "
                f"{spoken(self.limit_s)}"
            )
        elif self.later == 429:
            found.append(f"{self.asked} answered 429 again, {spoken(self.retry_after_s)} later, as it had been told")
        elif self.later >= 400:
            found.append(
                f"{self.asked} answered {self.later}, {spoken(self.retry_after_s)} later, though it had been told to "
                f"come back then"
            )
        if self.other == 429:
            found.append(f"{self.other_asked} with a key answered 429 as well: who has none used up its limit")
        elif self.other >= 400:
            found.append(f"{self.other_asked} with a key answered {self.other} meanwhile: it is not served")
        return found


class Limits:
    """The limits of one API, once its limit on callers without a key is used up.

    Args:
        service: its client.
        target: the deployment.
    """

    def __init__(self, service: Service, target: Target) -> None:
        self._service = service
        self._faster = target.table.faster

    def admit(self) -> None:
        """Get what signs calls while that can still be asked for.

        Raises:
            CallFailed: it was refused.
        """
        if self._service.config.auth is not None:
            self._service.http.admit()

    def refusal(self, route: str) -> Refusal:
        """What a caller without a key is told now, what one with a key is answered, and what comes of coming back.

        Args:
            route: that was called too often; it is asked twice more.

        Raises:
            Unsupported: the component has no limit of its own, or no such route.
            CallFailed: it is not refused now (kind ``not-refused``), or no answer came.
        """
        service, limit = self._service, self._service.config.rate_limit
        if limit is None:
            raise Unsupported(f"{service.component} has no rate_limit: nothing says how many calls are too many.")
        found = service.route(route)
        answer = service.http.call(found.method, found.path, signed=False, past_limit=True)
        if answer.status != 429:
            said = f"{service.component}: {answer.asked} answered {answer.status} after more calls than its limit"
            raise CallFailed(service.component, "not-refused", f"{said}; 429 was expected.")
        other, other_asked = self._with_key()
        told_s, limit_s = _seconds(answer.headers.get("retry-after", "")), limit.per_s / self._faster
        later = 0
        if told_s is not None and 0 < told_s <= limit_s + 1:
            time.sleep(told_s + SPARE_S)
            later = service.http.call(found.method, found.path, signed=False, past_limit=True).status
        asked = f"{service.component}: {answer.asked}"
        return Refusal(asked, told_s, limit_s, other, f"{service.component}: {other_asked}", later)

    def _with_key(self) -> tuple[int, str]:
        keyed = next(self._keyed(), None)
        if keyed is None:
            return 0, ""
        answer = self._service.http.call(keyed.method, keyed.path, role=keyed.role, past_limit=True)
        return answer.status, answer.asked

    def _keyed(self) -> Iterator[Route]:
        if self._service.config.auth is not None:
            yield from (
                route
                for route in self._service.config.routes.values()
                if route.signed and route.method == "GET" and "{" not in route.path
            )


def _seconds(text: str) -> float | None:
    """What Retry-After says: seconds, or a date; None where it is neither."""
    if text.strip().isdigit():
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (TypeError, ValueError):
        return None
