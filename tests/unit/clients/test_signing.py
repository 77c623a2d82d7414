import base64
import os
import shlex
import subprocess

import pytest

from pytest_llmops.clients.http import last_exchange
from pytest_llmops.clients.signing import WRONG, signature
from pytest_llmops.errors import ConfigError

ENVIRON = {"KEY": "s3cret-value", "PAIR": "eve:s3cret-pair", "OPERATOR_KEY": "s3cret-operator"}
ROLES = {"operator": "OPERATOR_KEY"}


def basic(pair):
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("auth", "role", "header", "value", "shown"),
    [
        ({"header": "X-API-Key", "env": "KEY"}, None, "X-API-Key", "s3cret-value", "$KEY"),
        ({"bearer": "KEY"}, None, "Authorization", "Bearer s3cret-value", "Bearer $KEY"),
        ({"basic": "PAIR"}, None, "Authorization", basic("eve:s3cret-pair"), "Basic $(printf %s $PAIR | base64)"),
        (
            {"header": "X-API-Key", "env": "KEY", "roles": ROLES},
            "operator",
            "X-API-Key",
            "s3cret-operator",
            "$OPERATOR_KEY",
        ),
        (
            {"bearer": "KEY", "roles": ROLES},
            "operator",
            "Authorization",
            "Bearer s3cret-operator",
            "Bearer $OPERATOR_KEY",
        ),
        ({"bearer": "KEY", "roles": ROLES}, None, "Authorization", "Bearer s3cret-value", "Bearer $KEY"),
        ({"bearer": "KEY"}, "operator", "Authorization", "Bearer s3cret-value", "Bearer $KEY"),
        ({"header": "X-API-Key", "env": "KEY"}, WRONG, "X-API-Key", "llmops-no-such-key", "a made-up key"),
        ({"bearer": "KEY"}, WRONG, "Authorization", "Bearer llmops-no-such-key", "Bearer a made-up key"),
    ],
)
def test_each_scheme_signs_in_its_way(target, auth, role, header, value, shown):
    signed = signature(target(ENVIRON, api={"auth": auth, "url": "http://rag.example"}), "api", role)
    assert signed.headers == {header: value}
    assert signed.shown == shown
    assert "s3cret" not in repr(signed)


def test_without_auth_there_is_no_signature(target):
    assert signature(target(api={"url": "http://rag.example"}), "api") is None
    assert signature(target(api={"url": "http://rag.example"}), "api", WRONG) is None


def test_a_login_in_the_url_signs(target):
    signed = signature(target(api={"url": "http://eve:p%40ss@rag.example"}), "api")
    assert signed.headers == {"Authorization": basic("eve:p@ss")}
    assert signed.shown == "[user:password of the url]"


def test_an_unknown_role_names_the_nearest(target):
    known = target(ENVIRON, api={"auth": {"bearer": "KEY", "roles": ROLES}})
    with pytest.raises(ConfigError) as caught:
        signature(known, "api", "operater")
    assert str(caught.value) == ("api: no role 'operater' in auth.roles. Did you mean 'operator'? Roles: operator.")


def test_a_role_without_its_variable_is_named(target):
    with pytest.raises(ConfigError) as caught:
        signature(target({"KEY": "s3cret-value"}, api={"auth": {"bearer": "KEY", "roles": ROLES}}), "api", "operator")
    assert str(caught.value) == (
        "llmops.toml: [targets.staging.components.api] takes its secret from the environment variable OPERATOR_KEY, "
        "which is not set. Set it (export OPERATOR_KEY=…) and run again."
    )


@pytest.mark.parametrize(
    "auth",
    [{"header": "X-API-Key", "env": "KEY"}, {"bearer": "KEY"}, {"basic": "PAIR"}],
    ids=["header", "bearer", "basic"],
)
def test_the_shown_command_sends_the_same_signature_and_holds_no_secret(serve, http, auth):
    server = serve(lambda _: {})
    http(url=server.url, auth=auth, environ=ENVIRON).call("GET", "/x")
    shown = last_exchange.get()
    assert "s3cret" not in shown
    assert base64.b64encode(ENVIRON["PAIR"].encode()).decode() not in shown
    (sent,) = server.requests
    name = auth.get("header", "Authorization").lower()
    words = shlex.split(shown)
    header = words[words.index("-H") + 1]
    command = ["sh", "-c", f'echo "{header}"']
    said = subprocess.run(command, env={**ENVIRON, "PATH": os.environ["PATH"]}, capture_output=True, check=True)
    assert said.stdout.decode().strip().partition(": ")[2] == sent.headers[name]
