"""A drill goes from steady to steady, or stops in words of its own; nothing is probed once it is over."""

import threading
import time
from contextlib import ExitStack, closing

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.drill.rehearsal import Plan, Rehearsal, Watched
from pytest_llmops.errors import BudgetSpent, CallFailed, NotRecovered, NotSteady, Unobserved

FILE = """
[targets.here.components.api]
url = "{url}"
[targets.here.components.api.routes.health]
path = "/health"
[targets.here.components.api.health]
accept = {{ status = ["healthy"] }}
[targets.here.components.qdrant]
url = "{url}"
[targets.here.budget]
requests = {calls}
"""
SICK = "api: GET /health answered 200 but status is 'sick', accepted is 'healthy'"


class Service:
    """Says how it is."""

    def __init__(self):
        self.says = "healthy"
        self.for_so_many = None

    def answer(self):
        if self.for_so_many is not None:
            self.for_so_many -= 1
            self.says = "healthy" if self.for_so_many >= 0 else "sick"
        return {"status": self.says}

    def breaks(self):
        self.says = "sick"

    def is_mended(self):
        self.says = "healthy"

    def soon_comes_back(self):
        self.breaks()
        threading.Timer(0.5, self.is_mended).start()


@pytest.fixture
def rehearse(read, ledger, serve):
    """Makes a drill of a service, and says what it said."""
    service, said = Service(), []
    tables = {"/health": service.answer, "/collections": {"result": {"collections": []}}, "/readyz": "ok"}
    url = serve(tables).url

    def rehearse(fault, *, calls=2000, ask=None, names=("api",), **plan):
        target = read(FILE.format(url=url, calls=calls))

        def client(name):
            return opened.enter_context(closing(connect(target, name, ledger(target))))

        watched = [Watched(client(name), client(name), ask if name == "api" else None) for name in names]
        words = {"observe": None, "recovery": None, "left_s": 0.0, "within_s": 0.7, **plan}
        return Rehearsal(Plan("lost", fault, **words), watched, None, said.append)

    rehearse.service, rehearse.said = service, said
    with ExitStack() as opened:
        yield rehearse
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("asks ")] == []


def test_what_is_broken_is_noticed_and_brought_back(rehearse):
    service = rehearse.service
    drilled = rehearse(service.breaks, recovery=service.is_mended, names=("api", "qdrant")).carry_out()
    moments = [drilled.fault_at, drilled.observed_at, drilled.recovery_at, drilled.works_at, drilled.steady_at]
    assert moments == sorted(moments)
    assert drilled.observed == SICK
    assert 0 < drilled.detect_s < drilled.rto_s < 30
    assert 0 < drilled.failed_pct("api") < 100
    assert drilled.failed_pct("qdrant") == 0
    assert 0 < drilled.away_s("api") < 30
    assert drilled.rpo_s is None
    assert rehearse.said[0] == (
        "drill lost: api is to be steady, broken, and seen to be so within 700 ms, beside it qdrant; "
        "it is brought back within 700 ms"
    )
    assert [line.partition(",")[0].partition(" after")[0] for line in rehearse.said[1:]] == [
        "drill lost: steady before",
        "drill lost: observed",
        "drill lost: steady again",
    ]


def test_it_may_come_back_by_itself(rehearse):
    drilled = rehearse(rehearse.service.soon_comes_back, within_s=30.0).carry_out()
    assert drilled.rto_s > 0.4
    assert drilled.recovers == "it comes back by itself"


def test_for_how_long_it_is_left_standing_counts_in_no_figure(rehearse):
    service, began = rehearse.service, time.perf_counter()
    drilled = rehearse(service.breaks, recovery=service.is_mended, left_s=1.0).carry_out()
    whole_s = drilled.works_at - drilled.fault_at
    assert time.perf_counter() - began > 1
    assert drilled.left_s >= 1.0
    assert drilled.rto_s == pytest.approx(whole_s - drilled.left_s)


def test_what_is_not_steady_before_is_not_broken(rehearse):
    broken = []
    rehearse.service.breaks()
    rehearsal = rehearse(lambda: broken.append(1))
    with pytest.raises(NotSteady) as failed:
        rehearsal.carry_out()
    assert str(failed.value) == f"drill lost: it is not steady before, so nothing was broken: {SICK}"
    assert broken == []
    assert rehearsal.drilled.fault_at is None


def test_a_fault_that_nobody_notices(rehearse):
    recovered = []
    rehearsal = rehearse(lambda: None, recovery=lambda: recovered.append(1))
    with pytest.raises(Unobserved) as failed:
        rehearsal.carry_out()
    count = len(rehearsal.drilled.since_fault("api"))
    assert str(failed.value) == (
        f"drill lost: the fault was not observed within 700 ms: none of {count} probes of api failed. Either it did "
        "nothing, or nobody would learn of it."
    )
    assert recovered == []


def test_a_fault_that_is_to_be_seen_otherwise(rehearse):
    looks = iter(["", "two are left"])
    drilled = rehearse(lambda: None, observe=lambda: next(looks)).carry_out()
    assert (drilled.observed, drilled.failed("api")) == ("two are left", [])
    with pytest.raises(Unobserved, match="within 700 ms: there was nothing to be seen of it"):
        rehearse(lambda: None, observe=lambda: "").carry_out()


@pytest.mark.parametrize(("recovery", "since"), [(None, "the fault was observed"), (lambda: None, "recovery")])
def test_a_recovery_that_never_comes(rehearse, recovery, since):
    rehearsal = rehearse(rehearse.service.breaks, recovery=recovery)
    with pytest.raises(NotRecovered) as failed:
        rehearsal.carry_out()
    assert str(failed.value) == f"drill lost: what was broken is not steady again 700 ms after {since}: {SICK}"
    assert rehearsal.drilled.detect_s is not None
    assert rehearsal.drilled.rto_s is None


def test_what_works_and_fails_again_has_not_recovered(rehearse):
    service = rehearse.service

    def for_a_moment():
        service.for_so_many = 3

    with pytest.raises(NotRecovered, match=r"is not steady again 700 ms after recovery: api"):
        rehearse(service.breaks, recovery=for_a_moment).carry_out()


def test_what_is_asked_in_another_way_works_once_that_does(rehearse):
    states = iter([*[""] * 4, *["away"] * 2, *[""] * 1000])

    def ask():
        if why := next(states):
            raise CallFailed("api", "empty", why)

    drilled = rehearse(lambda: None, ask=ask, within_s=30.0).carry_out()
    assert drilled.observed == "away"
    since = [one for one in drilled.probes["api"] if one.at > drilled.observed_at and not one.why]
    assert drilled.works_at in {one.end for one in since}


def test_a_spent_budget_is_no_failure_of_the_component(rehearse):
    with pytest.raises(BudgetSpent):
        rehearse(lambda: None, calls=14, within_s=30.0).carry_out()


def test_whatever_the_fault_raises_ends_the_drill(rehearse):
    with pytest.raises(ZeroDivisionError):
        rehearse(lambda: 1 / 0).carry_out()
