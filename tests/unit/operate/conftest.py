import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load


@pytest.fixture
def read(tmp_path):
    """Loads a target from the text of an llmops.toml."""

    def read(text, environ=None):
        file = tmp_path / "llmops.toml"
        file.write_text(text)
        return load(file, None, tmp_path, environ or {})

    return read


@pytest.fixture
def ledger(tmp_path):
    def ledger(target):
        return Ledger(tmp_path / "ledger", target.table.budget)

    return ledger


@pytest.fixture
def clients(ledger):
    """A function that gives a target's clients; they are closed with the test."""
    opened = {}

    def clients(target):
        def client(component):
            if component not in opened:
                opened[component] = connect(target, component, ledger(target))
            return opened[component]

        return client

    yield clients
    for client in opened.values():
        client.close()
