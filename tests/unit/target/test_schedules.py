"""``[targets.NAME.schedule]`` as it is read, and what is refused."""

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.plugin.markers import SUITES as MARKERS
from pytest_llmops.target.load import load
from pytest_llmops.target.names import variables
from pytest_llmops.target.schedules import SUITES
from pytest_llmops.target.times import EXAMPLE

A = "[targets.a.components.api]\nurl = 'https://a.example'\n"


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "llmops.toml").write_text(A + text)
        return load(tmp_path / "llmops.toml", None, tmp_path, {})

    return read


def test_every_suite_can_be_planned():
    assert set(SUITES) == set(MARKERS)


def test_a_text_is_short_for_a_table(read):
    table = read(
        "[targets.a.schedule]\ntimezone = 'UTC'\ndaily = '0 9 * * *'\ndr = { at = '9:00', late = '2 h' }"
    ).table
    assert {name: (one.at, one.late) for name, one in table.schedule.planned.items()} == {
        "daily": ("0 9 * * *", None),
        "dr": ("9:00", 7200.0),
    }
    assert table.schedule.zone("dr") == "UTC"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("dayly = '9:00'", "[targets.a.schedule] has an unknown key 'dayly'. Did you mean 'daily'?"),
        ("daily = 9", f"[targets.a.schedule] daily: 9 says no times; {EXAMPLE}."),
        ("daily = 'Mno 9:00'", "[targets.a.schedule.daily] at: 'Mno 9:00': 'Mno' is no weekday. Did you mean 'Mon'?"),
        ("daily = { att = '9:00' }", "[targets.a.schedule.daily] has an unknown key 'att'. Did you mean 'at'?"),
        (
            "textfile = 'llmops.txt'",
            "[targets.a.schedule] textfile: node-exporter reads files that end in .prom, and no others; found",
        ),
        ("notify = true", "[targets.a]: schedule.notify = true and nobody to tell; name channels (notify.urls_env)"),
        (
            "timezone = 'Europe/Berln'",
            "[targets.a.schedule] timezone: 'Europe/Berln' is no time zone. Did you mean 'Europe/Berlin'",
        ),
    ],
)
def test_mistakes_are_named(read, line, said):
    with pytest.raises(ConfigError) as caught:
        read(f"[targets.a.schedule]\n{line}\n")
    assert said in str(caught.value)


def test_the_variables_that_a_scheduler_hands_over_are_named(read):
    target = read(
        "auth = { bearer = 'API_KEY', roles = { admin = 'ADMIN_KEY' } }\n[targets.a.notify]\nurls_env = 'CHAT'\n"
        "[targets.a.notify.alertmanager]\nurl = 'https://alerts.example'\nauth = { bearer = 'ALERTS_TOKEN' }\n"
        "[history]\nurl = 'postgresql://x@db/h'\npassword_env = 'DB_KEY'\n"
    )
    assert variables(target.table, target.config) == ["ADMIN_KEY", "ALERTS_TOKEN", "API_KEY", "CHAT", "DB_KEY"]
