"""What keeps load from doing harm: what may begin at all, and a question that is asked while it runs."""

from __future__ import annotations

import contextvars
import math
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pytest_llmops.clients.health import health_report
from pytest_llmops.clients.vitals import Vitals
from pytest_llmops.errors import BudgetSpent, CallFailed, LlmopsError
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.load.plan import LoadPlan, Request
    from pytest_llmops.load.result import LoadResult
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.loads import LoadGuard


TOO_MANY = 429


def admitted(plan: LoadPlan, target: Target, ledger: Ledger, *, past_limit: bool = False) -> LoadPlan:
    """A plan as it may be carried out: what it takes is held against the target's caps and the run's budget before.

    Args:
        plan: what is to be sent.
        target: to whom; its ``load`` and ``budget`` tables count.
        ledger: of the run.
        past_limit: whether it is meant to go beyond a component's own rate limit.

    Returns:
        The same plan, with as many calls and tokens at the most as the budget leaves.

    Raises:
        BudgetSpent: it may not begin; says by how much it is too much, and what to change.
    """
    where = f"{target.where[:-1]}.load]"
    table = target.table.load
    if plan.peak > table.rate_cap:
        raise BudgetSpent(
            f"{plan.name} rises to {plan.peak:g} calls/s, and {where} rate_cap is {table.rate_cap:g}; lower its rate, "
            f"or raise the cap where the target may be called as often."
        )
    if (plan.concurrency or 0) > table.concurrency_cap:
        raise BudgetSpent(
            f"{plan.name} makes {plan.concurrency} calls at a time, and {where} concurrency_cap is "
            f"{table.concurrency_cap}; lower its concurrency, or raise the cap."
        )
    spent, budget = ledger.spent(), ledger.budget
    calls, left = math.ceil(plan.offered), max(0, budget.requests - spent.requests)
    if calls > left or not left:
        raise BudgetSpent(
            f"{plan.name} makes {_about(plan)} calls, and the run's budget leaves {left}; raise budget.requests, or "
            f"lower its rate."
        )
    seconds = max(0.0, budget.seconds - spent.seconds)
    if plan.lasts_s > seconds:
        raise BudgetSpent(
            f"{plan.name} takes {spoken(plan.lasts_s)}, and the run's budget leaves {spoken(seconds)}; raise "
            f"budget.seconds, or shorten it."
        )
    if not past_limit:
        _within_limits(plan, target, ledger)
    tokens = max(0, budget.tokens - spent.tokens)
    if not tokens:
        raise BudgetSpent(f"{plan.name}: the run's budget of {budget.tokens} tokens is spent; raise budget.tokens.")
    most = {"most_calls": left, "tokens": min(tokens, _tokens_for_money(plan, target, ledger))}
    return plan.model_copy(update=most)


def pays_twice(plan: LoadPlan, ledger: Ledger) -> bool:
    """Whether the budget leaves a second run, to confirm what the first looks like."""
    spent, budget = ledger.spent(), ledger.budget
    calls, seconds = budget.requests - spent.requests, budget.seconds - spent.seconds
    return 2 * plan.offered <= calls and 2 * plan.lasts_s <= seconds


def charge(result: LoadResult, ledger: Ledger) -> None:
    """Enter what a run has cost: calls and tokens of each component, and its time."""
    plan, recording = result.plan, result.recording
    for number, component in enumerate(plan.components):
        ours = [result.of(one.name) for one in plan.requests if one.component == component]
        if recording.raw:
            tokens = sum(int(np.maximum(calls["tokens"], 0).sum()) for calls in ours)
            ledger.charge(component, requests=sum(map(len, ours)), tokens=tokens)
        else:  # of very many nobody knows which they were
            weights = sum(_share(plan, one) for one in plan.requests if one.component == component)
            ledger.charge(component, requests=round(result.calls * weights), tokens=0 if number else recording.tokens)
    ledger.charge(f"load:{plan.name}", seconds=result.lasted_s)


def _about(plan: LoadPlan) -> str:
    return f"{math.ceil(plan.offered)}" if plan.offered else "some"


def _within_limits(plan: LoadPlan, target: Target, ledger: Ledger) -> None:
    """Whether the components' own limits let all of its calls pass."""
    for component in plan.components:
        limit = target.component(component).rate_limit
        calls = math.ceil(plan.offered * sum(_share(plan, one) for one in plan.requests if one.component == component))
        if limit is not None and calls > (passing := ledger.admitted(component, limit)):
            raise BudgetSpent(
                f"{plan.name} makes {calls} calls to {component}, and its own limit of {limit.calls} in "
                f"{spoken(limit.per_s)} lets {passing} more pass; lower its rate, or shorten it."
            )


def _tokens_for_money(plan: LoadPlan, target: Target, ledger: Ledger) -> int:
    """How many tokens the money buys that is left after the calls.

    Raises:
        BudgetSpent: it does not pay for the calls, or for as long answers as they ask for.
    """
    budget = ledger.budget
    if budget.cost is None:
        return budget.tokens
    left = budget.cost - ledger.spent().cost
    dearest = 0.0
    calls = tokens = 0.0
    for request in plan.requests:
        if price := budget.prices.get(request.component):
            made = plan.offered * _share(plan, request)
            calls += price.of(made, 0)
            tokens += price.of(0, made * _longest(request, target))
            dearest = max(dearest, price.million_tokens)
    if calls + tokens > left or left <= 0:
        raise BudgetSpent(
            f"{plan.name} costs up to {calls + tokens:.3g} ({calls:.3g} for calls, {tokens:.3g} for tokens), and the "
            f"run's budget leaves {max(0.0, left):.3g}; raise budget.cost, or lower its rate."
        )
    return int((left - calls) / dearest * 1e6) if dearest else budget.tokens


def _share(plan: LoadPlan, request: Request) -> float:
    """Of all calls, those of one request of the mix."""
    return request.weight / sum(one.weight for one in plan.requests)


def _longest(request: Request, target: Target) -> int:
    """Tokens of an answer at the most, where that is known."""
    if request.operation != "generate":
        return 0
    own: int = getattr(target.component(request.component), "max_tokens", 0)
    return request.max_tokens or own


class Guard:
    """Asks a target how it is, again and again, in a thread of its own, from when it is entered until it is left.

    Args:
        ask: makes one question; what is wrong with the answer, empty where nothing is.
        table: how often, and how many bad answers are too many.
    """

    def __init__(self, ask: Callable[[], str], table: LoadGuard) -> None:
        self.table = table
        self._ask = ask
        self._over = threading.Event()
        self._bad = 0
        self._said = ""
        self._asked: float | None = None

    def __enter__(self) -> Self:
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._asking,), name="llmops-guard", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()  # a question that is under way has a deadline of its own, and nobody waits for it

    def why_stop(self) -> str:
        """Why load has to end, in words; empty while the answers are good. One that does not come is bad, too."""
        asked, waits = self._asked, self.table.deadline
        silent_s = 0.0 if asked is None else time.monotonic() - asked
        bad = self._bad + int(silent_s / waits)
        if bad < self.table.fails:
            return ""
        said = f"no answer for {spoken(silent_s)}" if silent_s >= waits else self._said
        return f"{self.table.component} is not well ({bad} bad answers of its health in a row: {said.rstrip('.')})"

    def _asking(self) -> None:
        while not self._over.is_set():
            asked = self._asked = time.monotonic()
            said = self._ask()
            took_s = time.monotonic() - asked
            if not said and took_s > self.table.deadline:
                said = f"it took {spoken(took_s)}"
            self._bad, self._said = (self._bad + 1 if said else 0), said
            self._asked = None
            self._over.wait(self.table.every)


def health_of(client: Any) -> Callable[[], str]:
    """How a component is, as a question that a `Guard` asks: by its health route where it has one, else by any answer.

    An answer that says "too often" (429) is none of a component that is not well.

    Args:
        client: of the component.
    """

    def ask() -> str:
        try:
            if isinstance(client, Vitals) and client.config.health is not None:
                answer = client.call(client.config.health.route)
                found = health_report(answer, client.config.health)
                return "" if found.healthy or answer.status == TOO_MANY else found.reason
            _, reach = client.levels(0.0, {})[0]
            reach()
        except CallFailed as error:
            return "" if error.kind == "throttled" else str(error)
        except LlmopsError as error:
            return str(error)
        return ""

    return ask
