"""What load may begin, what it costs, and the question that ends it."""

import threading
import time

import numpy as np
import pytest

from pytest_llmops.errors import BudgetSpent, CallFailed
from pytest_llmops.load.guarding import Guard, admitted, charge, health_of, pays_twice
from pytest_llmops.load.plan import Stage
from pytest_llmops.load.recording import RECORD, Batch, Recording
from pytest_llmops.load.result import DONE, LoadResult
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.loads import LoadGuard
from pytest_llmops.target.models import TargetTable

from .made_up import plan, request

COMPONENTS = {"api": {"url": "http://rag.example"}, "openai": {"url": "http://model.example", "max_tokens": 50}}


@pytest.fixture
def deployed(tmp_path):
    def deployed(**tables):
        table = TargetTable.model_validate({"components": COMPONENTS, **tables})
        target = Target("staging", table, tmp_path, tmp_path / "llmops.toml")
        return target, Ledger(tmp_path / "ledger", table.budget)

    return deployed


def test_what_keeps_to_everything_may_begin_and_is_bounded(deployed):
    target, ledger = deployed(budget={"requests": 120, "tokens": 900})
    ledger.charge("api", requests=10, tokens=100)
    found = admitted(plan(Stage(seconds=20, rate=5)), target, ledger)
    assert (found.most_calls, found.tokens, found.offered) == (110, 800, 100)


STEADY = plan(Stage(seconds=20, rate=5))
REFUSED = {
    "above the cap": (
        plan(Stage(seconds=2, rate=1, to=30)),
        {"load": {"rate_cap": 20}},
        (
            "load rises to 30 calls/s, and llmops.toml: [targets.staging.load] rate_cap is 20; lower its rate, or "
            "raise the cap where the target may be called as often."
        ),
    ),
    "too many at a time": (
        plan(arrivals="closed", concurrency=30, calls=60),
        {"load": {"concurrency_cap": 20}},
        (
            "load makes 30 calls at a time, and llmops.toml: [targets.staging.load] concurrency_cap is 20; lower its "
            "concurrency, or raise the cap."
        ),
    ),
    "too many calls": (
        STEADY,
        {"budget": {"requests": 60}},
        "load makes 100 calls, and the run's budget leaves 50; raise budget.requests, or lower its rate.",
    ),
    "no calls left": (
        plan(arrivals="closed", concurrency=3, seconds=60),
        {"budget": {"requests": 10}},
        "load makes some calls, and the run's budget leaves 0; raise budget.requests, or lower its rate.",
    ),
    "too long": (
        STEADY,
        {"budget": {"seconds": 15}},
        "load takes 20 s, and the run's budget leaves 14 s; raise budget.seconds, or shorten it.",
    ),
    "no tokens left": (
        STEADY,
        {"budget": {"tokens": 100}},
        "load: the run's budget of 100 tokens is spent; raise budget.tokens.",
    ),
    "past the component's own limit": (
        STEADY,
        {"components": {"api": {"url": "http://rag.example", "rate_limit": "60/m"}}},
        (
            "load makes 100 calls to api, and its own limit of 60 in 60 s lets 50 more pass; lower its rate, or "
            "shorten it."
        ),
    ),
    "too dear": (
        STEADY,
        {"budget": {"cost": 0.5, "prices": {"api": {"call": 0.01}}}},
        (
            "load costs up to 1 (1 for calls, 0 for tokens), and the run's budget leaves 0.4; raise budget.cost, or "
            "lower its rate."
        ),
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_too_much_does_not_begin(deployed, what):
    sent, tables, said = REFUSED[what]
    target, ledger = deployed(**tables)
    ledger.charge("api", requests=10, tokens=100, seconds=1)
    with pytest.raises(BudgetSpent) as raised:
        admitted(sent, target, ledger)
    assert str(raised.value) == said


def test_a_limit_may_be_meant_to_be_passed(deployed):
    target, ledger = deployed(components={"api": {"url": "http://rag.example", "rate_limit": "60/m"}})
    assert admitted(STEADY, target, ledger, past_limit=True).offered == 100


def test_money_buys_so_many_tokens(deployed):
    asked = request("ask", component="openai", operation="generate", route="")
    prices = {"openai": {"call": 0.001, "million_tokens": 10}}
    target, ledger = deployed(budget={"cost": 0.2, "prices": prices})
    sent = plan(Stage(seconds=20, rate=5), requests=[asked])
    assert (
        admitted(sent, target, ledger).tokens == 10_000
    )  # 0.1 of calls, 0.05 of tokens at the most: 0.1 is left for these
    longer = plan(Stage(seconds=20, rate=5), requests=[asked.model_copy(update={"max_tokens": 200})])
    with pytest.raises(BudgetSpent, match=r"costs up to 0.3 \(0.1 for calls, 0.2 for tokens\)"):
        admitted(longer, target, ledger)


def test_a_second_run_has_to_be_paid_too(deployed):
    _, ledger = deployed(budget={"requests": 200})
    assert pays_twice(STEADY, ledger)
    ledger.charge("api", requests=1)
    assert not pays_twice(STEADY, ledger)


def test_each_component_is_charged_with_its_own_calls_and_tokens(deployed):
    _, ledger = deployed(budget={"prices": {"openai": {"call": 1}}})
    calls = np.zeros(5, RECORD)
    calls["request"], calls["tokens"] = (0, 0, 0, 1, 1), (-1, -1, -1, 7, 8)
    requests = [request("ask"), request("chat", component="openai", operation="generate", route="")]
    sent = plan(Stage(seconds=1, rate=5), requests=requests)
    result = LoadResult(sent, Recording([Batch(0, calls=calls)]), 0.0, DONE)
    charge(result, ledger)
    spent = ledger.spent()
    assert (spent.requests, spent.tokens, spent.cost) == (5, 15, 2)


def asked(ask, **table):
    """What a guard says in the end, once it has asked so often."""
    times, enough = [], threading.Event()

    def counted():
        times.append(None)
        if len(times) > 4:
            enough.set()
        return ask(len(times))

    with Guard(counted, LoadGuard(**{"every": 0.01, "deadline": 30, **table})) as guard:
        assert enough.wait(60)
    for thread in threading.enumerate():
        if thread.name == "llmops-guard":
            thread.join(60)
    return guard.why_stop()


def test_bad_answers_in_a_row_end_it():
    said = asked(lambda _count: "api: GET /health answered 503.")
    assert said.startswith("api is not well (")
    assert said.endswith(" bad answers of its health in a row: api: GET /health answered 503)")


def test_good_answers_between_do_not():
    assert asked(lambda count: "503" if count % 3 else "") == ""


def test_a_good_answer_that_comes_late_is_a_bad_one():
    def late(_count):
        time.sleep(0.02)
        return ""

    assert "bad answers of its health in a row: it took " in asked(late, deadline=0.001)


def test_no_answer_is_a_bad_one_for_each_deadline():
    over = threading.Event()
    with Guard(lambda: over.wait(60) or "", LoadGuard(deadline=0.05, fails=3)) as guard:
        while not (said := guard.why_stop()):
            time.sleep(0.01)
        over.set()
    assert said.startswith("api is not well (")
    assert ": no answer for " in said


class Answering:
    def __init__(self, error=None):
        self.error = error

    def levels(self, _deadline_s, _facts):
        return [("reachable", self.reach)]

    def reach(self):
        if self.error:
            raise CallFailed("openai", self.error, f"openai: {self.error}.")


@pytest.mark.parametrize(("error", "said"), [(None, ""), ("throttled", ""), ("refused", "openai: refused.")])
def test_what_has_no_health_route_is_asked_for_any_answer(error, said):
    assert health_of(Answering(error))() == said
