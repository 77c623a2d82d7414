"""Maintenance windows: those of the runbook are configured, and what refuses disruptive tests obeys them."""

import datetime as dt

import pytest

from pytest_llmops.errors import CallFailed
from pytest_llmops.plugin.maintenance import Maintenance
from pytest_llmops.plugin.options import Options
from pytest_llmops.target.load import load
from pytest_llmops.target.windows import window

WEDNESDAY = dt.datetime(2026, 12, 2, 12, 0, tzinfo=dt.UTC)


class Said:
    """A runbook that names windows."""

    def __init__(self, **windows):
        self.windows = windows

    def window(self, name):
        if name not in self.windows:
            raise CallFailed("app_command", "bad-answer", f"runbook: it names no maintenance window {name!r}.")
        return window(self.windows[name])


@pytest.fixture
def maintenance(tmp_path):
    def maintenance(configured, **said):
        (tmp_path / "llmops.toml").write_text(
            f"[targets.staging.components.api]\nurl = 'http://api.example'\n"
            f"[targets.staging.disruption]\nwindows = {configured!r}\ntimezone = 'Europe/Berlin'\n"
        )
        target = load(tmp_path / "llmops.toml", None, tmp_path, {})
        options = Options(None, None, None, "off", None, False, False, False, (), "synthetic", None)
        return Maintenance(target, options, Said(**said), lambda: WEDNESDAY)

    return maintenance


def test_a_window_that_is_configured(maintenance):
    found = maintenance(["Sat 02:00-04:00"], weekly="Sat 02:00-04:00")
    assert found.named("weekly").lasts_s == 7200
    assert found.missing("weekly") == ""
    assert found.wrongly_judged("weekly") == []
    assert (
        found.refused_beside("weekly") == 5
    )  # before, after, half a day, a day, three days later; a week later it is open


def test_one_of_a_month_beside_one_of_a_week(maintenance):
    found = maintenance(
        ["Sun 02:00-04:00", "first Sun 02:00-06:00"], weekly="Sun 02:00-04:00", monthly="first Sun 02:00-06:00"
    )
    for name in ("weekly", "monthly"):
        assert found.missing(name) == ""
        assert found.wrongly_judged(name) == []
        assert found.refused_beside(name)


def test_another_is_configured(maintenance):
    found = maintenance(["Fri 13:00-18:00"], weekly="Sat 02:00-04:00")
    assert found.missing("weekly") == (
        "llmops.toml: [targets.staging.disruption] windows lacks 'Sat 02:00-04:00', which the runbook names; "
        "it has: Fri 13:00-18:00"
    )
    assert found.wrongly_judged("weekly") == ["Sat 2026-12-05 02:00 is refused", "Sat 2026-12-05 03:59 is refused"]


def test_none_is_configured(maintenance):
    found = maintenance([], weekly="Sat 02:00-04:00")
    assert found.missing("weekly").endswith("it has: none, so that a change may begin at any time")
    assert found.refused_beside("weekly") == 0


def test_the_runbook_names_none(maintenance):
    with pytest.raises(CallFailed):
        maintenance(["Sat 02:00-04:00"]).missing("weekly")


def test_windows_of_a_profile_do_not_bind_the_sandbox_that_stands_for_it(tmp_path):
    embedded = load(None, "sandbox:voyageur", tmp_path, {})
    assert embedded.windows.is_open(WEDNESDAY)
    assert not embedded.table.disruption.maintenance.is_open(WEDNESDAY)
    (tmp_path / "llmops.toml").write_text(
        "[targets.a]\nprofile = 'voyageur'\n[targets.a.components.api]\nurl = 'http://api.example'\n"
        "[targets.b]\nenvironment = 'sandbox'\n[targets.b.disruption]\nwindows = ['Sat 02:00-04:00']\n"
    )
    for name in ("a", "b"):
        assert not load(tmp_path / "llmops.toml", name, tmp_path, {}).windows.is_open(WEDNESDAY)
