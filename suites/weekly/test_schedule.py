"""What the crontab does every week, and what the last time came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.crontab import Crontab
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("voyageur.cron.weekly-comprehensive-test", fault="crontab:as-written")
def test_comprehensive_test_runs_on_mondays(crontab: Crontab) -> None:
    """An entry of the crontab runs the integration suite on Monday at 06:00, from the folder that it needs."""
    wrong = crontab.wrong("weekly_test")
    assert not wrong, wrong


@pytest.mark.procedure("voyageur.cron.weekly-comprehensive-test", fault="weekly_test_written:old")
def test_comprehensive_test_ran_this_week(crontab: Crontab) -> None:
    """The log of its last run is no older than eight days."""
    stale = crontab.stale("weekly_test")
    assert not stale, stale


@pytest.mark.procedure("voyageur.cron.weekly-comprehensive-test", fault="weekly_test_log:failed")
def test_comprehensive_test_passed(crontab: Crontab, record: Record) -> None:
    """The log of its last run reports success."""
    found = crontab.outcome("weekly_test")
    record("passed_tests[weekly]", found.passed, "tests")
    record("failed_tests[weekly]", found.failed, "tests", of=", ".join(found.names))
