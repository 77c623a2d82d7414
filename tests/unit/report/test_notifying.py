"""Channels: who is told what, that a refusal is told as one, and that no secret is in either."""

import json
from importlib.util import find_spec

import pytest
from apprise.plugins.custom_json import NotifyJSON

from pytest_llmops.errors import ConfigError, Unsupported
from pytest_llmops.report import notifying
from pytest_llmops.report.notifying import Delivery, Notifier
from pytest_llmops.target.load import load

FILE = """
[targets.here.components.api]
url = "http://127.0.0.1"
auth = { header = "X-Key", env = "API_KEY" }
[[targets.here.severities]]
name = "P0"
response = 60
[[targets.here.severities]]
name = "P1"
response = 60
[targets.here.notify]
urls_env = "ALL"
[targets.here.notify.channels.sms]
url_env = "SMS"
severities = ["P0"]
"""


@pytest.fixture
def notifier(tmp_path):
    def notifier(text=FILE, **environ):
        file = tmp_path / "llmops.toml"
        file.write_text(text)
        return Notifier(load(file, None, tmp_path, {"API_KEY": "s3cret-value", **environ}))

    return notifier


def _at(server, path):
    return f"json://127.0.0.1:{server.server_port}{path}"


def test_a_message_that_is_accepted_arrives_without_secrets(notifier, serve):
    server = serve({"/hook": {"ok": True}})
    found = notifier(SMS=_at(server, "/hook")).send("sms", "P0 on here", "key s3cret-value does not work")
    assert found == Delivery("sms", accepted=True, said="channel sms: accepted")
    (body,) = server.bodies
    assert (json.loads(body)["title"], json.loads(body)["message"]) == ("P0 on here", "key [redacted] does not work")


@pytest.mark.parametrize(("query", "lengths"), [("", [999]), ("?overflow=split", [999, 999, 499])])
def test_a_message_that_is_too_long_for_a_service_is_cut(notifier, serve, monkeypatch, query, lengths):
    monkeypatch.setattr(NotifyJSON, "body_maxlen", 1000)
    server = serve({"/hook": {"ok": True}})
    assert notifier(SMS=_at(server, f"/hook{query}")).send("sms", "title", "long " * 500).accepted
    assert [len(json.loads(body)["message"]) for body in server.bodies] == lengths


def test_a_message_that_is_refused_is_told_with_its_reason(notifier, serve):
    server = serve({"/hook-token-1234": (403, "no luck")})
    found = notifier(SMS=_at(server, "/hook-token-1234")).send("sms", "title", "body")
    assert not found.accepted
    assert found.said == (
        "channel sms: not accepted: Failed to send JSON POST notification: error=403. Its URL is taken from SMS."
    )


def test_a_service_that_is_away_is_a_refusal(notifier, closed_port):
    found = notifier(SMS=f"json://127.0.0.1:{closed_port}/hook").send("sms", "title", "body")
    assert (found.accepted, found.said) == (
        False,
        (
            "channel sms: not accepted: A Connection error occurred sending JSON notification to 127.0.0.1. "
            "Its URL is taken from SMS."
        ),
    )


def test_a_severity_goes_where_it_is_routed(notifier):
    notifier = notifier(SMS="json://x")
    assert notifier.routed("P0") == ["default", "sms"]
    assert notifier.routed("P1") == ["default"]
    assert (notifier.severities("default"), notifier.severities("sms")) == (["P0", "P1"], ["P0"])
    assert notifier.names == ["sms"]
    assert repr(notifier) == "Notifier(default, sms)"


def _said(kind, act):
    with pytest.raises(kind) as told:
        act()
    return str(told.value)


def test_what_cannot_be_sent_says_what_to_do(notifier):
    some = notifier(ALL="nonsense-s3cret-url")
    assert _said(Unsupported, lambda: some.send("sms", "t", "b")) == (
        "channel sms: its URL is taken from the environment variable SMS, which is not set."
    )
    assert _said(ConfigError, lambda: some.send("smss", "t", "b")) == (
        "target here has no channel 'smss'. Did you mean 'sms'? Channels: default, sms."
    )
    assert _said(Unsupported, lambda: some.send("pager", "t", "b")) == (
        "target here has no channel 'pager'. Channels: default, sms."
    )
    assert _said(ConfigError, lambda: some.send("default", "t", "b")) == (
        "channel default: its variable holds no URL that apprise knows: Unsupported URL: [redacted]"
    )
    none = notifier("[targets.here.components.api]\nurl = 'http://127.0.0.1'\n")
    assert _said(Unsupported, lambda: none.routed("P0")) == (
        'target here names no channel; give it one: [targets.here.notify] urls_env = "VARIABLE"'
    )


def test_without_the_extra_one_line_names_the_command(notifier, monkeypatch):
    monkeypatch.setattr(notifying, "find_spec", lambda name: None if name == "apprise" else find_spec(name))
    assert _said(ConfigError, lambda: notifier(SMS="json://x").send("sms", "t", "b")) == (
        "notifications need apprise: run pip install 'pytest-llmops[notify]'."
    )
