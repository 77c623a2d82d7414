import base64
import json
import time

import pytest

from pytest_llmops.clients.exchange import last_answer, last_exchange
from pytest_llmops.errors import CallFailed, ConfigError

LOGIN = {"method": "POST", "path": "/login/", "body": {"username": "{user}", "password": "{password}"}}
ROUTES = {
    "login": {**LOGIN, "answer": "access", "signed": False},
    "open": {"path": "/open", "signed": False},
    "mine": {"path": "/mine", "answer": "length(things)"},
}
ACCOUNT = {"ACCOUNT": "ada:s3cret:with-colon"}


def jwt(lasts_s):
    body = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + lasts_s}).encode()).decode().rstrip("=")
    return f"h.{body}.s"


@pytest.fixture
def account(serve, client):
    """A client that logs in, and its server, which gives one token after another."""

    def account(*tokens, environ=ACCOUNT):
        given = iter(tokens)

        def answer(request):
            if request.path == "/login/":
                token = next(given)
                return token if isinstance(token, tuple) else {"access": token}
            return {"things": [1, 2]}

        server = serve(answer)
        made = client("api", url=server.url, environ=environ, auth={"login": "ACCOUNT"}, routes=ROUTES)
        return made, server

    return account


def test_calls_are_signed_with_the_token_that_logging_in_brings(account):
    api, server = account("t-1")
    assert (api.value("mine"), api.value("mine")) == (2, 2)
    login, *rest = server.requests
    assert (login.method, login.path, login.json) == (
        "POST",
        "/login/",
        {"username": "ada", "password": "s3cret:with-colon"},
    )
    assert "authorization" not in login.headers
    assert [request.headers["authorization"] for request in rest] == ["Bearer t-1"] * 2


def test_what_brings_a_token_is_kept_nowhere(account):
    api, _ = account("t-1")
    api.http.admit()
    assert "/login/" in last_exchange.get()
    assert last_answer() is None


def test_an_open_route_is_asked_without_a_token(account):
    api, server = account()
    api.call("open").ok()
    assert [request.path for request in server.requests] == ["/open"]
    assert "authorization" not in server.requests[0].headers


def test_a_token_that_runs_out_is_renewed_in_time(account):
    api, server = account(jwt(0), jwt(3600), "never used")
    for _ in range(3):
        api.call("mine").ok()
    assert [request.path for request in server.requests] == ["/login/", "/mine", "/login/", "/mine", "/mine"]


def test_a_token_that_holds_for_less_than_a_minute_is_used_in_its_first_half(account):
    api, server = account(jwt(58), "never used")
    for _ in range(2):
        api.call("mine").ok()
    assert [request.path for request in server.requests] == ["/login/", "/mine", "/mine"]


def test_no_password_stands_in_a_reproduction(account):
    api, _ = account((401, '{"detail": "No active account"}'), "t-2")
    with pytest.raises(CallFailed) as caught:
        api.call("mine")
    assert caught.value.kind == "http-401"
    assert "s3cret" not in last_exchange.get()
    assert "password of $ACCOUNT" in last_exchange.get()
    api.call("mine")
    assert '-H "Authorization: Bearer $TOKEN"' in last_exchange.get()
    assert "t-2" not in last_exchange.get()


def test_an_answer_without_a_token_is_a_bad_one(account):
    with pytest.raises(CallFailed) as caught:
        account((200, '{"refresh": "r"}'))[0].call("mine")
    assert str(caught.value) == "api: POST /login/ answered 200 without a token at 'access'."


def test_the_variable_holds_user_and_password(account):
    with pytest.raises(ConfigError) as caught:
        account(environ={"ACCOUNT": "nobody"})[0].call("mine")
    assert str(caught.value) == "api: auth.login takes user:password, and the variable ACCOUNT holds no colon."


def test_preflight_logs_in(account):
    api, server = account((403, "no"))
    levels = dict(api.levels(1.0, {}))
    assert list(levels) == ["reachable", "admitted"]
    with pytest.raises(CallFailed):
        levels["admitted"]()
    assert [request.path for request in server.requests] == ["/login/"]


def test_whoever_redacts_learns_each_token(account):
    api, _ = account((200, '{"access": "tr0mb0ne"}'))
    before = api.http.target.redactor()
    api.call("mine")
    assert before.clean("Bearer tr0mb0ne") == api.http.target.redactor().clean("Bearer tr0mb0ne") == "Bearer [redacted]"
