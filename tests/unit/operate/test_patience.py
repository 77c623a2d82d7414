"""Waits for what watches a target: within a time of their own, and the run's budget."""

import pytest

from pytest_llmops.operate.patience import Patience
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.models import Budget


class Clock:
    def __init__(self):
        self.now = 0.0

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def waits(tmp_path):
    """Makes one over a clock of its own, and says what it said and what it cost."""

    def waits(holds, pause_s, within_s, budget_s=600.0, times=1):
        clock, said = Clock(), []
        ledger = Ledger(tmp_path / "ledger", Budget(seconds=budget_s))
        made = Patience(ledger, said.append, within_s, clock.sleep, lambda: clock.now)
        held = [made.until(lambda: clock.now >= holds, pause_s, "waiting") for _ in range(times)]
        return held, clock.now, said, ledger.spent().seconds

    return waits


@pytest.mark.parametrize(
    ("holds", "pause_s", "within_s", "budget_s", "times", "found"),
    [
        (0, 10, 60, 600, 1, ([True], 0, [], 0)),
        (25, 10, 60, 600, 1, ([True], 30, ["waiting, for at most 60 s"], 30)),
        (99, 10, 60, 600, 1, ([False], 60, ["waiting, for at most 60 s"], 60)),
        (99, 70, 60, 600, 1, ([False], 0, [], 0)),
        (99, 10, 60, 25, 1, ([False], 20, ["waiting, for at most 25 s"], 20)),
        (99, 10, 60, 600, 2, ([False, False], 60, ["waiting, for at most 60 s"], 60)),
    ],
    ids=["at once", "later", "never", "no pause fits", "budget", "one time for all"],
)
def test_a_wait_is_paid_and_ends(waits, holds, pause_s, within_s, budget_s, times, found):
    assert waits(holds, pause_s, within_s, budget_s, times) == found
