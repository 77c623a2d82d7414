"""The budget ledger: every call of a run, of all its processes, counted in one file."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from pytest_llmops.errors import BudgetSpent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.target.component import RateLimit
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
        cost: money, by the budget's prices.
    """

    requests: int = 0
    tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0

    def __add__(self, more: Spent) -> Spent:
        both = (self.requests + more.requests, self.tokens + more.tokens)
        return Spent(*both, self.seconds + more.seconds, self.cost + more.cost)

    def __sub__(self, less: Spent) -> Spent:
        left = (self.requests - less.requests, self.tokens - less.tokens)
        return Spent(*left, self.seconds - less.seconds, self.cost - less.cost)


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
        self._counting = Lock()  # between threads alone: each entry is read once, and none beyond a call's own
        self._read_up_to = 0
        self._spent = Spent()
        self._reserve_spent = Spent()
        self._calls: dict[str, list[float]] = {}
        self._answered: Counter[str] = Counter()
        self._here: Counter[str] = Counter()
        self._confirming = False
        self._prices = {_word(component): price for component, price in budget.prices.items()}

    def __repr__(self) -> str:
        return f"Ledger({self.spent()})"

    def charge(
        self, component: str, *, requests: int = 0, tokens: int = 0, seconds: float = 0.0, answered: bool = True
    ) -> None:
        """Enter what something cost.

        Args:
            component: who was called, or what the time was spent on.
            requests: calls that ``admit`` has not entered.
            tokens: generated tokens.
            seconds: wall time within measurements.
            answered: whether these calls were answered.
        """
        come = requests if answered else 0
        self._here[_word(component)] += come
        self._append(_now(), component, Spent(requests, tokens, seconds), come)

    def answer(self, component: str) -> None:
        """Enter that a call which was admitted has been answered."""
        self._here[_word(component)] += 1
        self._append(_now(), component, Spent(), 1)

    @contextmanager
    def confirming(self) -> Iterator[None]:
        """What this process enters within is paid out of the reserve."""
        self._confirming = True
        try:
            yield
        finally:
            self._confirming = False

    def admit(self, component: str, limit: RateLimit | None) -> None:
        """Enter one call and let it pass, or take it back and refuse it.

        It is entered before the others are counted, so that of calls admitted at once by several processes each sees
        those before it in the file, though none is answered yet.

        Raises:
            BudgetSpent: the run's requests, tokens or money are used up, or the component's own limit would be broken.
        """
        moment = _now()
        with self._counting:
            start = self._append(moment, component, Spent(requests=1))
            self._read(start)
            refusal = self._refusal(component, limit)
        if refusal:
            self._append(moment, component, Spent(requests=-1))
            raise BudgetSpent(refusal)

    def _refusal(self, component: str, limit: RateLimit | None) -> str:
        """Why another call may not pass; empty where it may."""
        if self._spent.requests >= self.budget.requests:
            return (
                f"{component}: the run's budget of {self.budget.requests} requests is spent; "
                f"raise budget.requests or select fewer tests."
            )
        if self._spent.tokens >= self.budget.tokens:
            return (
                f"{component}: the run's budget of {self.budget.tokens} tokens is spent; "
                f"raise budget.tokens or select fewer tests."
            )
        if self.budget.cost is not None and self._spent.cost >= self.budget.cost:
            return (
                f"{component}: the run's budget of {self.budget.cost:g} in money is spent; "
                f"raise budget.cost or select fewer tests."
            )
        if limit is not None and (recent := self._recent(component, limit)) >= limit.calls:
            return (
                f"{component}: {recent} calls within {limit.per_s:g} s, the target's own limit is {limit.calls}; "
                f"select fewer tests or wait."
            )
        return ""

    def admitted(self, component: str, limit: RateLimit) -> int:
        """How many more calls a component's own limit lets pass now."""
        self.spent()
        return max(0, limit.calls - self._recent(component, limit))

    def answered(self, component: str) -> int:
        """Calls that a component has answered in this run, whichever process made them."""
        self.spent()
        return self._answered[component]

    def answered_here(self, component: str) -> int:
        """Those of them that this process made: its connection is open, its code is warm."""
        return self._here[component]

    def _recent(self, component: str, limit: RateLimit) -> int:
        """Calls to a component within the period of its limit."""
        since = time.time() - limit.per_s
        return sum(1 for moment in self._calls.get(component, ()) if moment > since)

    def spent(self) -> Spent:
        """The sum of all entries of all processes."""
        with self._counting:
            if self.path.exists():
                self._read()
            return self._spent

    def _append(self, moment: str, component: str, cost: Spent, come: int = 0) -> int:
        """Write one line; returns where in the file it begins."""
        what = f"{cost.requests} {cost.tokens} {cost.seconds:.3f}"
        line = f"{moment} {_word(component)} {what} {come} {int(self._confirming)}\n".encode()
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
            return os.lseek(file, 0, os.SEEK_CUR) - len(line)
        finally:
            os.close(file)

    def _read(self, up_to: int | None = None) -> None:
        """Count the entries since the last time, in the order of the file; ``up_to``: those that begin before."""
        with self.path.open("rb") as file:
            file.seek(self._read_up_to)
            text = file.read() if up_to is None else file.read(max(0, up_to - self._read_up_to))
        whole = text[: text.rfind(b"\n") + 1]
        self._read_up_to += len(whole)
        for line in whole.decode().splitlines():
            self._count(line)

    def _count(self, line: str) -> None:
        moment, component, requests, tokens, seconds, come, reserve = line.split()
        calls = self._calls.setdefault(component, [])
        if int(requests) < 0:
            calls.remove(float(moment))  # a call that is taken back has the moment at which it was entered
        else:
            calls.extend([float(moment)] * int(requests))
        price = self._prices.get(component)
        money = price.of(int(requests), int(tokens)) if price else 0.0
        cost = Spent(int(requests), int(tokens), float(seconds), money)
        self._spent += cost
        self._reserve_spent += cost if reserve == "1" else Spent()
        self._answered[component] += int(come)

    def reserve_spent(self) -> Spent:
        """What of that was paid out of the reserve."""
        self.spent()
        return self._reserve_spent


def _now() -> str:
    return f"{time.time():.3f}"


def _word(component: str) -> str:
    """The name as one word of a line."""
    return "_".join(component.split())


class Uncounted(Ledger):
    """Counts nothing and refuses nothing.

    For what has to be done whatever a run has spent, such as an undo, and for a process whose calls the one that
    started it counts.
    """

    def __init__(self) -> None:
        from pytest_llmops.target.models import Budget

        super().__init__(Path(os.devnull), Budget())

    def __repr__(self) -> str:
        return "Uncounted()"

    def charge(
        self, component: str, *, requests: int = 0, tokens: int = 0, seconds: float = 0.0, answered: bool = True
    ) -> None:
        """Nothing."""

    def admit(self, component: str, limit: RateLimit | None) -> None:
        """Let it pass."""

    def answer(self, component: str) -> None:
        """Nothing."""
