"""What the crontab does every day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.crontab import Crontab


@pytest.mark.procedure("voyageur.cron.weekday-warm-up", fault="crontab:hourly")
@pytest.mark.procedure("voyageur.cron.weekday-warm-up", fault="crontab:skipping")
def test_models_are_warmed_on_weekdays(crontab: Crontab) -> None:
    """An entry of the crontab warms the models at 08:00 from Monday to Friday."""
    wrong = crontab.wrong("warm_up")
    assert not wrong, wrong
