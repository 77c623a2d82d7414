"""Redis, the real one and its stand-in."""

import os

import pytest
import redis

FAKE = {**os.environ, "LLMOPS_SANDBOX_REDIS": "fake"}


@pytest.mark.parametrize("environ", [None, FAKE], ids=["found", "fake"])
def test_it_keeps_what_is_set(start, environ):
    with redis.Redis.from_url(start(only=["redis"], environ=environ).url.redis) as client:
        assert client.ping()
        assert client.set("key", "value", ex=60)
        assert client.get("key") == b"value"
        assert client.dbsize() == 1


def test_fault_forgetful(start):
    with redis.Redis.from_url(start(faults=["redis:forgetful"], only=["redis"]).url.redis) as client:
        assert client.set("key", "value")
        assert client.get("key") is None
        assert client.dbsize() == 0


def test_fault_down(start):
    url = start(faults=["redis:down"], only=["redis"]).url.redis
    with redis.Redis.from_url(url) as client, pytest.raises(redis.ConnectionError):
        client.ping()
