"""A process that nobody calls is there when its control driver sees it run."""

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import ConfigError
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

TARGET = """
[targets.here.components.ollama]
url = "http://127.0.0.1:1"
[targets.here.components.workers.indexer.control]
driver = "command"
status = ["sh", "-c", "exit $(cat state)"]
[targets.here.components.workers.idle]
"""


@pytest.fixture
def indexer(tmp_path):
    """A function that says what preflight finds of the indexer whose ``status`` ends so."""

    def indexer(state):
        (tmp_path / "llmops.toml").write_text(TARGET)
        (tmp_path / "state").write_text(f"{state}\n")
        target = load(tmp_path / "llmops.toml", "here", tmp_path)
        client = connect(target, "indexer", Ledger(tmp_path / "ledger", target.table.budget))
        try:
            return preflight(client, 10)
        finally:
            client.close()

    return indexer


def test_one_that_runs(indexer):
    found = indexer(0)
    assert (found.ok, found.level) == (True, "runs")
    assert " looks at: runs after " in found.reason


def test_one_that_is_stopped_and_one_of_which_nobody_can_tell(indexer):
    stopped, unknown = indexer(3), indexer(1)
    assert (stopped.ok, stopped.failure, stopped.kind) == (False, "it is stopped", "unhealthy")
    assert (unknown.ok, unknown.kind) == (False, "connection")


def test_one_without_a_control_table_is_left_out(tmp_path):
    (tmp_path / "llmops.toml").write_text(TARGET)
    target = load(tmp_path / "llmops.toml", "here", tmp_path)
    assert list(target.table.components.configured()) == ["ollama", "indexer"]
    assert target.notes == ("llmops.toml: [targets.here] has no control for idle: left out",)


def test_a_name_is_had_once(tmp_path):
    (tmp_path / "llmops.toml").write_text(f"{TARGET}[targets.here.components.services.idle]\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "llmops.toml", "here", tmp_path)
    assert "idle: the name of a service and of a worker; call one of them otherwise" in str(caught.value)


def test_in_place_of_a_worker_of_the_real_system_the_sandbox_has_the_process_of_that_name(tmp_path):
    declared = TARGET.replace('url = "http://127.0.0.1:1"\n', "")
    head = '[targets.here]\nprofile = "ollama"\nenvironment = "sandbox"\n[targets.here.sandbox.processes.idle]\n'
    (tmp_path / "llmops.toml").write_text(head + declared)
    target = load(tmp_path / "llmops.toml", "here", tmp_path)
    assert list(target.table.components.configured()) == ["ollama", "idle"]
    assert target.notes == (
        "llmops.toml: [targets.here] is embedded, and the sandbox has no part for indexer: left out",
    )
