"""What who is refused is told: served by a server that counts, on a clock that waits for nothing."""

import pytest

from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.security import limits
from pytest_llmops.security.limits import Limits, Refusal

AUTH = {"bearer": "KEY"}
ROUTES = {"live": {"path": "/live", "signed": False}, "mine": {"path": "/mine"}}


@pytest.fixture
def refusal(serve, target, client, clock):
    clock(limits)

    def refusal(answer, **more):
        server = serve(answer)
        api = {"url": server.url, "auth": AUTH, "routes": ROUTES, "rate_limit": "2/min", **more}
        found = target({"api": api}, {"KEY": "a-key-of-ours"})
        return Limits(client(found)("api"), found).refusal("live")

    return refusal


def told(retry_after, *, later=200, other=200):
    calls = []

    def answer(request, _body):
        if request.path == "/mine":
            return other
        calls.append(1)
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return (429, {}, headers) if len(calls) == 1 else later

    return answer


def test_as_it_should_be(refusal):
    found = refusal(told("30"))
    assert found == Refusal("api: GET /live", 30.0, 60.0, 200, "api: GET /mine", 200)
    assert found.weaknesses == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (told(None), "api: GET /live answered 429 without a Retry-After that can be read"),
        (told("soon"), "api: GET /live answered 429 without a Retry-After that can be read"),
        (told("3600"), "api: GET /live answered 429 with Retry-After: 3600, though the limit's time is 60 s"),
        (told("1", later=429), "api: GET /live answered 429 again, 1 s later, as it had been told"),
        (told("1", other=429), "api: GET /mine with a key answered 429 as well: who has none used up its limit"),
        (told("1", later=503), "api: GET /live answered 503, 1 s later, though it had been told to come back then"),
        (told("1", other=401), "api: GET /mine with a key answered 401 meanwhile: it is not served"),
    ],
)
def test_weaknesses(refusal, answer, said):
    assert refusal(answer).weaknesses == [said]


def test_who_is_not_refused(refusal):
    with pytest.raises(CallFailed) as caught:
        refusal(lambda *_: 200)
    assert caught.value.kind == "not-refused"


def test_no_limit(refusal):
    with pytest.raises(Unsupported):
        refusal(lambda *_: 200, rate_limit=None)
