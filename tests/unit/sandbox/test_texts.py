import time

import pytest

from pytest_llmops.sandbox import texts
from pytest_llmops.sandbox.texts import Texts


def test_time_that_a_process_spends(monkeypatch, clock):
    monkeypatch.setattr(texts, "_BEGAN", clock(texts).monotonic() - 10.01)
    assert Texts().written("{spent 50%}") == "5"
    assert Texts(pace=60).written("{spent 200%}") == "1201"
    assert Texts().written("{spent 0.0%} {spent}") == "0 {spent}"


@pytest.fixture
def in_new_york(monkeypatch):
    """This machine's clock is New York's."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_times_of_this_machine(in_new_york):
    noon = 1_764_590_400.0  # 2025-12-01 12:00 UTC
    assert Texts("local").written("{at -1h %H:%M:%S,%L %z}", at=noon) == "06:00:00,000 -0500"
    assert Texts().written("{at -1h %H:%M:%S,%L %z}", at=noon) == "11:00:00,000 +0000"
