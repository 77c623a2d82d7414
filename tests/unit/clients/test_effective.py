"""What is in effect: values, processes older than their settings, copies older than what they are of."""

import pytest

from pytest_llmops.clients.effective import EffectiveSettings, Process
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.target.runbook import Runbook

NOW = 1_000_000.0
SAID = {
    "settings": {"expect": {"llm.provider": "a", "cache.on": True, "n": 1}, "unread": {"WORKERS": "no code reads it."}},
    "restart": {"runs": r"serve\.py"},
}
PROCESSES = "  500 /sbin/init\n  20 python serve.py --port 1\n 300 python serve.py --port 2\n"


@pytest.fixture
def settings(app):
    def settings(said=SAID, **prints):
        return EffectiveSettings(app(**prints), Runbook.model_validate(said), lambda: NOW)

    return settings


def failure(act, kind=CallFailed):
    with pytest.raises(kind) as caught:
        act()
    return str(caught.value)


def test_values(settings):
    good = settings(effective_settings='loading\n{"llm": {"provider": "a"}, "cache": {"on": true}, "n": 1}\n')
    assert good.values() == {"llm": {"provider": "a"}, "cache": {"on": True}, "n": 1}
    assert good.value("llm.provider") == "a"
    assert good.wrong() == []
    assert good.unread() == ["WORKERS: no code reads it"]
    assert failure(lambda: good.value("llm.model")) == "settings: nothing stands at 'llm.model'."


def test_wrong_values(settings):
    bad = settings(effective_settings='{"llm": {"provider": "b"}, "cache": {"on": 1}, "n": true}')
    assert bad.wrong() == [
        "llm.provider is 'b', not 'a'",
        "cache.on is 1, not True",
        "n is True, not 1",
    ]
    assert failure(settings({}, effective_settings="{}").wrong, Unsupported) == (
        "settings: the target does not say what they must be; give it runbook.settings.expect."
    )


def test_processes(settings):
    assert settings(processes=PROCESSES).processes() == [
        Process(20.0, "python serve.py --port 1"),
        Process(300.0, "python serve.py --port 2"),
    ]
    assert failure(settings({}, processes="").processes, Unsupported) == (
        "settings: the target does not say who reads them; give it runbook.restart."
    )
    for said, shown in (("soon python", "soon python"), ("12", "12")):
        assert failure(settings(processes=said).processes) == (
            f"app_command: processes: lines are not 'seconds command': {shown}."
        )


def test_processes_older_than_their_settings(settings):
    assert settings(processes=PROCESSES, settings_written=str(NOW - 400)).stale() == []
    assert settings(processes=PROCESSES, settings_written=str(NOW - 100)).stale() == [
        "'python serve.py --port 2' runs for 5 min, and the settings are 100 s old"
    ]
    assert failure(settings(processes="5 /sbin/init", settings_written="1").stale, Vacuous) == (
        r"settings: no process of 'serve\\.py' runs, and the next one reads them when it starts."
    )


def test_copies(settings):
    written = f"{NOW - 900} config/a.json\n{NOW - 500} config/b.json\n"
    assert (
        settings(config_written=written, config_backups=f"{NOW - 500} b.tgz\n{NOW - 800} a.tgz").not_backed_up() == ""
    )
    assert settings(config_written=written, config_backups=f"{NOW - 600} a.tgz").not_backed_up() == (
        "settings: they were changed 100 s after their newest copy was made"
    )
    assert failure(settings(config_written=written, config_backups="").not_backed_up) == (
        "app_command: config_backups: printed no time in epoch seconds: (nothing)."
    )
    assert failure(settings(config_written="find: no", config_backups="1").not_backed_up) == (
        "app_command: config_written: printed no time in epoch seconds: find: no."
    )
