"""A cache in Redis: just its own keys are set aside, and come back until they are deleted, but never over new ones."""

import pytest
import redis

from pytest_llmops.clients.cache_keys import Counted
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import CallFailed, ControlError, StepFailed, Unsupported
from pytest_llmops.operate.key_cache import KeyCache, Mitigated
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.state.journal import Journal

FILE = """
[targets.here.components.redis]
url = "redis://127.0.0.1:{port}/0"
cache = ["app:*"]
spare = ["*session*"]
"""
KEYS = {"app:1": "one", "app:2": "two", "app:session:7": "ada", "queue": "job"}


class Here:
    """A server with a cache among other things, and a target that says which is which."""

    def __init__(self, port, read, clients):
        self.server = redis.Redis(port=port, decode_responses=True)
        self.server.mset(KEYS)
        self.server.expire("app:1", 1000)
        self.read, self.clients, self.port = read, clients, port
        self.change = self.target = None

    def cache(self, text=FILE):
        self.target = self.read(text.format(port=self.port))
        self.change = Change(
            self.target,
            Journal.of(self.target.state_folder, "here"),
            Interruption(),
            opened={"test": "a test", "run": "a run"},
            say=lambda line: None,
            may_begin=lambda: None,
            makers=MAKERS,
        )
        return KeyCache(self.clients(self.target)("redis"), self.change)

    @property
    def found(self):
        return {key: self.server.get(key) for key in self.server.scan_iter()}


@pytest.fixture
def here(redis_server, read, clients):
    made = Here(redis_server(), read, clients)
    yield made
    made.server.close()


def test_just_its_own_keys_are_set_aside_and_come_back(here):
    assert here.cache().set_aside() == Counted(cache=2, spared=1, others=1)
    assert here.server.mget("app:1", "app:2", "app:session:7", "queue") == [None, None, "ada", "job"]
    assert 900 < here.server.ttl("llmops-aside:app:1") <= 1000
    assert here.change.undo()
    assert here.found == KEYS
    assert 900 < here.server.ttl("app:1") <= 1000


def test_what_is_new_meanwhile_is_not_written_over(here):
    here.cache().set_aside()
    here.server.set("app:1", "newer")
    here.server.delete("llmops-aside:app:2")  # it has expired
    assert here.change.undo()
    assert here.found == {"app:1": "newer", "app:session:7": "ada", "queue": "job"}


def test_they_are_deleted_for_good(here):
    cache = here.cache()
    cache.set_aside()
    cache.delete()
    assert here.change.undo()
    assert here.found == {"app:session:7": "ada", "queue": "job"}


def test_a_killed_run_is_recovered_by_its_journal_alone(here):
    here.cache().set_aside()
    [recovery] = recoveries(here.target.state_folder)
    assert recovery.carry_out(lambda line: None, makers=MAKERS)
    assert here.found == KEYS


def test_what_nobody_recovered_has_its_names_first(here):
    here.cache().set_aside()
    here.server.set("app:3", "three")
    before, acts = here.found, here.change.acts
    with pytest.raises(StepFailed) as refused:
        here.cache().set_aside()
    assert str(refused.value) == (
        "cache in redis: keys are set aside already, of a run that did not put them back, so nothing is done. Run "
        "llmops recover where that run was; where there is no journal of it, in redis-cli: SCAN 0 MATCH llmops-"
        "aside:*, and RENAMENX each to its name without llmops-aside:."
    )
    assert (here.found, here.change.acts) == (before, acts)
    [recovery] = recoveries(here.target.state_folder)
    assert recovery.carry_out(lambda line: None, makers=MAKERS)
    assert here.cache().set_aside().cache == 3


def test_more_keys_than_go_in_one_part(here):
    here.server.mset({f"app:{number}": "x" for number in range(1100)})
    assert here.cache().set_aside().cache == 1100
    assert here.server.dbsize() == 1102
    assert here.change.undo()
    assert len(here.server.keys("app:*")) == 1101


def test_a_key_that_may_not_be_renamed_is_said(here):
    here.server.acl_setuser("default", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-rename"])
    with pytest.raises(ControlError) as caught:
        here.cache().set_aside()
    assert "RENAME failed: " in str(caught.value)
    assert here.server.get("app:1") == "one"


def test_nothing_is_a_cache_unless_it_is_said(here):
    with pytest.raises(Unsupported) as caught:
        here.cache(FILE.replace('cache = ["app:*"]', "").replace('spare = ["*session*"]', ""))
    assert str(caught.value) == (
        "redis: nothing says which of its keys are a cache, and sessions or queues may lie beside them; give "
        "components.redis.cache, such as ['shop:cache:*']."
    )


def failing(*calls):
    """Asks whose failures are told beforehand."""
    told = iter(calls)

    def ask():
        if next(told):
            raise CallFailed("api", "http-500", "api: GET /x answered 500.")

    return ask


def test_it_is_left_alone_where_few_answers_fail(here):
    done = here.cache().mitigate(failing(1, *[0] * 9), 20)
    assert (done.helped, done.said) == (True, "10 % of answers fail, so the cache is left alone")
    assert here.found == KEYS


def test_it_is_emptied_where_many_fail_and_stays_so_if_that_helps(here):
    done = here.cache().mitigate(failing(*[1] * 10, *[0] * 10), 20)
    assert done == Mitigated(100.0, 0.0, Counted(2, 1, 1))
    assert done.said == (
        "100 % of answers failed before the 2 keys of the cache were set aside, and 0 % do so now (1 spared keys and 1 "
        "others stay)"
    )
    assert here.change.undo()
    assert here.found == {"app:session:7": "ada", "queue": "job"}


def test_it_is_put_back_where_that_does_not_help(here):
    done = here.cache().mitigate(failing(*[1, 0] * 5, *[0, 1, 0, 1, 0, 1, 0, 0, 0, 0]), 20)
    assert (done.before_pct, done.after_pct, done.helped) == (50.0, 30.0, False)
    assert done.said.endswith("; the last failure: api: GET /x answered 500")
    assert here.change.undo()
    assert here.found == KEYS


def test_what_it_is_good_for(here, monkeypatch):
    times = iter([0, 9, 9, 10, 10, 16, 16, 18])
    monkeypatch.setattr("pytest_llmops.operate.key_cache.time.perf_counter", lambda: next(times))
    warmed = here.cache().warm([lambda: None, lambda: None])
    assert (warmed.cold_s, warmed.warm_s, warmed.least, warmed.keys, warmed.pays) == (7.5, 1.5, 3.0, 2, True)
