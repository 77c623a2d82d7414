"""The embedded sandbox as a target: started, addressed and ended with the run."""

from dataclasses import replace

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.control import embedded
from pytest_llmops.control.embedded import ENGINES, Sandbox, fault_table, placed
from pytest_llmops.errors import ConfigError
from pytest_llmops.plugin import command_line
from pytest_llmops.sandbox.engines import choice
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.component import Tls
from pytest_llmops.target.load import load
from pytest_llmops.target.models import TargetTable


def test_a_target_with_the_addresses_of_its_sandbox(tmp_path):
    declared = load(None, "sandbox", tmp_path, {"HOME": "/root"})
    urls = {"api": "http://127.0.0.1:1", "redis": "redis://127.0.0.1:2"}
    here = placed(declared, {"components": urls, "environ": {"KEY": "k"}, "knows": True, "root": "/r", "socket": "/s"})
    assert (here.component("api").url, here.component("redis").url) == ("http://127.0.0.1:1", "redis://127.0.0.1:2")
    assert here.component("api").routes == declared.component("api").routes
    assert here.environ == {"HOME": "/root", "KEY": "k"}
    assert (declared.component("api").url, declared.environ) == (None, {"HOME": "/root"})
    assert declared.table.embedded
    assert not here.table.embedded
    assert here.workload == declared.workload


def test_nothing_is_expected_of_a_sandbox_that_knows_nothing(tmp_path):
    declared = load(None, "sandbox", tmp_path, {})
    here = placed(declared, {"components": {}, "environ": {}, "knows": False, "root": "/r", "socket": "/s"})
    assert all(prompt.expect for prompt in declared.workload)
    assert [(p.id, p.text) for p in here.workload] == [(p.id, p.text) for p in declared.workload]
    assert not any(prompt.expect for prompt in here.workload)
    assert here.workload.digest == declared.workload.digest


def test_nor_of_what_was_reported(tmp_path):
    declared = load(None, "sandbox:agent-aiops", tmp_path, {})
    facts = {"components": {}, "environ": {}, "knows": False, "root": "/r", "socket": "/s", "command": ["print"]}
    here = placed(declared, facts)
    assert [(p.id, p.expect) for p in declared.reported] == [("card-retention", "never")]
    assert [(p.id, p.expect) for p in here.reported] == [("card-retention", "")]


def test_who_signs_its_certificate_is_trusted(tmp_path):
    declared = load(None, "sandbox", tmp_path, {})
    facts = {"environ": {}, "knows": True, "root": "/r", "socket": "/s", "command": ["print"]}
    facts |= {"components": {"api": "https://127.0.0.1:4"}, "authority": "/d/authority.pem"}
    assert placed(declared, facts).component("api").tls == Tls(ca="/d/authority.pem")


def test_the_engines_are_those_of_the_option():
    assert ENGINES == command_line.ENGINES == tuple(choice.ENGINES)


def test_a_sandbox_runs_until_it_is_stopped(tmp_path):
    declared = load(None, "sandbox:ollama", tmp_path, {})
    sandbox = Sandbox(declared)
    try:
        here = placed(declared, sandbox.facts)
        client = connect(here, "ollama", Ledger(tmp_path / "ledger", here.table.budget))
        assert preflight(client, 10).level == "generates"
    finally:
        sandbox.stop()
    found = preflight(client, 10)
    client.http.close()
    assert not found.ok
    assert ": GET /api/version was refused: nothing listens there" in found.reason


@pytest.mark.parametrize("engine", ENGINES)
def test_a_module_where_the_run_was_started_is_not_taken_for_a_package(tmp_path, monkeypatch, engine):
    if engine == "llama.cpp":
        pytest.importorskip("gguf")
        pytest.importorskip("xllamacpp")
    monkeypatch.chdir(tmp_path)
    for name in ("redis", "click", "xllamacpp"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('yours was imported')\n")
    sandbox = Sandbox(load(None, "sandbox:rag", tmp_path, {}), engine=engine)
    sandbox.stop()
    assert "redis" in sandbox.facts["components"]
    assert fault_table(load(None, "sandbox", tmp_path))


@pytest.mark.parametrize(("patience_s", "said"), [(0.0, ["slow"]), (300.0, [])])
def test_a_start_that_takes_long_is_said_once(tmp_path, monkeypatch, patience_s, said):
    monkeypatch.setattr(embedded, "SLOW_S", patience_s)
    heard = []
    sandbox = Sandbox(load(None, "sandbox:ollama", tmp_path, {}), slow=lambda: heard.append("slow"))
    sandbox.stop()
    assert (heard, "ollama" in sandbox.facts["components"]) == (said, True)


def test_what_the_sandbox_finds_wrong_is_said(tmp_path):
    with pytest.raises(ConfigError) as caught:
        Sandbox(load(None, "sandbox:ollama", tmp_path, {}), ["llm:slwo=2"])
    assert str(caught.value).startswith("sandbox: ")
    assert "llm:slwo" in str(caught.value)


def test_the_faults_are_listed_one_a_line(tmp_path):
    lines = fault_table(load(None, "sandbox", tmp_path)).splitlines()
    assert any(line.startswith("llm:slow") for line in lines)


def test_what_surrounds_a_target_is_placed_too(tmp_path):
    tables = {
        "profile": "none",
        "environment": "sandbox",
        "components": {
            "app_command": {"commands": {"report": {"argv": ["report", "--all"], "deadline": "10 min"}}},
            "files": {"root": "their"},
            "ui": {"root": "their"},
            "services": {"search": {"deadline": "9 s"}},
        },
    }
    declared = replace(load(None, "sandbox", tmp_path, {}), table=TargetTable.model_validate(tables))
    facts = {
        "components": {"search": "http://127.0.0.1:3", "ui": "http://127.0.0.1:4"},
        "environ": {},
        "knows": True,
        "socket": "/s",
        "root": "/sandbox/root",
        "command": ["python", "printing.py", "http://127.0.0.1:5"],
    }
    here = placed(declared, facts)
    report = here.component("app_command").commands["report"]
    assert report.argv == ["python", "printing.py", "http://127.0.0.1:5", "report", "report", "--all"]
    assert report.deadline == 10
    assert {here.component(name).root for name in ("app_command", "files", "ui")} == {"/sandbox/root"}
    assert (here.component("search").url, here.component("search").deadline) == ("http://127.0.0.1:3", 9)
    assert here.component("ui").url == "http://127.0.0.1:4"
    assert declared.component("files").root == "their"


def test_what_a_target_notifies_goes_to_the_sandbox(tmp_path):
    declared = load(None, "sandbox:agent-aiops", tmp_path, {"HOME": "/home"})
    facts = {
        "components": {},
        "environ": {},
        "knows": True,
        "root": "/r",
        "socket": "/s",
        "command": ["print"],
        "notify": "http://127.0.0.1:81/notify",
    }
    here = placed(declared, facts)
    assert dict(here.environ) == {
        "HOME": "/home",
        "AGENT_AIOPS_NOTIFY_EMAIL": "json://127.0.0.1:81/notify/email",
        "AGENT_AIOPS_NOTIFY_SLACK": "json://127.0.0.1:81/notify/slack",
        "AGENT_AIOPS_NOTIFY_SMS": "json://127.0.0.1:81/notify/sms",
    }
