"""Serving meanwhile: a component is asked before, during and after an act, and what failed is counted and said."""

import threading

import pytest

from pytest_llmops.errors import LlmopsError
from pytest_llmops.operate.serving import Served, served

FILE = """
[targets.here.components.api]
url = "{url}"
[targets.here.components.api.routes.health]
path = "/health"
[targets.here.components.api.health]
accept = {{ status = ["healthy"] }}
[targets.here.budget]
requests = {calls}
"""


@pytest.fixture
def asked(read, clients, serve):
    """The client of a service, and that."""
    service = Service()

    def asked(calls=100):
        return clients(read(FILE.format(url=serve({"/health": service.answer}).url, calls=calls)))("api")

    return asked, service


class Service:
    """Says that it is well, until it is told to say something else."""

    def __init__(self):
        self.says = {"status": "healthy"}
        self._said = threading.Semaphore(0)

    def answer(self):
        self._said.release()
        return self.says

    def await_answer(self):
        """Wait until one that is given from now on has been heard: once it is asked again."""
        while self._said.acquire(blocking=False):
            continue
        for _ in range(2):
            assert self._said.acquire(timeout=60)


def test_it_is_asked_before_meanwhile_and_after(asked):
    seen = served(asked[0](), asked[1].await_answer)
    assert seen.asked >= 7
    assert (seen.failed, seen.said) == ((), "")
    assert 0 < seen.acted_s < 60
    assert 0 < seen.longest_s < 60


def test_what_fails_meanwhile_is_counted(asked):
    client, service = asked[0](), asked[1]

    def act():
        service.says = (503, {"status": "away"})
        service.await_answer()
        service.says = {"status": "healthy"}

    seen = served(client, act)
    assert 1 <= len(seen.failed) < seen.asked
    assert "; the first: api: GET /health answered 503" in seen.said


def test_an_act_that_fails_ends_the_asking(asked):
    client = asked[0]()
    with pytest.raises(ZeroDivisionError):
        served(client, lambda: 1 / 0)
    assert client.http.ledger.spent().requests >= 3
    assert "asks api" not in {thread.name for thread in threading.enumerate()}


def test_a_budget_that_is_spent_is_no_failure_of_the_component(asked):
    with pytest.raises(LlmopsError, match="requests"):
        served(asked[0](calls=4), lambda: None)


class Odd:
    """A client that has a bug, which comes to light at a request."""

    component = "api"

    def __init__(self, good):
        self._good = good

    def levels(self, deadline_s, facts):
        return [("reachable", self._answer)]

    def _answer(self):
        self._good -= 1
        if self._good < 0:
            raise ZeroDivisionError("a bug in the client")


@pytest.mark.parametrize(("good", "acts"), [(0, 0), (2, 0), (4, 1)])
def test_whatever_breaks_the_asking_is_raised_and_nobody_waits_on(good, acts):
    done = []
    with pytest.raises(ZeroDivisionError, match="a bug in the client"):
        served(Odd(good), lambda: done.append(1))
    assert len(done) == acts
    assert "asks api" not in {thread.name for thread in threading.enumerate()}


def test_a_budget_that_is_spent_before_leaves_the_act_undone(asked):
    done = []
    with pytest.raises(LlmopsError, match="requests"):
        served(asked[0](calls=2), lambda: done.append(1))
    assert not done


def test_failures_as_a_sentence():
    one = Served("api", 9, ((0.71, "api: refused"),), 1.0, 0.1)
    assert one.said == "1 of 9 requests failed, after 0.7 s; the first: api: refused"
    two = Served("api", 9, ((0.71, "api: refused"), (1.3, "api: 503")), 1.0, 0.1)
    assert two.said == "2 of 9 requests failed, from 0.7 s to 1.3 s; the first: api: refused"
