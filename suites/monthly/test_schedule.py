"""What the crontab does every month, and what the last time came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.crontab import Crontab


@pytest.mark.procedure("voyageur.cron.monthly-report", fault="crontab:hourly")
@pytest.mark.procedure("voyageur.cron.monthly-report", fault="crontab:summary")
@pytest.mark.procedure("voyageur.cron.monthly-report", fault="crontab:unescaped")
def test_report_is_exported_on_the_first(crontab: Crontab) -> None:
    """An entry of the crontab exports the dashboard as JSON at 01:00 on the first of the month."""
    wrong = crontab.wrong("monthly_report")
    assert not wrong, wrong


@pytest.mark.procedure("voyageur.cron.monthly-report", fault="monthly_report_written:old")
@pytest.mark.procedure("voyageur.cron.monthly-report", fault="monthly_report_written:empty")
def test_report_of_the_month_is_there(crontab: Crontab) -> None:
    """The file of the current month was written when it was due, and is not empty."""
    stale = crontab.stale("monthly_report")
    assert not stale, stale
