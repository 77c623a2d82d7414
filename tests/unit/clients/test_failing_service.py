"""A service that always fails, and remembers who tried again."""

import httpx
import pytest

from pytest_llmops.clients.failing_service import FailingService
from pytest_llmops.errors import CallFailed


def test_it_fails_and_counts():
    with FailingService() as service:
        assert service.calls == 0
        first = httpx.post(f"{service.url}/v1/chat", json={"a": 1})
        with pytest.raises(CallFailed) as caught:
            _ = service.pauses_s
        second = httpx.get(service.url)
    assert (first.status_code, second.status_code) == (503, 503)
    assert first.json()["error"]["type"] == "server_error"
    assert service.calls == 2
    assert len(service.pauses_s) == 1
    assert 0 < service.pauses_s[0] < 5
    assert str(caught.value) == "a service that fails was called 1 times, and not again."


def test_it_is_gone_afterwards():
    with FailingService(429) as service:
        assert httpx.get(service.url).status_code == 429
    with pytest.raises(httpx.ConnectError):
        httpx.get(service.url)
