"""Headers, foreign origins, and errors that say too much."""

import pytest

from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.security.disclosure import Disclosure, disclosure_calls, sent_in_clear

CAREFUL = {"X-Content-Type-Options": "nosniff"}


QUERY = {"method": "POST", "path": "/q", "body": {"question": "{prompt}"}}
KEYED = {"header": "X-Key", "env": "KEY"}


@pytest.fixture
def disclosure(serve, target, client):
    def disclosure(answer, routes=None, auth=None, **lacks):
        server = serve(answer)
        table = {"url": server.url, "routes": routes or {"query": QUERY}, **({"auth": auth} if auth else {})}
        found = target({"api": table}, lacks=lacks, environ={"KEY": "a-key"})
        made = Disclosure(found, client(found))
        made.asked = server.asked
        return made

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


READING = {
    "health": {"path": "/health", "signed": False},
    "query": QUERY,
    "deletion": {"path": "/deletions/{deletion}"},
    "delete": {"method": "DELETE", "path": "/users/{user}"},
    "ingest": {"method": "POST", "path": "/documents", "body": {"text": "{text}"}},
}


def allowing(allowed, credentials="", only=""):
    """A server that allows an origin, on one path alone where it is given."""

    def answer(request, _body):
        if only and not request.path.startswith(only):
            return 200
        told = {"Access-Control-Allow-Origin": allowed.format(origin=request.headers.get("Origin", ""))}
        return 200, {}, told | ({"Access-Control-Allow-Credentials": credentials} if credentials else {})

    return answer


@pytest.mark.parametrize(
    ("allowed", "credentials", "with_key", "without"),
    [
        ("{origin}", "true", 6, 6),
        ("null", "true", 3, 3),
        ("*", "true", 0, 4),  # browsers refuse the two together
        ("*", "", 0, 4),
        ("{origin}", "", 0, 4),
        ("{origin}", "True", 0, 4),  # no browser knows that word
        ("https://ours.example", "true", 0, 0),
    ],
)
def test_origins(disclosure, allowed, credentials, with_key, without):
    """Each of three routes that read, from two origins; without a key all but health, which holds nobody's data."""
    answer = allowing(allowed, credentials)
    for auth, count in ((KEYED, with_key), (None, without)):
        found = disclosure(answer, READING, auth).origins()
        assert len([asked for said in found for asked in said.rpartition(": ")[2].split(", ")]) == count


def test_each_route_that_reads_is_asked_and_none_that_changes(disclosure):
    looked = disclosure(lambda *_: 200, READING, KEYED)
    assert looked.origins() == []
    asked = [(method, path) for method, path, _ in looked.asked]
    assert asked == [("GET", "/health"), ("OPTIONS", "/q"), ("GET", "/deletions/llmops-nobody")] * 2


def test_an_origin_that_is_echoed_elsewhere_than_on_the_first_route(disclosure):
    found = disclosure(allowing("{origin}", "true", only="/deletions"), READING, KEYED).origins()
    assert found == [
        f"api: from the origin {origin} any page reads as who is logged in (it is allowed, with credentials); "
        f"name the origins that may: GET /deletions/llmops-nobody"
        for origin in ("https://llmops.invalid", "null")
    ]


def test_what_asks_for_no_key_and_every_page_may_read(disclosure):
    [one, _] = disclosure(allowing("*"), READING).origins()
    assert one == (
        "api: from the origin https://llmops.invalid any page reads that somebody inside opens (*, and no key is asked "
        "for); name the origins that may: OPTIONS /q, GET /deletions/llmops-nobody"
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_origins_of_which_nothing_is_told(disclosure, status):
    with pytest.raises(CallFailed) as untold:
        disclosure(lambda *_: status, READING, KEYED).origins()
    assert str(untold.value) == (
        f"api: whether pages of others may read answers cannot be told: GET /health answered {status}; "
        f"see why, and look again."
    )


@pytest.mark.parametrize("method", ["headers", "origins", "errors"])
def test_no_more_is_asked_than_planned(disclosure, method):
    looked = disclosure(lambda *_: (200, {}, CAREFUL), READING, KEYED)
    getattr(looked, method)()
    assert 0 < len(looked.asked) <= disclosure_calls(looked._target)[method]["api.call"]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_errors_of_which_nothing_is_told(disclosure, status):
    def answer(request, _body):
        return status if request.command == "PROPFIND" else 404

    with pytest.raises(CallFailed) as untold:
        disclosure(answer).errors()
    assert str(untold.value) == (
        f"api: whether errors tell of the code cannot be told: PROPFIND /q answered {status}; see why, and look again."
    )
    assert disclosure(lambda *_: 500).errors() == []


def test_errors_with_a_trace(disclosure):
    def answer(_request, body):
        broken = 'Traceback (most recent call last):\n  File "/srv/a.py", line 3, in read\nKeyError: secret'
        return (500, broken) if body else 404

    [said] = disclosure(answer).errors()
    assert said == ("api: POST /q answered 500 with a python-trace: Traceback (most recent call last)")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.8.0.1", "http://[::1]:1", "http://a.localhost"])
def test_this_machine_is_not_reached_in_clear(target, client, url):
    here = target({"api": {"url": url}})
    with pytest.raises(Unsupported, match="target staging has no endpoint on another machine"):
        Disclosure(here, client(here)).in_clear()
    assert sent_in_clear(here) == []


def test_endpoints_in_clear(target, client):
    afar = target(
        {
            "api": {"url": "http://me:secret@api.example/v1", "auth": {"bearer": "KEY"}},
            "ollama": {"url": "http://127.0.0.1:11434"},
            "redis": {"url": "rediss://r.example"},
        }
    )
    assert (
        Disclosure(afar, client(afar)).in_clear()
        == sent_in_clear(afar)
        == ["api: http://api.example is reached in clear, and a key goes there"]
    )
