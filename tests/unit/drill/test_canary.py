"""Canaries: what a store acknowledged and has lost is counted, and nothing of them stays."""

import json
import time

import pytest
import redis

from pytest_llmops.clients.canaries import KEPT_S
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.drill.canary import AHEAD, Canary
from pytest_llmops.errors import ControlError, NotSteady
from pytest_llmops.operate.makers import MAKERS

FILE = """
[targets.here.components.redis]
url = "redis://127.0.0.1:{port}/0"
[targets.here.components.api]
url = "http://127.0.0.1:9"
"""


@pytest.fixture
def here(redis_server, read, clients, change_of):
    """A Redis server, and a canary of it."""
    port = redis_server()
    target = read(FILE.format(port=port))
    server = redis.Redis(port=port, decode_responses=True)
    server.set("theirs", "1")
    change = change_of(target)
    yield server, change, Canary(clients(target)("redis"), change)
    server.close()


def test_nothing_is_lost(here):
    server, change, canary = here
    canary.begin()
    assert 0 < server.ttl(canary.name) <= KEPT_S
    loss = canary.remove(time.perf_counter())
    assert (loss.lost, loss.rpo_s, loss.all_before) == (0, 0.0, False)
    assert loss.acknowledged > AHEAD
    assert server.keys() == ["theirs"]
    assert change.undo()


def test_what_was_acknowledged_and_is_gone_is_lost(here):
    server, _, canary = here
    canary.begin()
    fault_at = time.perf_counter()
    server.lrem(canary.name, 1, 10)
    loss = canary.remove(fault_at)
    assert loss.lost == 1
    assert 0 < loss.rpo_s < 60
    assert not loss.all_before


def test_a_store_that_begins_anew_has_lost_all(here):
    server, change, canary = here
    canary.begin()
    fault_at = time.perf_counter()
    server.flushall()
    time.sleep(0.3)
    loss = canary.remove(fault_at)
    assert AHEAD < loss.lost <= loss.acknowledged
    assert loss.all_before
    assert "; at least so much" in loss.said
    assert server.keys() == []
    assert change.undo()


def test_what_is_written_while_the_store_is_away_is_not_acknowledged(here):
    server, _, canary = here
    canary.begin()
    fault_at = time.perf_counter()
    server.client_pause(500, all=False)
    loss = canary.remove(fault_at)
    assert loss.lost == 0


def test_what_a_drill_left_is_taken_out(here):
    server, change, canary = here
    canary.begin()
    canary.asking.end()
    assert sorted(server.keys()) == [canary.name, "theirs"]
    assert change.undo()
    assert server.keys() == ["theirs"]


def test_nor_does_whoever_was_killed_leave_it(here):
    """By its journal alone, as ``llmops recover`` does it."""
    server, change, canary = here
    canary.begin()
    canary.asking.end()
    [recovery] = recoveries(change.target.state_folder)
    assert recovery.carry_out(lambda line: None, makers=MAKERS)
    assert server.keys() == ["theirs"]


def test_of_what_cannot_be_written_to_it_is_said(read, clients, change_of):
    target = read(FILE.format(port=9))
    canary = Canary(clients(target)("api"), change_of(target))
    assert canary.unwritten == "nothing can be written to api that touches nobody's data"


def test_a_store_that_refuses_to_write_is_not_broken(redis_server, read, clients, change_of):
    target = read(FILE.format(port=redis_server("--maxmemory", "1")))
    with pytest.raises(ControlError, match="used memory > 'maxmemory'"):
        Canary(clients(target)("redis"), change_of(target)).begin()


class Qdrant(dict):
    """A server's table: collections of points, as they are told to it."""

    def __init__(self, *, keeps):
        super().__init__()
        self.collections, self.keeps, self.server = {}, keeps, None

    def get(self, path, default=None):
        """What a path answers to what was told just now; there is one writer alone."""
        if path == "*":
            return default
        name = [*path.split("/"), ""][2]
        if not name:
            return {"result": {"collections": [{"name": one} for one in self.collections]}}
        if path.endswith("/scroll"):
            return {"result": {"points": [{"id": one} for one in self.collections[name]]}}
        if path.endswith("/points"):
            written = next(body for body in reversed(self.server.bodies) if '"points"' in body)
            self.collections[name] += [point["id"] for point in json.loads(written)["points"]] if self.keeps else []
            return {"result": {"status": "completed"}}
        if self.server.asked[-1] == "DELETE":
            del self.collections[name]
        else:
            self.collections[name] = []
        return {"result": True}


@pytest.fixture
def qdrant(serve, read, clients, change_of):
    """Makes a Qdrant server, and a canary of it."""

    def qdrant(*, keeps=True):
        table = Qdrant(keeps=keeps)
        table.server = serve(table)
        target = read(f'[targets.here.components.qdrant]\nurl = "{table.server.url}"\n')
        change = change_of(target)
        return table, change, Canary(clients(target)("qdrant"), change)

    return qdrant


def test_a_vector_store_has_them_in_a_collection_of_their_own(qdrant):
    table, change, canary = qdrant()
    canary.begin()
    table.collections[canary.name].remove(7)
    loss = canary.remove(time.perf_counter())
    assert loss.lost == 1
    assert table.collections == {}
    assert change.undo()


def test_a_collection_that_is_gone_has_none(qdrant):
    table, change, canary = qdrant()
    canary.begin()
    canary.asking.end()
    table.collections.clear()
    loss = canary.remove(time.perf_counter())
    assert (loss.lost, loss.all_before) == (loss.acknowledged, True)
    assert change.undo()


def test_a_store_that_keeps_nothing_is_not_broken(qdrant):
    table, change, canary = qdrant(keeps=False)
    with pytest.raises(NotSteady) as failed:
        canary.begin()
    assert str(failed.value).startswith(
        "qdrant does not keep what it acknowledges before anything was broken, so nothing was: "
    )
    canary.asking.end()
    assert change.undo()
    assert table.collections == {}
