import socket

import pytest

from pytest_llmops.clients.redis import CacheFigures
from pytest_llmops.errors import BudgetSpent, CallFailed, Unsupported, Vacuous


@pytest.fixture
def cache(client):
    """A client of the server on a port of this machine."""

    def cache(port, environ=None, **settings):
        return client("redis", environ, **{"url": f"redis://127.0.0.1:{port}/0", "deadline": "5 s", **settings})

    return cache


def failure(redis):
    with pytest.raises(CallFailed) as caught:
        redis.ping()
    return caught.value.kind, str(caught.value)


def test_a_server_answers_keeps_and_counts(redis_server, cache, ledger):
    redis = cache(redis_server("--maxmemory", "50mb"))
    assert 0 < redis.ping() < 5
    assert redis.keeps("llmops:probe", "wert ü")
    redis._client.get("nobody")
    found = redis.figures()
    assert (found.hits, found.misses, found.evicted) == (1, 1, 0)
    assert 0 < found.used_bytes < found.max_bytes == 50 * 1024 * 1024
    assert found.hit_rate == 50.0
    assert redis._client.dbsize() == 0  # the probe was removed
    assert ledger.spent().requests == 5  # PING, SET, GET, DEL, INFO


def test_a_hit_rate_of_nothing_says_nothing():
    with pytest.raises(Vacuous) as caught:
        _ = CacheFigures(0, 0, 0, 0, 0).hit_rate
    assert str(caught.value) == "redis: the hit rate says nothing, there were no look-ups yet."


@pytest.mark.parametrize(
    ("auth", "secret"),
    [
        ({"bearer": "KEY"}, "pa:ss/wörd"),
        ({"basic": "KEY"}, "default:pa:ss/wörd"),
        ({"header": "x", "env": "KEY"}, "pa:ss/wörd"),
    ],
    ids=["bearer", "basic", "header"],
)
def test_a_password_may_hold_anything(redis_server, cache, auth, secret):
    port = redis_server("--requirepass", "pa:ss/wörd")
    assert cache(port, {"KEY": secret}, auth=auth).ping() > 0


def test_a_login_in_the_url_is_used_and_never_shown(redis_server, cache):
    port = redis_server("--requirepass", "s3cret")
    redis = cache(port, url=f"redis://:s3cret@127.0.0.1:{port}/0")
    assert redis.ping() > 0
    assert repr(redis) == f"Redis(redis://127.0.0.1:{port}/0)"


def test_a_server_that_asks_for_a_password(redis_server, cache):
    port = redis_server("--requirepass", "s3cret")
    kind, said = failure(cache(port))  # the rest is the server's own wording, which differs between versions
    assert (kind, said.partition(": PING was refused: ")[0]) == ("auth", "redis")
    assert not said.endswith("..")
    assert failure(cache(port, {"KEY": "wrong"}, auth={"bearer": "KEY"})) == (
        "auth",
        "redis: PING was refused: invalid username-password pair or user is disabled.",
    )


def test_a_command_that_the_server_does_not_know(redis_server, cache):
    redis = cache(redis_server("--rename-command", "SET", ""))
    with pytest.raises(Unsupported) as caught:
        redis.keeps("llmops:probe", "x")
    assert str(caught.value) == "redis: the server knows no SET."


def test_nothing_listens(cache, closed_port):
    assert failure(cache(closed_port)) == ("refused", "redis: PING was refused: nothing listens there.")


def test_a_server_that_says_nothing(cache):
    with socket.create_server(("127.0.0.1", 0)) as server:
        redis = cache(server.getsockname()[1], deadline="200 ms")
        assert failure(redis) == ("timeout", "redis: PING gave no answer within 200 ms.")


def test_every_command_needs_the_budget(cache, closed_port, ledger):
    redis = cache(closed_port)
    failure(redis)
    assert ledger.spent().requests == 1
    ledger.charge("redis", requests=ledger.budget.requests)
    with pytest.raises(BudgetSpent):
        redis.ping()
