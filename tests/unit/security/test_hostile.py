"""Hostile input against servers of which each is weak in one way."""

import json

import pytest

from pytest_llmops.errors import Unsupported, Vacuous
from pytest_llmops.security.hostile import Hostile, hostile_calls, routes_of, words_of
from pytest_llmops.security.payloads import BODIES, FRAGMENTS, PRODUCT, TAG, VALUES, Payload, known, strategy

QUERY = {"query": {"method": "POST", "path": "/q", "body": {"question": "{prompt}", "user": "{user}"}}}


def text_of(body):
    try:
        found = json.loads(body)
        return found["question"] if isinstance(found["question"], str) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def clean(_request, body):
    return (200, {"answer": "I do not know."}) if text_of(body) else 422


@pytest.fixture
def tried(serve, target, client):
    """What comes of hostile input to a server that answers so."""

    def tried(answer, calls=60, routes=None, **more):
        server = serve(answer)
        api = {"url": server.url, "routes": routes or QUERY, "deadline": "30 s", **more}
        found = target({"api": api}, hostile={"calls": calls})
        done = Hostile(client(found)("api"), found, seed=1).tried()
        assert len(server.asked) == hostile_calls(found)["api.call"] or done.failures
        return server, done

    return tried


def test_a_clean_service(tried):
    server, done = tried(clean)
    assert done.weaknesses == []
    assert (done.calls, len(server.asked)) == (60, 62)
    assert done.refused > 0
    assert set(done.kinds) >= {"markup", "template", "shell", "sql", "path", "control", "encoding", "type", "nesting"}


def test_no_more_calls_than_the_budget(tried):
    server, done = tried(clean, calls=7)
    assert (done.calls, len(server.asked)) == (7, 9)


def weak(when, then):
    return lambda request, body: then(body) if when(body) else clean(request, body)


def test_a_control_character_crashes(tried):
    _, done = tried(weak(lambda body: b"\\u0000" in body or b"\x00" in body, lambda _: 500))
    [said] = done.weaknesses
    assert said.startswith("api: route query, ")
    assert ": crash: POST /q answered 500" in said
    assert {failure.how for failure in done.failures} == {"crash"}
    least = min(done.failures, key=lambda one: one.payload.size)
    assert least.payload.shown in said


def test_a_template_is_carried_out(tried):
    _, done = tried(weak(lambda body: b"{{918273647" in body, lambda _: (200, {"answer": PRODUCT})))
    [said] = done.weaknesses
    assert "carried out" in said
    assert "{{918273647*738291847}}" in said


def test_what_only_quotes_the_input_carries_nothing_out(tried):
    _, done = tried(lambda _, body: (200, {"answer": body.decode("utf-8", "replace")}))
    assert done.weaknesses == []


def test_markup_comes_back_in_a_page(tried):
    def page(body):
        return 200, f"<p>{body.decode('utf-8', 'replace')}</p>", {"Content-Type": "text/html"}

    _, done = tried(weak(lambda body: TAG.encode() in body, page))
    assert [failure.how for failure in done.failures][:1] == ["reflected"]


def test_a_stack_trace(tried):
    trace = 'Traceback (most recent call last):\n  File "/srv/app.py", line 1, in answer\nValueError: secret'
    _, done = tried(weak(lambda body: b"[" * 100 in body, lambda _: (422, trace)))
    [said] = done.weaknesses
    assert "stack trace: POST /q answered 422 with a python-trace" in said
    assert "secret" not in said


def test_a_hang_ends_it(tried):
    import time

    def hang(_body):
        time.sleep(2)
        return 200

    _, done = tried(weak(lambda body: b"[" * 100 in body, hang), deadline="500 ms")
    assert [failure.how for failure in done.failures] == ["hang"]
    assert done.calls < 60
    assert "gave no whole answer within 500 ms" in done.weaknesses[0]


def test_it_does_not_answer_afterwards(tried):
    seen = []

    def falls(request, body):
        seen.append(b"\xff" in body or b"\\u0000" in body)
        return 500 if any(seen) else clean(request, body)

    _, done = tried(falls)
    assert done.weaknesses[-1] == (
        "api: after hostile input it does not answer any more: POST /q answered 500 to harmless input"
    )


def test_where_harmless_input_fails_nothing_can_be_told(tried):
    with pytest.raises(Vacuous) as caught:
        tried(lambda *_: 500)
    assert str(caught.value) == (
        "api: POST /q answered 500 to harmless input: whether hostile input makes it fail cannot be told."
    )


def test_no_route_that_asks(tried):
    with pytest.raises(Unsupported):
        tried(clean, routes={"ingest": {"method": "POST", "path": "/d", "body": {"text": "{text}"}}})


def test_input_in_an_address_is_cut(tried):
    server, done = tried(lambda *_: 404, routes={"job": {"path": "/jobs/{job}"}})
    assert done.weaknesses == []
    assert max(len(path) for _, path, _ in server.asked) < 60_000


def test_which_routes_and_words(target):
    routes = {
        **QUERY,
        "job": {"path": "/jobs/{job}"},
        "list": {"path": "/l"},
        "wipe": {"method": "DELETE", "path": "/{user}"},
    }
    api = target({"api": {"url": "http://api.example", "routes": routes}}).table.components.api
    assert routes_of(api) == ["query", "job"]
    assert routes_of(api, ["list", "none"]) == ["list"]
    assert words_of(api.routes["query"]) == ["prompt", "user"]


def test_what_is_always_tried():
    everything = list(known(bodies=True))
    assert len(everything) == len(FRAGMENTS) + len(VALUES) + len(BODIES)
    assert len({one.kind for one in everything[:12]}) == 12
    assert all(one.body is None for one in known(bodies=False))
    assert Payload("size", value="A" * 300).shown.endswith("… (302 characters)")


def test_what_is_made_up_can_be_sent():
    from hypothesis import given, settings

    @settings(max_examples=200, database=None)
    @given(strategy(bodies=True))
    def one(payload):
        assert payload.body is not None or json.dumps(payload.value, allow_nan=False).encode()
        assert payload.shown.isascii() or "…" in payload.shown

    one()
