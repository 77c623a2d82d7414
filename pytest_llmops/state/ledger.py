"""The budget ledger: every call of a run, of all its processes, counted in one file."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import BudgetSpent

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.target.components import RateLimit
    from pytest_llmops.target.models import Budget

RESERVE = 0.30
"""Share of the budget that is kept for confirming a suspected regression."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run has cost so far.

    Attributes:
        requests: calls of every kind.
        tokens: generated tokens, as the servers counted them.
        seconds: wall time within measurements.
    """

    requests: int = 0
    tokens: int = 0
    seconds: float = 0.0


class Ledger:
    """Counts calls against the run's budget and the components' own rate limits.

    Each entry is one line, appended with a single write, so that processes need no lock.

    Args:
        path: the file; made at the first entry.
        budget: what the run may cost.
    """

    def __init__(self, path: Path, budget: Budget) -> None:
        self.path = path
        self.budget = budget
        self._read_up_to = 0
        self._spent = Spent()
        self._calls: dict[str, list[float]] = {}

    def __repr__(self) -> str:
        return f"Ledger({self.spent()})"

    def charge(self, component: str, *, requests: int = 0, tokens: int = 0, seconds: float = 0.0) -> None:
        """Enter what something cost."""
        line = f"{time.time():.3f} {'_'.join(component.split())} {requests} {tokens} {seconds:.3f}\n"
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def admit(self, component: str, limit: RateLimit | None) -> None:
        """Let one call pass, or refuse it.

        Raises:
            BudgetSpent: the run's requests or tokens are used up, or the component's own limit would be broken.
        """
        spent = self.spent()
        if spent.requests >= self.budget.requests:
            raise BudgetSpent(
                f"{component}: the run's budget of {self.budget.requests} requests is spent; "
                f"raise budget.requests or select fewer tests."
            )
        if spent.tokens >= self.budget.tokens:
            raise BudgetSpent(
                f"{component}: the run's budget of {self.budget.tokens} tokens is spent; "
                f"raise budget.tokens or select fewer tests."
            )
        if limit is not None:
            recent = self._recent(component, limit)
            if recent >= limit.calls:
                raise BudgetSpent(
                    f"{component}: {recent} calls within {limit.per_s:g} s, the target's own limit is {limit.calls}; "
                    f"select fewer tests or wait."
                )

    def affordable(
        self,
        seconds_a_call: float,
        tokens_a_call: float,
        *,
        reserve: bool,
        component: str = "",
        limit: RateLimit | None = None,
    ) -> int:
        """How many more calls of this cost the budget allows.

        Args:
            seconds_a_call: wall time of one call.
            tokens_a_call: generated tokens of one call.
            reserve: whether the share kept for confirmations may be used.
            component: who is called, and
            limit: its own rate limit, if it has one.
        """
        share = 1.0 if reserve else 1.0 - RESERVE
        spent = self.spent()
        within_limit = limit.calls - self._recent(component, limit) if limit else self.budget.requests
        return max(
            0,
            min(
                within_limit,
                int(self.budget.requests * share) - spent.requests,
                int((self.budget.seconds * share - spent.seconds) / max(seconds_a_call, 1e-6)),
                int((self.budget.tokens * share - spent.tokens) / max(tokens_a_call, 1e-6)),
            ),
        )

    def _recent(self, component: str, limit: RateLimit) -> int:
        """Calls to a component within the period of its limit."""
        since = time.time() - limit.per_s
        return sum(1 for moment in self._calls.get(component, ()) if moment > since)

    def spent(self) -> Spent:
        """The sum of all entries of all processes."""
        if not self.path.exists():
            return self._spent
        with self.path.open("rb") as file:
            file.seek(self._read_up_to)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read_up_to += len(whole)
        for line in whole.decode().splitlines():
            moment, component, requests, tokens, seconds = line.split()
            self._calls.setdefault(component, []).extend([float(moment)] * int(requests))
            self._spent = Spent(
                self._spent.requests + int(requests),
                self._spent.tokens + int(tokens),
                self._spent.seconds + float(seconds),
            )
        return self._spent
