"""Headers, foreign origins, and errors that say too much."""

import pytest

from pytest_llmops.errors import Unsupported
from pytest_llmops.security.disclosure import Disclosure

CAREFUL = {"X-Content-Type-Options": "nosniff"}


@pytest.fixture
def disclosure(serve, target, client):
    def disclosure(answer, **lacks):
        server = serve(answer)
        routes = {"query": {"method": "POST", "path": "/q", "body": {"question": "{prompt}"}}}
        found = target({"api": {"url": server.url, "routes": routes}}, lacks=lacks)
        return Disclosure(found, client(found))

    return disclosure


def test_headers(disclosure):
    assert disclosure(lambda *_: (200, {}, CAREFUL)).headers() == []


def test_headers_that_lack_or_tell(disclosure):
    told = {"Content-Type": "text/html", "Server": "gunicorn/20.1.0"}
    found = disclosure(lambda *_: (200, "<p>", told)).headers()
    assert [said.partition("GET / ")[2].partition(";")[0] for said in found] == [
        "answers without X-Content-Type-Options: nosniff",
        "is a page that any other may put in a frame",
        "names its software and version in server: gunicorn/20.1.0",
    ]


@pytest.mark.parametrize(
    ("allowed", "with_keys", "count"),
    [("{origin}", "true", 4), ("*", "true", 4), ("*", "false", 0), ("https://ours.example", "true", 0)],
)
def test_origins(disclosure, allowed, with_keys, count):
    def answer(request, _body):
        origin = request.headers.get("Origin", "")
        told = {"Access-Control-Allow-Origin": allowed.format(origin=origin)}
        return 200, {}, {**told, "Access-Control-Allow-Credentials": with_keys}

    assert len(disclosure(answer).origins()) == count


def test_errors_with_a_trace(disclosure):
    def answer(_request, body):
        broken = 'Traceback (most recent call last):\n  File "/srv/a.py", line 3, in read\nKeyError: secret'
        return (500, broken) if body else 404

    [said] = disclosure(answer).errors()
    assert said == ("api: POST /q answered 500 with a python-trace: Traceback (most recent call last)")


def test_endpoints_in_clear(target, client):
    here = target({"api": {"url": "http://127.0.0.1:1"}})
    with pytest.raises(Unsupported):
        Disclosure(here, client(here)).in_clear()
    afar = target(
        {"api": {"url": "http://api.example", "auth": {"bearer": "KEY"}}, "redis": {"url": "rediss://r.example"}}
    )
    assert Disclosure(afar, client(afar)).in_clear() == [
        "api: http://api.example is reached in clear, and a key goes there"
    ]
