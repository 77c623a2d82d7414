"""The logs of the profiles' sandboxes are as the profiles' own tables say."""

import json
from dataclasses import replace

import pytest

from pytest_llmops.clients.log_lines import LineReader
from pytest_llmops.clients.logs import Logs
from pytest_llmops.sandbox.laying import lay
from pytest_llmops.sandbox.order import read
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load
from pytest_llmops.target.profiles import names

SYSTEMS = ("aegis-rag", "aegis-rag-compose", "agent-aiops", "document-enhancer", "enterprise-pipeline", "voyageur")


def sources(wanted):
    found = {system: load(None, f"sandbox:{system}", None).table.components.logs.sources for system in SYSTEMS}
    return [(system, name) for system, logs in found.items() for name in logs if wanted(logs[name])]


OTHER = {"message": "Agent failed", "exception": {"type": "ConnectionError", "message": "refused"}}


@pytest.fixture
def target(tmp_path):
    """A target of a profile's sandbox, whose files lie where its components look."""

    def target(system):
        declared = load(None, f"sandbox:{system}", tmp_path)
        order = declared.table.model_dump(mode="json", include={"components", "sandbox", "settings"})
        made = read(json.dumps({**order, "directory": str(tmp_path / "stack")})).stack
        lay(made)
        parts = declared.table.components
        rooted = parts.logs.model_copy(update={"root": str(made.root)})
        table = declared.table.model_copy(update={"components": parts.model_copy(update={"logs": rooted})})
        return replace(declared, table=table), made

    return target


def test_every_system_has_logs():
    assert set(SYSTEMS) < set(names())


@pytest.mark.parametrize(("system", "name"), sources(lambda source: source.files))
def test_files(target, tmp_path, system, name):
    declared, _ = target(system)
    found = Logs(declared, "logs", Ledger(tmp_path / "ledger", declared.table.budget)).entries(name)
    assert found.reading.total > 0
    assert (found.reading.unreadable, found.reading.undated, found.reading.cut) == (0, 0, ())
    pattern = declared.table.components.logs.sources[name].line
    if pattern is None or "(?P<message>" in pattern:  # of some logs the message is nothing to be kept
        assert all(entry.message for entry in found)


@pytest.mark.parametrize(("system", "name"), sources(lambda source: source.command))
def test_commands(target, system, name):
    declared, made = target(system)
    source = declared.table.components.logs.sources[name]
    cases = declared.table.sandbox.commands[source.command]
    assert (cases["ok"].output + cases["ok"].errors).strip()
    for printed in cases.values():
        if not (printed.output + printed.errors).strip():
            continue  # a log in which nothing stands
        reader = LineReader(source, name)
        lines = made.texts.written(printed.output + printed.errors).splitlines()
        entries = list(reader.entries(lines))
        assert entries
        assert reader.unreadable <= 1  # what is printed before the first line
        assert source.of_last or [
            entry for entry in entries if entry.at is not None
        ]  # a crash at its start has no time
        assert {entry.level for entry in entries} <= {"", "debug", "info", "warning", "error"}


def test_a_call_that_was_answered_in_prose_did_not_fail_and_one_that_was_cut_off_did(target, tmp_path):
    declared, _ = target("document-enhancer")
    calls = Logs(declared, "logs", Ledger(tmp_path / "ledger", declared.table.budget)).entries("llm_calls")
    assert [entry.level for entry in calls if entry.message.startswith("Invalid JSON")] == ["info"]
    failed = {entry.message for entry in calls.at_least("error")}
    assert failed == {"Request timed out.", "Error code: 429 - rate_limit_error", "Incomplete response: max_tokens"}


def test_prompts_are_not_read(target, tmp_path):
    declared, _ = target("agent-aiops")
    found = Logs(declared, "logs", Ledger(tmp_path / "ledger", declared.table.budget)).entries("llm_requests")
    asked = found.first_of_each("question")
    assert (len(found), len(asked)) == (36, 24)  # the agent asks its model twice for one of two questions
    assert {name: len(part) for name, part in asked.by("topic").items()} == {"deployment": 12, "errors": 12}
    assert {name: len(part) for name, part in asked.by("length").items()} == {"medium": 12, "short": 12}
    assert not any("deploy it" in str(entry) for entry in found)


@pytest.mark.parametrize(
    "said",
    [
        {"message": "x", "exception": {"type": "MemoryError", "message": ""}},
        {"message": "x", "exception": {"type": "_ArrayMemoryError", "message": "Unable to allocate 4 GiB"}},
        {"message": "x", "exception": {"type": "OutOfMemoryError", "message": ""}},
        {"message": "x", "exception": {"type": "RuntimeError", "message": "CUDA error: out of memory"}},
        {"message": "Out of memory: killed process 901"},
    ],
)
def test_whatever_tells_of_memory_that_ran_out_is_known(said):
    source = load(None, "sandbox:agent-aiops", None).table.components.logs.sources["app"]
    lines = [json.dumps({"timestamp": "2026-03-02T09:30:00", "level": "ERROR", **one}) for one in (said, OTHER)]
    assert [entry.fields["exhausted"] for entry in LineReader(source, "app").entries(lines)] == [True, False]
