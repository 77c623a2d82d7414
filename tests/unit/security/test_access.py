"""The matrix: who is tried where, what is judged, and that nothing is changed by it."""

import pytest

from pytest_llmops.clients.answer import Answer
from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.security.access import Cell, Matrix, access_calls, matrix, sent_to_log_in, unkeyed_calls

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
        ("delete", "operator"): (True, None),
    }
    assert calls == {"api.call": len(server.asked)} == {"api.call": 11}
    assert {path for _, path, _ in server.asked} == {"/q", "/records/llmops-nobody", "/users/llmops-nobody"}
    assert {body for _, path, body in server.asked if path == "/q"} == {b"{}"}
    assert Matrix.read(found.as_json()) == found
    assert "| delete: DELETE /users/llmops-nobody | 401 | 401 | 403 | not tried |" in found.document()


def test_what_would_act_without_a_body_is_left_out(serve, target, client):
    routes = {
        "clear": {"method": "DELETE", "path": "/cache", "roles": ["operator"]},
        "empty": {"method": "POST", "path": "/empty", "body": {}, "roles": ["operator"]},
        "rebuild": {"method": "POST", "path": "/records/{user}", "roles": ["operator"]},
        "replace": {"method": "PUT", "path": "/records/{user}", "body": {"a": "{user}"}, "roles": ["operator"]},
        "touch": {"method": "HEAD", "path": "/records", "roles": ["operator"]},
    }
    server = serve(lambda *_: 401)
    found = target(api(server.url, routes=routes), KEYS)
    tried = matrix(client(found)("api"), found)
    of = {}
    for cell in tried.cells:
        of.setdefault(cell.route, {})[cell.caller] = cell.status is not None
    nobody, others = dict.fromkeys(("no key", "a wrong key", "user"), False), ("no key", "a wrong key", "user")
    assert of["clear"] == of["empty"] == {**nobody, "operator": False}
    assert of["rebuild"] == {**dict.fromkeys(others, True), "operator": False}
    assert of["replace"] == of["touch"] == {**dict.fromkeys(others, True), "operator": True}
    assert {path for _, path, _ in server.asked} == {"/records/llmops-nobody", "/records"}
    assert access_calls(found) == {"api.call": len(server.asked)} == {"api.call": 11}
    assert "| clear: DELETE /cache | not tried | not tried | not tried | not tried |" in tried.document()


def test_where_all_who_have_to_be_refused_are_left_out_nothing_is_said(serve, target, client):
    server = serve(lambda *_: 200)
    found = target(api(server.url, routes={"clear": {"method": "DELETE", "path": "/cache"}}), KEYS)
    with pytest.raises(Vacuous) as caught:
        _ = matrix(client(found)("api"), found).of("no key").weaknesses
    assert str(caught.value) == (
        "api: nobody was tried who has to be refused, for whoever is let in at DELETE /cache changes something; in "
        "llmops.toml, below components.api.routes, write a further route that is signed, best a GET."
    )
    assert server.asked == []


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


@pytest.mark.parametrize("let_in", [True, False])
def test_no_answer_is_neither_let_in_nor_refused(let_in):
    silent = Matrix("api", (Cell("query", "POST /q", "user", let_in, 0),))
    said = "was not answered at all: the API is unreachable there, and neither lets in nor refuses"
    assert silent.weaknesses == [f"POST /q with the key of user {said}"]
    assert "| query: POST /q | no answer (!) |" in silent.document()


def test_a_route_that_answers_nobody_is_told_and_the_others_are_tried(serve, target, client):
    def hangs_up(request, body):
        if request.path.startswith("/records") and not request.headers.get("X-Key"):
            request.connection.shutdown(2)
        return guarded(request, body)

    _, found, _ = tried(serve, target, client, hangs_up)
    assert {(cell.route, cell.caller) for cell in found.cells if cell.status == 0} == {("record", "no key")}
    assert len(found.weaknesses) == 1
    assert found.of("a wrong key").weaknesses == []


def test_an_api_that_is_away_is_no_matrix(target, client):
    away = target(api("http://127.0.0.1:9"), KEYS)
    with pytest.raises(CallFailed) as caught:
        matrix(client(away)("api"), away)
    assert caught.value.kind == "refused"


def test_where_no_route_asks_for_a_key_nothing_is_said(serve, target, client):
    server = serve(lambda *_: 200)
    found = target({"api": {"url": server.url, "auth": AUTH, "routes": {"health": ROUTES["health"]}}}, KEYS)
    empty = matrix(client(found)("api"), found)
    assert (empty.cells, server.asked) == ((), [])
    for some in (empty, empty.of("no key"), empty.of("a wrong key"), empty.of_roles()):
        with pytest.raises(Vacuous) as caught:
            _ = some.weaknesses
        assert str(caught.value) == (
            "api: none of its routes is signed, so no key was tried at any; in llmops.toml, below "
            "components.api.routes, write those that ask for a key, without signed = false."
        )
    assert empty.document().startswith("# Who may use what of api")


def test_where_every_key_is_good_for_all_nothing_shows_what_it_is_not_good_for(serve, target, client):
    server = serve(guarded)
    routes = {"query": {**ROUTES["query"], "roles": None}}
    found = target({"api": {"url": server.url, "auth": AUTH, "routes": routes}}, KEYS)
    one_key = matrix(client(found)("api"), found)
    assert one_key.of("no key").weaknesses == []
    with pytest.raises(Vacuous) as caught:
        _ = one_key.of_roles().weaknesses
    assert str(caught.value) == (
        "api: each key is let in wherever it was tried, so nothing shows that it may nothing else; in llmops.toml, "
        "below components.api, write further keys in auth.roles, and at each route in roles who may use it."
    )
    server.answer = lambda *_: 403
    assert matrix(client(found)("api"), found).of_roles().weaknesses == [
        "POST /q with the key of user answered 403: who may is refused"
    ]


def test_a_page_that_sends_to_the_log_in_refuses(serve, target, client):
    _, found, _ = tried(serve, target, client, lambda *_: (302, "", {"Location": "/accounts/login/?next=/q"}))
    assert found.of("no key").weaknesses == []
    _, other, _ = tried(serve, target, client, lambda *_: (302, "", {"Location": "/welcome"}))
    assert len(other.of("no key").weaknesses) == 3


@pytest.mark.parametrize(
    ("there", "log_in"),
    [
        ("/accounts/login/?next=/q", True),
        ("/UserLogin.aspx", True),
        ("/users/sign_in", True),
        ("https://login.example/x", True),
        ("https://keys.example/realms/x/protocol/openid-connect/auth?client_id=q", True),
        ("https://auth.example/?rd=https%3A%2F%2Frag.example%2Fq", True),
        ("https://people.example/authorize?client_id=q&redirect_uri=x", True),
        ("/saml2/start", True),
        ("/processor/", False),
        ("/lessons/", False),
        ("/blogindex/", False),
        ("/v1/query/", False),
    ],
)
def test_which_redirects_are_to_a_log_in(there, log_in):
    assert sent_to_log_in(Answer("api", "GET /q", 302, "", 0.1, {"location": there})) is log_in


def test_a_good_key_that_is_sent_to_the_log_in_is_refused(serve, target, client):
    _, found, _ = tried(serve, target, client, lambda *_: (302, "", {"Location": "/accounts/login/?next=/q"}))
    user, operator, record = found.of_roles().weaknesses
    assert user == "POST /q with the key of user answered 302, a redirect to the log in: who may is refused"
    assert operator == user.replace("user", "operator")
    assert record.startswith("GET /records/llmops-nobody with the key of operator answered 302, a redirect to the log")
    assert "| query: POST /q | 302 | 302 | 302 (!) | 302 (!) |" in found.document()


def test_the_command_to_try_is_the_call_that_went_wrong(serve, target, client):
    def lax(request, body):
        return 200 if request.path.startswith("/records") else guarded(request, body)

    server, found, _ = tried(serve, target, client, lax)
    kept = Matrix.read(found.as_json())
    assert len(kept.of("no key").weaknesses) == 1
    assert last_exchange.get() == f"curl -sS -X GET {server.url}/records/llmops-nobody"
    assert len(kept.of_roles().weaknesses) == 1
    assert last_exchange.get() == f'curl -sS -X GET {server.url}/records/llmops-nobody -H "X-Key: $USER"'


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
