"""Maintenance windows: those of the runbook are configured, and what refuses disruptive tests obeys them."""

import datetime as dt

import pytest

from pytest_llmops.errors import CallFailed, ConfigError, OutsideWindow
from pytest_llmops.plugin.keys import may_begin
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
    def maintenance(configured, only="", system="document-enhancer", **said):
        (tmp_path / "llmops.toml").write_text(
            f"[targets.staging]\nsystem = '{system}'\n[targets.staging.components.api]\nurl = 'http://api.example'\n"
            f"[targets.staging.disruption]\nwindows = {configured!r}\ntimezone = 'Europe/Berlin'\n{only}"
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


BOTH = ["Sun 02:00-04:00", "first Sun 02:00-06:00"]
NAMED = {"weekly": BOTH[0], "monthly": BOTH[1]}
ONLY = f"""only.weekly-maintenance = ["{BOTH[0]}"]
only.monthly-maintenance = ["{BOTH[1]}"]
"""


def test_one_of_a_month_beside_one_of_a_week(maintenance):
    found = maintenance(BOTH, ONLY, **NAMED)
    for name, beside in (("weekly", 5), ("monthly", 6)):  # on the second Sunday the weekly one is open, alone
        assert found.missing(name) == ""
        assert found.wrongly_judged(name) == []
        assert found.refused_beside(name) == beside


def test_steps_that_wait_for_no_window_of_their_own(maintenance):
    found = maintenance(BOTH, **NAMED)
    assert found.wrongly_judged("monthly") == [
        "what waits for 'first Sun 02:00-06:00' is let through on Sun 2026-12-13 02:00"
    ]
    assert found.wrongly_judged("weekly") == ["what waits for 'Sun 02:00-04:00' is let through on Sun 2026-12-06 04:00"]


def test_steps_of_the_only_section_that_has_a_window(maintenance):
    there = {"system": "agent-aiops", "weekly": "Sat 02:00-04:00"}
    found = maintenance(["Sat 02:00-04:00"], "anytime = ['sessions']\n", **there)
    assert (found.wrongly_judged("weekly"), found.refused_beside("weekly")) == ([], 5)
    found = maintenance(["Sat 02:00-04:00"], "anytime = ['sessions', 'maintenance']\n", **there)
    assert found.wrongly_judged("weekly")[0] == "a step of maintenance is let through on Sat 2026-12-05 01:59"
    assert found.refused_beside("weekly") == 0


def test_steps_that_wait_for_another(maintenance):
    swapped = ONLY.replace("weekly", "x").replace("monthly", "weekly").replace("x-", "monthly-")
    found = maintenance(BOTH, swapped, **NAMED)
    assert found.wrongly_judged("monthly") == []
    with pytest.raises(ConfigError) as strange:
        maintenance(BOTH, ONLY.replace("weekly-m", "wekly-m"), **NAMED).wrongly_judged("weekly")
    assert str(strange.value) == (
        "llmops.toml: [targets.staging.disruption.only]: 'wekly-maintenance' is no section of the runbook of "
        "document-enhancer. Did you mean 'weekly-maintenance' or 'pre-maintenance' or 'monthly-maintenance'?"
    )


def test_steps_that_wait_for_no_window_at_all(maintenance):
    found = maintenance(BOTH, ONLY + "anytime = ['down', 'monthly-maintenance']\n", **NAMED)
    windows = found.target.table.disruption.waited_for
    assert not windows(["document-enhancer.down.restart"]).windows
    assert not windows(["document-enhancer.down.restart", "document-enhancer.weekly-maintenance.logs"]).windows
    assert len(windows(["document-enhancer.stop.graceful"]).windows) == 2
    assert found.wrongly_judged("weekly") == []
    assert found.refused_beside("monthly") == 0
    with pytest.raises(ConfigError) as strange:
        maintenance(BOTH, "anytime = ['dwn']\n", **NAMED).wrongly_judged("weekly")
    assert str(strange.value).startswith(
        "llmops.toml: [targets.staging.disruption.anytime]: 'dwn' is no section of the runbook of document-enhancer."
    )


def test_a_section_that_waits_for_what_is_no_window(maintenance):
    with pytest.raises(ConfigError) as strange:
        maintenance(["Sun 02:00-04:00"], ONLY)
    assert str(strange.value).endswith(
        "only.monthly-maintenance waits for 'first Sun 02:00-06:00', which is none of windows: Sun 02:00-04:00."
    )
    with pytest.raises(ConfigError) as none:
        maintenance(BOTH, "only.monthly-maintenance = []\n")
    assert str(none.value).endswith(
        "only.monthly-maintenance names no window; leave it out, and any of windows will do."
    )


def test_a_step_waits_for_the_windows_of_its_section(maintenance):
    disruption = maintenance(BOTH, ONLY).target.table.disruption
    second_sunday = dt.datetime(2026, 12, 13, 2, 0, tzinfo=dt.UTC)
    for procedures, may in {
        (): True,
        ("document-enhancer.monthly-maintenance.dependency-updates",): False,
        ("document-enhancer.weekly-maintenance.log-rotation",): True,
        ("document-enhancer.post-maintenance.health",): True,
        ("document-enhancer.post-maintenance.health", "document-enhancer.monthly-maintenance.x"): False,
    }.items():
        assert disruption.waited_for(procedures).is_open(second_sunday) is may, procedures


def test_another_is_configured(maintenance):
    found = maintenance(["Fri 13:00-18:00"], weekly="Sat 02:00-04:00")
    assert found.missing("weekly") == (
        "llmops.toml: [targets.staging.disruption] windows lacks 'Sat 02:00-04:00', which the runbook names; "
        "it has: Fri 13:00-18:00"
    )
    assert found.wrongly_judged("weekly") == [
        "what waits for 'Sat 02:00-04:00' is refused on Sat 2026-12-05 02:00",
        "what waits for 'Sat 02:00-04:00' is refused on Sat 2026-12-05 03:59",
        "what waits for 'Sat 02:00-04:00' is refused on Sat 2026-12-12 02:00",
    ]


def test_none_is_configured(maintenance):
    found = maintenance([], weekly="Sat 02:00-04:00")
    assert found.missing("weekly").endswith("it has: none, so that a change may begin at any time")
    assert found.refused_beside("weekly") == 0


def test_the_runbook_names_none(maintenance):
    with pytest.raises(CallFailed):
        maintenance(["Sat 02:00-04:00"]).missing("weekly")


def test_windows_of_a_profile_do_not_bind_the_sandbox_that_stands_for_it(tmp_path):
    embedded = load(None, "sandbox:voyageur", tmp_path, {})
    assert embedded.windows().is_open(WEDNESDAY)
    assert not embedded.table.disruption.maintenance.is_open(WEDNESDAY)
    (tmp_path / "llmops.toml").write_text(
        "[targets.a]\nprofile = 'voyageur'\n[targets.a.components.api]\nurl = 'http://api.example'\n"
        "[targets.b]\nenvironment = 'sandbox'\n[targets.b.disruption]\nwindows = ['Sat 02:00-04:00']\n"
    )
    for name in ("a", "b"):
        assert not load(tmp_path / "llmops.toml", name, tmp_path, {}).windows().is_open(WEDNESDAY)


def test_a_change_may_begin_by_its_steps(maintenance):
    target = maintenance(BOTH, ONLY).target
    second_sunday = dt.datetime(2026, 12, 13, 1, 30, tzinfo=dt.UTC).timestamp()
    may_begin(target, second_sunday, ["document-enhancer.weekly-maintenance.window-gate"])
    with pytest.raises(OutsideWindow) as outside:
        may_begin(target, second_sunday, ["document-enhancer.monthly-maintenance.window-gate"])
    assert str(outside.value).endswith("so nothing more is changed; the next opens Sun 2027-01-03 02:00 CET.")
