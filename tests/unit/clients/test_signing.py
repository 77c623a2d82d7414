import base64

import pytest

from pytest_llmops.clients.signing import WRONG, signature
from pytest_llmops.errors import ConfigError, Unsupported

ENVIRON = {"KEY": "s3cret-value", "PAIR": "eve:s3cret-pair", "OPERATOR_KEY": "s3cret-operator"}
ROLES = {"operator": "OPERATOR_KEY"}


def basic(pair):
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("auth", "role", "header", "value", "curl"),
    [
        ({"header": "X-API-Key", "env": "KEY"}, None, "X-API-Key", "s3cret-value", '-H "X-API-Key: $KEY"'),
        ({"bearer": "KEY"}, None, "Authorization", "Bearer s3cret-value", '-H "Authorization: Bearer $KEY"'),
        ({"basic": "PAIR"}, None, "Authorization", basic("eve:s3cret-pair"), '-u "$PAIR"'),
        (
            {"header": "X-API-Key", "env": "KEY", "roles": ROLES},
            "operator",
            "X-API-Key",
            "s3cret-operator",
            '-H "X-API-Key: $OPERATOR_KEY"',
        ),
        (
            {"bearer": "KEY", "roles": ROLES},
            "operator",
            "Authorization",
            "Bearer s3cret-operator",
            '-H "Authorization: Bearer $OPERATOR_KEY"',
        ),
        (
            {"bearer": "KEY", "roles": ROLES},
            None,
            "Authorization",
            "Bearer s3cret-value",
            '-H "Authorization: Bearer $KEY"',
        ),
        ({"bearer": "KEY"}, "operator", "Authorization", "Bearer s3cret-value", '-H "Authorization: Bearer $KEY"'),
        (
            {"header": "X-API-Key", "env": "KEY"},
            WRONG,
            "X-API-Key",
            "llmops-no-such-key",
            '-H "X-API-Key: llmops-no-such-key"',
        ),
        (
            {"bearer": "KEY"},
            WRONG,
            "Authorization",
            "Bearer llmops-no-such-key",
            '-H "Authorization: Bearer llmops-no-such-key"',
        ),
        (
            {"basic": "PAIR"},
            WRONG,
            "Authorization",
            basic("llmops-no-such-key:llmops-no-such-key"),
            '-u "llmops-no-such-key:llmops-no-such-key"',
        ),
    ],
)
def test_each_scheme_signs_in_its_way(target, auth, role, header, value, curl):
    signed = signature(target(ENVIRON, api={"auth": auth, "url": "http://rag.example"}), "api", role)
    assert signed.headers == {header: value}
    assert signed.curl == curl
    assert "s3cret" not in repr(signed)


def test_without_auth_there_is_no_signature(target):
    assert signature(target(api={"url": "http://rag.example"}), "api") is None
    assert signature(target(api={"url": "http://rag.example"}), "api", WRONG) is None


def test_a_login_in_the_url_signs(target):
    signed = signature(target(api={"url": "http://eve:p%40ss@rag.example"}), "api")
    assert signed.headers == {"Authorization": basic("eve:p@ss")}
    assert signed.curl == '-u "[user:password of the url]"'


def test_an_unknown_role_names_the_nearest(target):
    known = target(ENVIRON, api={"auth": {"bearer": "KEY", "roles": ROLES}})
    with pytest.raises(ConfigError) as caught:
        signature(known, "api", "operater")
    assert str(caught.value) == ("api: no role 'operater' in auth.roles. Did you mean 'operator'? Roles: operator.")


def test_the_key_of_another_role_signs_nothing(target):
    auth = {"bearer": "KEY", "role": "worker"}
    one = target({"KEY": "s3cret-value"}, api={"auth": auth})
    assert signature(one, "api", "worker").headers == {"Authorization": "Bearer s3cret-value"}
    with pytest.raises(
        Unsupported, match=r'nothing says where the key of the role admin is.* auth\.roles\.admin = "VARIABLE"'
    ):
        signature(one, "api", "admin")


def test_a_role_without_its_variable_is_named(target):
    with pytest.raises(ConfigError) as caught:
        signature(target({"KEY": "s3cret-value"}, api={"auth": {"bearer": "KEY", "roles": ROLES}}), "api", "operator")
    assert str(caught.value) == (
        "llmops.toml: [targets.staging.components.api] takes its secret from the environment variable OPERATOR_KEY, "
        "which is not set. Set it (export OPERATOR_KEY=…) and run again."
    )


def test_a_basic_login_without_a_colon_is_named(target):
    with pytest.raises(ConfigError) as caught:
        signature(target({"PAIR": "s3cret"}, api={"auth": {"basic": "PAIR"}}), "api")
    assert str(caught.value) == "api: auth.basic takes user:password, and the variable PAIR holds no colon."
