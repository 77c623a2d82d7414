import datetime as dt
import json
import ssl

import pytest
import trustme

from pytest_llmops.clients.preflight import preflight
from pytest_llmops.target.durations import spoken

TOKEN = b'HTTP/1.1 200 OK\r\n\r\n{"response": "Hi", "done": false}\n{"response": "", "done": true}\n'
EVENT = b'HTTP/1.1 200 OK\r\n\r\ndata: {"choices": [{"delta": {"content": "Hi"}}]}\n\ndata: [DONE]\n\n'
WELL = {
    "/api/version": {"version": "0.9.1"},
    "/api/tags": {"models": [{"name": "tiny", "digest": "ab12", "details": {"quantization_level": "Q4_0"}}]},
    "/api/ps": {"models": []},
    "/api/generate": TOKEN,
    "/v1/models": {"data": [{"id": "tiny"}]},
    "/v1/chat/completions": EVENT,
    "/collections": {"result": {"collections": []}},
    "/health": (503, "not at all well"),
    "/": (404, "no such page"),
}


def started(port):
    return f"Is it started, and is {port} the right port?"


@pytest.fixture
def probe(serve, client):
    """Probes a component of a server that answers as given."""

    def probe(component, answers=None, deadline_s=60.0, environ=None, **config):
        known = WELL | (answers or {})
        server = serve(lambda r: iter([known[r.path]]) if isinstance(known[r.path], bytes) else known[r.path])
        return preflight(client(component, environ, url=server.url, **config), deadline_s), server

    return probe


@pytest.mark.parametrize(
    ("component", "facts"),
    [
        ("ollama", {"server": "0.9.1", "model": "tiny", "digest": "ab12", "quantisation": "Q4_0"}),
        ("openai", {"model": "tiny", "digest": "", "quantisation": ""}),
    ],
)
def test_a_model_server_generates(probe, component, facts):
    found, server = probe(component)
    assert (found.ok, found.level, found.kind, found.advice) == (True, "generates", "", "")
    assert facts.items() <= found.facts.items()
    assert list(found.times) == ["reachable", "model listed", "generates"]
    assert 0 < sum(found.times.values()) <= found.took_s
    assert found.reason == f"{component} at {server.url}: generates after {spoken(found.took_s)}"
    assert {request.headers["user-agent"].partition(" ")[2] for request in server.requests} == {"(preflight)"}


def test_what_was_in_memory_is_seen_before_the_first_token(probe):
    found, server = probe("ollama", {"/api/ps": {"models": [{"name": "tiny:latest"}, {"name": "large:7b"}]}})
    assert found.facts["loaded"] == "tiny:latest large:7b"
    assert [request.path for request in server.requests] == ["/api/version", "/api/tags", "/api/ps", "/api/generate"]


def test_who_does_not_say_what_is_in_memory_is_there(probe):
    found, _ = probe("ollama", {"/api/ps": (404, "no such page")})
    assert (found.ok, "loaded" in found.facts) == (True, False)


def loading(nanoseconds):
    end = json.dumps({"response": "", "done": True, "eval_count": 1, "load_duration": nanoseconds})
    return b'HTTP/1.1 200 OK\r\n\r\n{"response": "Hi", "done": false}\n' + end.encode() + b"\n"


def test_a_cold_model_is_said(probe):
    found, server = probe("ollama", {"/api/generate": loading(1_234_000_000)})
    assert found.facts["load_s"] == "1.23"
    took = f"generates after {spoken(found.took_s)}, of which loading the model took 1.23 s"
    assert found.reason == f"ollama at {server.url}: {took}"


def test_a_warm_model_is_not(probe):
    found, server = probe("ollama", {"/api/generate": loading(31_000_000)})
    assert (found.ok, found.facts["load_s"]) == (True, "0.031")
    assert found.reason == f"ollama at {server.url}: generates after {spoken(found.took_s)}"


def test_what_comes_after_the_first_token_fails_nothing(probe):
    first = b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"response": "Hi", "done": false}\n'
    for rest in (b"", b'{"error": "out of memory"}\n', b"{}\n" * 20):
        found, _ = probe("ollama", {"/api/generate": first + rest})
        assert (found.ok, found.level, "load_s" in found.facts) == (True, "generates", False)


@pytest.mark.parametrize(
    ("component", "answers", "config", "level", "kind", "reason"),
    [
        (
            "ollama",
            {"/api/version": (502, "bad gateway")},
            {},
            "",
            "server-error",
            (
                "GET /api/version answered 502: bad gateway. "
                "It or a gateway in front of it answers so: is what is behind it started?"
            ),
        ),
        (
            "ollama",
            {"/api/tags": {"models": []}},
            {"model": "phi3"},
            "reachable",
            "no-model",
            "it lists no models (level reached: reachable). Load a model first, e.g. ollama pull phi3.",
        ),
        (
            "ollama",
            {},
            {"model": "tinny"},
            "reachable",
            "no-model",
            "model 'tinny' is not listed; it has: tiny (level reached: reachable). Did you mean 'tiny'?",
        ),
        (
            "ollama",
            {},
            {"model": "huge"},
            "reachable",
            "no-model",
            (
                "model 'huge' is not listed; it has: tiny (level reached: reachable). "
                "Give one of these as model, or load it there."
            ),
        ),
        (
            "ollama",
            {"/api/generate": (500, "out of memory")},
            {},
            "model listed",
            "server-error",
            (
                "POST /api/generate answered 500: out of memory (level reached: model listed). "
                "It is there and fails: its own log says why."
            ),
        ),
        (
            "openai",
            {"/v1/chat/completions": b"HTTP/1.1 200 OK\r\n\r\ndata: [DONE]\n\n"},
            {},
            "model listed",
            "no-token",
            (
                "POST /v1/chat/completions ended without a token (level reached: model listed). "
                "It lists the model and generates nothing with it: its own log says why."
            ),
        ),
        (
            "qdrant",
            {"/collections": (500, "boom")},
            {},
            "",
            "server-error",
            "GET /collections answered 500: boom. It is there and fails: its own log says why.",
        ),
        (
            "openai",
            {"/v1/models": (302, "", {"Location": "https://login.example/"})},
            {},
            "",
            "wrong-address",
            (
                "GET /v1/models answered 302, which is not followed: it points to https://login.example/. "
                "Is that its address, or a page where people log in?"
            ),
        ),
    ],
)
def test_the_level_that_was_reached_and_why_no_further(probe, component, answers, config, level, kind, reason):
    found, server = probe(component, answers, **config)
    assert (found.ok, found.level, found.kind) == (False, level, kind)
    assert found.reason == f"{component} at {server.url}: {reason}"
    assert found.reason.endswith(f" {found.advice}")
    assert list(found.times) == ["reachable", "model listed"][: ["", "reachable", "model listed"].index(level)]


KEYS = {"auth": {"bearer": "STAGING_TOKEN"}}


@pytest.mark.parametrize(
    ("status", "config", "headers", "kind", "advice"),
    [
        (401, KEYS, {}, "key-refused", "The key in $STAGING_TOKEN was refused: is it the right one for this target?"),
        (
            403,
            {"auth": {"header": "X-API-Key", "env": "STAGING_TOKEN"}},
            {},
            "key-refused",
            "The key in $STAGING_TOKEN may not do this: is it the right one for this target?",
        ),
        (
            401,
            {"auth": {"basic": "STAGING_TOKEN"}},
            {},
            "key-refused",
            "The key in $STAGING_TOKEN was refused: is it the right one for this target?",
        ),
        (
            401,
            {},
            {"WWW-Authenticate": 'Bearer realm="models"'},
            "key-missing",
            (
                "It asks for a key (WWW-Authenticate: Bearer) and none is configured: "
                'name the variable that holds it, auth = { bearer = "VARIABLE" }.'
            ),
        ),
        (
            401,
            {},
            {},
            "key-missing",
            (
                "It asks for a key and none is configured: name the variable that holds it, "
                'auth = { bearer = "VARIABLE" } or { header = "X-API-Key", env = "VARIABLE" }.'
            ),
        ),
    ],
)
def test_a_key_that_is_refused_is_named_and_one_that_is_asked_for_too(
    serve, client, status, config, headers, kind, advice
):
    server = serve(lambda _: (status, "who are you?", headers))
    found = preflight(client("openai", {"STAGING_TOKEN": "s3cret:pw"}, url=server.url, **config), 5.0)
    assert (found.ok, found.level, found.kind, found.advice) == (False, "", kind, advice)
    assert found.reason == f"openai at {server.url}: GET /v1/models answered {status}: who are you? {advice}"


def test_the_user_of_a_url_that_is_refused(serve, client):
    server = serve(lambda _: (401, "no"))
    found = preflight(client("openai", url=server.url.replace("//", "//eve:hunter22@")), 5.0)
    assert (found.kind, found.advice) == ("key-refused", "The user and password of the url were refused.")
    assert "hunter22" not in str(found)


@pytest.mark.parametrize(
    ("component", "end", "answers", "advice"),
    [
        ("openai", "/v1/models", {}, "/models is added by itself: write {url}/v1 in url."),
        ("ollama", "/api/tags", {}, "/api/tags is added by itself: write {url} in url."),
        (
            "openai",
            "",
            {"/api/version": {"version": "0.9.1"}},
            "It answers as Ollama: its address belongs to components.ollama.",
        ),
        (
            "ollama",
            "",
            {"/v1/models": {"data": []}},
            "It answers as a server with OpenAI's API: its address belongs to components.openai.",
        ),
        (
            "qdrant",
            "",
            {"/api/health": {"database": "ok"}},
            "It answers as Grafana: its address belongs to components.grafana.",
        ),
        (
            "openai",
            "",
            {},
            (
                "It answers, but not as a server with OpenAI's API: "
                "is this the right address, and does its path need a prefix?"
            ),
        ),
    ],
)
def test_somebody_else_who_answers_is_asked_who_he_is(serve, client, component, end, answers, advice):
    server = serve(lambda request: answers.get(request.path, (404, "page not found")))
    found = preflight(client(component, url=server.url + end), 5.0)
    assert (found.ok, found.kind) == (False, "wrong-address")
    assert found.advice == advice.format(url=server.url)


def test_a_page_for_people_is_no_model_server(serve, client):
    server = serve(lambda _: (200, "<html>Welcome</html>"))
    found = preflight(client("openai", url=server.url), 5.0)
    assert (found.ok, found.kind) == (False, "wrong-address")


def test_a_name_that_does_not_resolve(client):
    found = preflight(client("openai", url="http://no-such-host.invalid:8080", proxy="none"), 5.0)
    assert (found.ok, found.kind) == (False, "unresolved")
    assert found.reason == (
        "openai at http://no-such-host.invalid:8080: GET /v1/models was not sent: "
        "the name no-such-host.invalid does not resolve. Is it spelt rightly, and is a VPN needed?"
    )


def test_a_server_that_says_nothing(serve, client, hangs):
    server = serve(hangs)
    found = preflight(client("qdrant", url=server.url, deadline=0.2), 5.0)
    assert (found.ok, found.kind) == (False, "timeout")
    assert found.reason == (
        f"qdrant at {server.url}: GET /collections gave no whole answer within 200 ms. "
        "It hangs, or a firewall drops what is sent; deadline says how long is waited."
    )


def test_a_model_that_loads_for_too_long(serve, client, hangs):
    server = serve(lambda request: hangs(request) if request.method == "POST" else WELL[request.path])
    found = preflight(client("ollama", url=server.url), 0.2)
    assert (found.ok, found.kind, found.level) == (False, "timeout", "model listed")
    assert found.advice == (
        "Loading a model can take minutes: preflight_deadline says how long is waited; else its own log says why."
    )


def test_throttled_is_not_down(serve, client):
    server = serve(lambda _: (429, "", {"Retry-After": "7"}))
    found = preflight(client("openai", url=server.url), 5.0)
    assert (found.ok, found.level, found.kind) == (True, "reachable", "throttled")
    assert found.advice == 'Wait, or give the component its limit, e.g. rate_limit = "100/h".'


@pytest.fixture
def secured(serve, tmp_path):
    """A server with TLS whose certificate is for a name; what signed it lies in ``ca.pem`` beside llmops.toml."""

    def secured(name, *, asks=False, **more):
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        server = serve(lambda _: {"result": {"collections": []}})
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name, **more).configure_cert(context)
        if asks:
            authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
        return server.url.replace("http://", "https://")

    return secured


def test_a_certificate_of_an_unknown_authority(secured, client):
    found = preflight(client("qdrant", url=secured("127.0.0.1")), 5.0)
    advice = "Give what signed it as tls = { ca = … }; tls = { verify = false } takes any."
    assert (found.ok, found.kind, found.advice) == (False, "tls", advice)
    assert found.reason.endswith(f". {advice}")


@pytest.mark.parametrize(
    ("name", "more", "advice"),
    [
        ("other.example", {}, "Use the name that stands in it in url; tls = { verify = false } takes any."),
        (
            "127.0.0.1",
            {"not_after": dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "not_before": dt.datetime(2019, 1, 1, tzinfo=dt.UTC)},
            "It is to be renewed; until then tls = { verify = false } takes any.",
        ),
    ],
)
def test_a_certificate_of_a_known_authority_that_does_not_hold(secured, client, tmp_path, name, more, advice):
    found = preflight(client("qdrant", url=secured(name, **more), tls={"ca": "ca.pem"}), 5.0)
    assert (found.ok, found.kind, found.advice) == (False, "tls", advice)


def test_a_server_that_wants_our_certificate(secured, client):
    found = preflight(client("qdrant", url=secured("127.0.0.1", asks=True), tls={"ca": "ca.pem"}), 5.0)
    assert (found.ok, found.kind, found.advice) == (False, "tls", "Give it as tls = { cert = …, key = … }.")


def test_tls_where_there_is_none_and_none_where_there_is(serve, secured, client):
    plain = serve(lambda _: {}).url.replace("http://", "https://")
    found = preflight(client("qdrant", url=plain), 5.0)
    assert (found.kind, found.advice) == ("tls", "Let its url begin without the s: http://, redis://.")
    found = preflight(client("qdrant", url=secured("127.0.0.1").replace("https://", "http://")), 5.0)
    assert (found.kind, found.advice) == (
        "connection",
        "Does something else listen there, or something that wants https://?",
    )


@pytest.mark.parametrize("by", ["variable", "component"])
def test_a_proxy_between_is_named(closed_port, client, monkeypatch, by):
    for name in ("http_proxy", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    proxy = f"http://eve:hunter22@127.0.0.1:{closed_port}"
    environ, config, named = {}, {"proxy": proxy}, "the component's own"
    if by == "variable":
        monkeypatch.setenv("HTTP_PROXY", proxy)
        environ, config, named = {"HTTP_PROXY": proxy}, {}, "the environment's HTTP_PROXY"
    found = preflight(client("qdrant", environ, url="http://qdrant.staging.example:6333", **config), 5.0)
    assert (found.ok, found.kind) == (False, "refused")
    assert found.reason == (
        "qdrant at http://qdrant.staging.example:6333: GET /collections was not sent: "
        f"nothing listens at the proxy http://127.0.0.1:{closed_port}. "
        f'The proxy is {named}; proxy = "none" goes past it.'
    )


def test_an_api_is_there_when_it_answers_anything(probe):
    found, server = probe("api", routes={"health": {"path": "/health"}}, health={})
    assert (found.ok, found.level) == (True, "reachable")
    assert [request.path for request in server.requests] == ["/health"]
    assert probe("api")[0].ok


@pytest.mark.parametrize("status", [502, 504])
@pytest.mark.parametrize("health", [{"routes": {"health": {"path": "/health"}}, "health": {}}, {}])
def test_a_proxy_that_finds_nobody_is_no_api(probe, status, health):
    path = "/health" if health else "/"
    found, _ = probe("api", {path: (status, "<html>nginx</html>")}, **health)
    assert (found.ok, found.level, found.kind) == (False, "", "server-error")
    assert f"GET {path} answered {status}" in found.reason


@pytest.mark.parametrize("status", [401, 403])
def test_an_api_that_refuses_the_key_at_its_health_route_is_not_there(probe, status):
    route = {"path": "/health", "role": "operator"}
    auth = {"header": "X-API-Key", "env": "USER_KEY", "roles": {"operator": "OPERATOR_KEY"}}
    environ = {"USER_KEY": "u", "OPERATOR_KEY": "o"}
    found, server = probe(
        "api", {"/health": (status, "no")}, environ=environ, routes={"health": route}, health={}, auth=auth
    )
    assert (found.ok, found.level, found.kind) == (False, "", "key-refused")
    does = {401: "was refused", 403: "may not do this"}[status]
    assert found.reason == (
        f"api at {server.url}: GET /health answered {status}: no. "
        f"The key in $OPERATOR_KEY {does}: is it the right one for this target?"
    )


def test_vectors_are_there_when_they_list(probe):
    assert (probe("qdrant")[0].ok, probe("qdrant")[0].level) == (True, "reachable")


@pytest.mark.parametrize("component", ["api", "ollama", "openai", "qdrant"])
def test_nothing_listens(client, closed_port, component):
    url = f"http://127.0.0.1:{closed_port}"
    found = preflight(client(component, url=url.replace("//", "//eve:hunter22@")), 5.0)
    assert (found.ok, found.level, found.address) == (False, "", url)
    asked = {"api": "/", "ollama": "/api/version", "openai": "/v1/models", "qdrant": "/collections"}[component]
    assert (
        found.reason == f"{component} at {url}: GET {asked} was refused: nothing listens there. {started(closed_port)}"
    )
    assert (found.kind, found.advice) == ("refused", started(closed_port))


def test_a_redis_server_is_there_when_it_answers(client, redis_server, closed_port):
    url = f"redis://127.0.0.1:{closed_port}/0"
    absent = preflight(client("redis", url=url), 5.0)
    assert (absent.ok, absent.kind) == (False, "refused")
    assert absent.reason == f"redis at {url}: PING was refused: nothing listens there. {started(closed_port)}"
    redis_server()
    found = preflight(client("redis", url=url), 5.0)
    assert (found.ok, found.level, found.address) == (True, "reachable", url)


@pytest.mark.parametrize(
    ("environ", "config", "kind", "advice"),
    [
        (
            {},
            {},
            "key-missing",
            (
                "It asks for a password: name the variable that holds it, "
                'auth = { bearer = "VARIABLE" }, or { basic = "VARIABLE" } where it holds user:password.'
            ),
        ),
        (
            {"STORE_PASSWORD": "wrong"},
            {"auth": {"bearer": "STORE_PASSWORD"}},
            "key-refused",
            "The password in $STORE_PASSWORD was refused: is it the right one for this target?",
        ),
    ],
    ids=["none", "wrong"],
)
def test_a_redis_server_that_wants_a_password(client, redis_server, environ, config, kind, advice):
    port = redis_server("--requirepass", "right")
    found = preflight(client("redis", environ, url=f"redis://127.0.0.1:{port}/0", **config), 5.0)
    assert (found.ok, found.kind, found.advice) == (False, kind, advice)
    assert "PING was refused: " in found.reason
    assert found.reason.endswith(advice)


def test_something_that_is_no_redis_server(serve, client):
    server = serve(lambda _: {})
    found = preflight(client("redis", url=server.url.replace("http://", "redis://")), 5.0)
    assert (found.ok, found.kind) == (False, "connection")
    assert found.advice == "Does something else listen there?"


def test_a_probe_travels_as_plain_json(probe):
    found, _ = probe("ollama")
    plain = found.as_json()
    assert type(found)(**json.loads(json.dumps(plain))) == found
