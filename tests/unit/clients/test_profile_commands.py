"""The commands of the profiles as they are run on the real systems: what of them can be tried here."""

import json
import sys

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.failing_service import FailingService
from pytest_llmops.errors import CallFailed
from pytest_llmops.target import profiles
from pytest_llmops.target.surroundings import AppCommand

SYSTEMS = [name for name in profiles.names() if "app_command" in profiles.read(name).get("components", {})]
JSON_FILES = ("chapter_patterns", "extraction_profiles", "validation_rules", "metadata_keywords")
GATEWAY = """
import asyncio, json, urllib.error, urllib.request

class GatewayError(Exception):
    pass

class LLMGatewayClient:
    def __init__(self, base_url):
        self.base_url, self.timeout = base_url, 30.0
    async def __aenter__(self):
        return self
    async def __aexit__(self, *_):
        pass
    async def chat_completion(self, model, messages):
        for pause in (0, 0.02, 0.04):
            await asyncio.sleep(pause)
            try:
                urllib.request.urlopen(self.base_url + "/v1/chat/completions", b"{}")
            except urllib.error.HTTPError as error:
                said = GatewayError(f"Gateway API error: {error.code}")
        raise said
"""
SETTINGS = """
import os
from types import SimpleNamespace as N
from dotenv import load_dotenv
load_dotenv()
settings = N(
    llm=N(
        provider=os.getenv("LLM_PROVIDER", "anthropic"), temperature=float(os.getenv("LLM_TEMPERATURE", "0.2")),
        max_tokens=8192, api_key="kettle",
    ),
    cache=N(enabled=True), retry=N(max_attempts=2),
)
"""
DOTENV = """
import os
def load_dotenv():
    os.environ["LLM_PROVIDER"] = "gateway"
"""


def commands(name):
    return AppCommand.model_validate(profiles.read(name)["components"]["app_command"]).commands


@pytest.mark.parametrize("system", SYSTEMS)
def test_python_on_a_command_line_compiles(system):
    for command in commands(system).values():
        if "-c" in command.argv and "python" in command.argv[command.argv.index("-c") - 1]:
            compile(command.argv[command.argv.index("-c") + 1], " ".join(command.argv[:2]), "exec")


@pytest.fixture
def enhancer(target, ledger, tmp_path):
    """The commands of document-enhancer, run in a folder here by this Python."""
    for folder in ("config", "workflows/shared/clients", "docs/operations", "workflows/logs"):
        (tmp_path / folder).mkdir(parents=True)
    for name in JSON_FILES:
        (tmp_path / f"config/{name}.json").write_text('{"one": 1, "two": 2}')
    (tmp_path / "config/settings.py").write_text(SETTINGS)
    (tmp_path / "dotenv.py").write_text(DOTENV)
    (tmp_path / "workflows/shared/clients/llm_gateway.py").write_text(GATEWAY)
    named = {
        name: {"argv": [sys.executable if word == "python" else word for word in command.argv], "exit": command.exit}
        for name, command in commands("document-enhancer").items()
    }
    return connect(target(app_command={"commands": named}), "app_command", ledger)


def test_configuration_files(enhancer, tmp_path):
    assert enhancer.lines("config_files") == [
        "config/settings.py 5",
        *(f"config/{name}.json 2" for name in JSON_FILES),
    ]
    (tmp_path / "config/metadata_keywords.json").write_text("{}")
    with pytest.raises(CallFailed) as empty:
        enhancer.run("config_files")
    assert str(empty.value).endswith("it said: config/metadata_keywords.json: it is empty.")
    (tmp_path / "config/settings.py").write_text("import (")
    (tmp_path / "config/extraction_profiles.json").write_text('{"one" 1}')
    with pytest.raises(CallFailed) as broken:
        enhancer.run("config_files")
    said = str(broken.value).partition("it said: ")[2]
    assert [one.partition(": ")[0] for one in said.split("; ")] == [
        "config/settings.py",
        "config/extraction_profiles.json",
        "config/metadata_keywords.json",
    ]
    assert "(<unknown>, line 1)" in said
    assert "Expecting ':' delimiter: line 1 column 8 (char 7)" in said


def test_effective_settings(enhancer, monkeypatch):
    monkeypatch.setenv("LLM_PROVIDER", "openai")
    monkeypatch.setenv("LLM_TEMPERATURE", "0.9")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    found = enhancer.run("effective_settings")
    assert json.loads(found.output) == {
        "llm": {"provider": "anthropic", "temperature": 0.2, "max_tokens": 8192},
        "cache": {"enabled": True},
        "retry": {"max_attempts": 2},
    }
    assert "kettle" not in found.output


def test_a_client_that_tries_again(enhancer):
    with FailingService() as service:
        said = enhancer.json("gateway_retry", service.url)
    assert said == {"timeout_s": 30.0, "error": "Gateway API error: 503"}
    assert service.calls == 3


def test_a_monthly_report_that_is_empty(client, tmp_path):
    command = commands("voyageur")["monthly_report_written"]
    app = client("app_command", commands={"written": {"argv": command.argv}})
    file = tmp_path / "202612.json"
    with pytest.raises(CallFailed) as missing:
        app.run("written", str(file))
    assert "No such file or directory" in str(missing.value)
    file.touch()
    with pytest.raises(CallFailed) as empty:
        app.run("written", str(file))
    assert str(empty.value).endswith(f"it said: {file} is empty.")
    file.write_text("{}")
    assert float(app.run("written", str(file)).output) > 1e9


def test_documents_and_logs(enhancer, tmp_path):
    with pytest.raises(CallFailed):
        enhancer.run("documents")
    (tmp_path / "docs/TROUBLESHOOTING.md").write_text("")
    (tmp_path / "docs/operations/RUNBOOK.md").write_text("# Operations\n")
    assert enhancer.lines("documents") == ["13 docs/operations/RUNBOOK.md"]
    assert enhancer.lines("pipeline_logs") == []
    (tmp_path / "workflows/logs/llm_enhancement_20261201_090000.log").touch()
    [line] = enhancer.lines("pipeline_logs")
    assert float(line.split()[0]) > 1e9
    assert float(enhancer.lines("settings_written")[0]) > 1e9
    assert len(enhancer.lines("config_written")) == 5


def test_processes(enhancer):
    found = [line.split(None, 1) for line in enhancer.lines("processes")]
    assert any("pytest" in command for _, command in found)
    assert all(age.isdigit() for age, _ in found)
