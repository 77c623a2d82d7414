"""The embedded Prometheus' own rounds: one that goes wrong ends nothing."""

from types import SimpleNamespace

import pytest

from pytest_llmops.sandbox.scraping import Scraping
from pytest_llmops.target.embedded import Sandbox
from pytest_llmops.target.watchers import Prometheus


@pytest.fixture
def scraping():
    """One of a stack with nothing to scrape."""
    components = SimpleNamespace(prometheus=Prometheus())
    return Scraping(SimpleNamespace(components=components, addresses={}, faults={}, sandbox=Sandbox()))


def test_a_round_that_goes_wrong_is_told_once_and_the_next_one_comes(scraping, capsys):
    kept = scraping.memory.forget
    scraping.memory.forget = lambda _: 1 / 0
    scraping.survived_round()
    scraping.survived_round()
    said = capsys.readouterr().err
    assert said.count("sandbox: a round of Prometheus came to nothing, the next one is tried:\nTraceback") == 1
    assert said.endswith("ZeroDivisionError: division by zero\n\n")
    scraping.memory.forget = kept
    assert not scraping.lock.locked()
    scraping.survived_round()
    assert capsys.readouterr().err == ""
