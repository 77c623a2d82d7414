"""Severities, and who is told of them: data of the target that must fit together."""

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.secrets import in_notification
from pytest_llmops.target.severities import KINDS

A = "[targets.a.components.api]\nurl = 'http://x'\n"
P0 = "[[targets.a.severities]]\nname = 'P0'\nresponse = '15m'\n"
WHEN = "[[targets.a.severities.when]]\nsays = 'x'\n"
KNOWN = ", ".join(KINDS)


def _said(read, text):
    with pytest.raises(ConfigError) as told:
        read(f"{A}{text}")
    return str(told.value)


def test_severities_are_read_in_their_order(read):
    severities = read(f"{A}{P0}{WHEN}all_down = ['api']\n{P0.replace('P0', 'P1')}").table.severities
    assert [(one.name, one.response) for one in severities] == [("P0", 900.0), ("P1", 900.0)]
    assert severities[0].when[0].all_down == ["api"]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("", "none"),
        ("all_down = ['api']\nflag = 'x'\n", "all_down, flag"),
        ("level = 'warning'\n", "none"),
    ],
)
def test_a_condition_says_exactly_one_thing(read, keys, found):
    said = _said(read, f"{P0}{WHEN}{keys}")
    assert f"a condition is exactly one of {KNOWN}; found {found}" in said


@pytest.mark.parametrize("keys", ["flag = 'x'\n", "figure = 'x'\nbreach = '> 5 %'\n"])
def test_what_is_held_against_its_past_is_a_figure_without_another_limit(read, keys):
    said = _said(read, f"{P0}{WHEN}{keys}rise = 50\n")
    assert "rise goes with figure, and without breach: it is the figure's own past that is its limit" in said


def test_a_limit_of_its_own_belongs_to_a_figure(read):
    assert "breach goes with figure: the figure whose limit it is" in _said(
        read, f"{P0}{WHEN}flag = 'x'\nbreach = '> 25 %'\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{P0}{P0}", "severities must differ by name; twice here: P0"),
        (
            f"{P0}[targets.a.notify.channels.sms]\nurl_env = 'SMS'\nseverities = ['P9']\n",
            "notify.channels.sms.severities names 'P9'; the severities are: P0",
        ),
        (
            f"{P0}{WHEN}flag = 'data-loss'\n[targets.a.incident]\nflags = ['breach']\n",
            "incident.flags names 'breach', which makes no severity; those that do: data-loss",
        ),
        (
            "[targets.a.notify.channels.default]\nurl_env = 'X'\n",
            "'default' is the channel of urls_env; call this one otherwise",
        ),
    ],
)
def test_what_is_named_must_be_there(read, text, said):
    assert said in _said(read, text)


def test_a_channels_urls_are_secrets_with_the_tokens_in_them(read, tmp_path):
    text = f"{A}[targets.a.notify]\nurls_env = 'ALL'\n[targets.a.notify.channels.sms]\nurl_env = 'UNSET'\n"
    target = read(
        text, None, {"ALL": "mailto://ops:pass-word@mail.example slack://TokenAAAA/TokenBBBB/TokenCCCC?x=longvalue"}
    )
    assert target.known_secrets()["notify"] == [
        "mailto://ops:pass-word@mail.example",
        "pass-word",
        "slack://TokenAAAA/TokenBBBB/TokenCCCC?x=longvalue",
        "TokenAAAA",
        "TokenBBBB",
        "TokenCCCC",
        "longvalue",
    ]
    assert list(target.table.notify.all_channels) == ["default", "sms"]


@pytest.mark.parametrize(
    ("url", "tokens"),
    [
        ("json://alertmanager:9093/hooks?format=markdown&overflow=truncate", []),
        ("jsons://notifications/hooks/T0KENT0KEN?x-key=longvalue", ["T0KENT0KEN", "longvalue"]),
        ("json://operator:pass-word@notifications/staging-eu", ["operator", "pass-word"]),
        ("ntfys://ntfy.example/production/staging-eu/long-topic", ["long-topic"]),
        ("discord://1234567890/T0KENT0KEN", ["1234567890", "T0KENT0KEN"]),
        ("tgram://123456789:T0KENT0KEN/chat", ["123456789", "T0KENT0KEN"]),
        ("pover://USERUSER@T0KENT0KEN", ["USERUSER", "T0KENT0KEN"]),
    ],
)
def test_a_word_that_stands_everywhere_is_no_token(url, tokens):
    assert in_notification(url, plain={"production", "staging-eu"}) == [url, *tokens]


def test_a_topic_of_the_targets_name_is_shown(read):
    target = read(
        f"{A.replace('.a.', '.production.')}[targets.production.notify]\nurls_env = 'ALL'\n",
        None,
        {"ALL": "ntfy://x.example/production"},
    )
    assert target.redactor().clean("production") == "production"


def test_the_address_of_a_sandbox_is_no_secret():
    assert in_notification("json://localhost:8080/notify/sms", whole=False) == ["json://localhost:8080/notify/sms"]
