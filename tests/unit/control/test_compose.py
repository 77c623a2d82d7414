"""A Compose service of several containers: how it is where they differ."""

import pytest

from pytest_llmops.control.compose import together
from pytest_llmops.control.driver import Status

RUNS, PAUSED = Status("running", "b", "running", 1), Status("paused", "a", "paused", 0)
DOWN, RESTARTING = Status("stopped", "", "exited", 0), Status("running", "", "restarting", 4, settled=False)


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        ([RUNS], RUNS),
        ([RESTARTING], RESTARTING),
        ([RUNS, RUNS], Status("running", "b b", "2 of 2 containers: running; running", 2)),
        ([DOWN, DOWN], Status("stopped", "", "0 of 2 containers: exited; exited", 0)),
        ([RUNS, DOWN], Status("running", "b", "1 of 2 containers: running; exited", 1, settled=False)),
        ([RUNS, PAUSED], Status("running", "a b", "2 of 2 containers: running; paused", 1, settled=False)),
        ([DOWN, PAUSED], Status("paused", "a", "1 of 2 containers: exited; paused", 0, settled=False)),
    ],
)
def test_a_service_is_on_its_way_until_its_containers_agree(seen, status):
    assert together(seen) == status
