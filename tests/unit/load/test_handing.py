import json
from pathlib import Path

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.load.handing import handed
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable


def target(environ=None, **components):
    table = TargetTable.model_validate({"components": components})
    return Target("staging", table, Path("/nowhere"), environ=environ or {})


def test_only_what_is_called_is_handed_over():
    own = target(api={"url": "http://a"}, qdrant={"url": "http://q"}, services={"s": {"url": "http://s"}, "r": {}})
    table, _ = handed(own, ["api", "s"])
    again = TargetTable.model_validate(table)
    assert list(again.components.configured()) == ["api", "s"]


def test_a_key_is_named_and_stands_in_the_environment_alone():
    own = target({"KEY": "very-secret"}, api={"url": "http://a", "auth": {"header": "X-Key", "env": "KEY"}})
    table, environ = handed(own, ["api"])
    assert "very-secret" not in json.dumps(table)
    assert environ["KEY"] == "very-secret"


def test_user_and_password_of_a_url_stand_in_the_environment_alone():
    table, environ = handed(target(api={"url": "http://me:very-secret@a:80"}), ["api"])
    part = TargetTable.model_validate(table).components.api
    assert part.url == "http://a:80"
    assert "very-secret" not in json.dumps(table)
    assert environ[part.auth.variable] == "me:very-secret"


def test_a_service_may_be_called_as_no_variable_is():
    services = {"a-b": {"url": "http://me:very-secret@a"}, "a_b": {"url": "http://me:other-secret@a"}}
    table, environ = handed(target(services=services), ["a-b", "a_b"])
    parts = TargetTable.model_validate(table).components.services
    assert [environ[parts[name].auth.variable] for name in services] == ["me:very-secret", "me:other-secret"]


def test_a_key_that_is_not_set_is_said_before_anything_starts():
    with pytest.raises(ConfigError, match="KEY"):
        handed(target(api={"url": "http://a", "auth": {"header": "X-Key", "env": "KEY"}}), ["api"])


def test_load_does_not_go_through_a_proxy():
    with pytest.raises(ConfigError) as said:
        handed(target(api={"url": "http://a", "proxy": "http://p:3128"}), ["api"])
    assert str(said.value) == (
        "staging: [targets.staging.components.api] lies behind the proxy http://p:3128, and load goes straight to a "
        "component; write proxy = 'none' where it can be reached without."
    )
