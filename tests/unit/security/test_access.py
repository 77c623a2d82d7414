"""The matrix: who is tried where, what is judged, and that nothing is changed by it."""

import pytest

from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.security.access import Cell, Matrix, access_calls, matrix, unkeyed_calls

ROUTES = {
    "health": {"path": "/health", "signed": False},
    "query": {"method": "POST", "path": "/q", "body": {"question": "{prompt}"}, "roles": ["user", "operator"]},
    "record": {"path": "/records/{user}", "roles": ["operator"]},
    "delete": {"method": "DELETE", "path": "/users/{user}", "roles": ["operator"]},
}
AUTH = {"header": "X-Key", "env": "USER", "role": "user", "roles": {"operator": "OPERATOR"}}
KEYS = {"USER": "key-of-user", "OPERATOR": "key-of-operator"}
MAY = {"/q": {"key-of-user", "key-of-operator"}, "/records": {"key-of-operator"}, "/users": {"key-of-operator"}}


def guarded(request, _body):
    key, first = request.headers.get("X-Key"), f"/{request.path.split('/')[1]}"
    if key not in KEYS.values():
        return 401
    return 200 if key in MAY[first] else 403


def api(url, **more):
    return {"api": {"url": url, "auth": AUTH, "routes": ROUTES, **more}}


def tried(serve, target, client, answer):
    server = serve(answer)
    found = target(api(server.url), KEYS)
    return server, matrix(client(found)("api"), found), access_calls(found)


def test_what_is_as_it_should_be(serve, target, client):
    server, found, calls = tried(serve, target, client, guarded)
    assert found.weaknesses == []
    told = {(cell.route, cell.caller): (cell.let_in, cell.status) for cell in found.cells}
    assert told == {
        ("query", "no key"): (False, 401),
        ("query", "a wrong key"): (False, 401),
        ("query", "user"): (True, 200),
        ("query", "operator"): (True, 200),
        ("record", "no key"): (False, 401),
        ("record", "a wrong key"): (False, 401),
        ("record", "user"): (False, 403),
        ("record", "operator"): (True, 200),
        ("delete", "no key"): (False, 401),
        ("delete", "a wrong key"): (False, 401),
        ("delete", "user"): (False, 403),
        ("delete", "operator"): (True, 0),
    }
    assert calls == {"api.call": len(server.asked)} == {"api.call": 11}
    assert {path for _, path, _ in server.asked} == {"/q", "/records/llmops-nobody", "/users/llmops-nobody"}
    assert {body for _, path, body in server.asked if path == "/q"} == {b"{}"}
    assert Matrix.read(found.as_json()) == found
    assert "| delete: DELETE /users/llmops-nobody | 401 | 401 | 403 | not tried |" in found.document()


def test_nobody_is_asked_for_a_key(serve, target, client):
    _, found, _ = tried(serve, target, client, lambda *_: 422)
    assert found.of("no key").weaknesses == [
        "POST /q with no key answered 422, not 401 or 403: it is let in",
        "GET /records/llmops-nobody with no key answered 422, not 401 or 403: it is let in",
        "DELETE /users/llmops-nobody with no key answered 422, not 401 or 403: it is let in",
    ]
    assert len(found.of("a wrong key").weaknesses) == 3
    assert found.of_roles().weaknesses == [
        "GET /records/llmops-nobody with the key of user answered 422, not 401 or 403: it is let in",
        "DELETE /users/llmops-nobody with the key of user answered 422, not 401 or 403: it is let in",
    ]


def test_who_may_is_refused_or_meets_a_failure():
    shut, broken = Cell("query", "POST /q", "user", True, 403), Cell("query", "POST /q", "user", True, 500)
    assert shut.weakness == "POST /q with the key of user answered 403: who may is refused"
    assert broken.weakness == "POST /q with the key of user answered 500"
    unrefused = Cell("query", "POST /q", "no key", False, 500)
    assert unrefused.weakness == "POST /q with no key answered 500, not 401 or 403: it is not refused"


def test_a_page_that_sends_to_the_log_in_refuses(serve, target, client):
    _, found, _ = tried(serve, target, client, lambda *_: (302, "", {"Location": "/accounts/login/?next=/q"}))
    assert found.of("no key").weaknesses == []
    _, other, _ = tried(serve, target, client, lambda *_: (302, "", {"Location": "/welcome"}))
    assert len(other.of("no key").weaknesses) == 3


def test_too_many_calls_say_nothing(serve, target, client):
    with pytest.raises(CallFailed) as caught:
        tried(serve, target, client, lambda *_: 429)
    assert caught.value.kind == "throttled"


def test_a_system_without_keys(serve, target, client):
    server = serve(lambda *_: 200)
    routes = {"list": {"path": "/list"}, "write": {"method": "POST", "path": "/write", "body": {}}}
    bare = {"api": {"url": server.url, "routes": routes}}
    undeclared = target(bare)
    with pytest.raises(CallFailed) as caught:
        matrix(client(undeclared)("api"), undeclared)
    assert caught.value.kind == "not-refused"
    assert str(caught.value) == "api: no route asks for a key; declare in security.lacks.access why, or give it auth."
    declared = target(bare, lacks={"access": "it has no keys"})
    with pytest.raises(Unsupported) as lacking:
        matrix(client(declared)("api"), declared)
    assert str(lacking.value) == "api: this system has no access: it has no keys."
    assert [method for method, *_ in server.asked] == ["GET"] * unkeyed_calls(declared)["api.call"]
    server.answer = lambda *_: 401
    with pytest.raises(CallFailed) as untrue:
        matrix(client(declared)("api"), declared)
    assert untrue.value.kind == "untrue"
    assert str(untrue.value) == (
        "api: security.lacks.access says 'it has no keys', but GET /list without a key answered 401: "
        "take it out of the profile."
    )
