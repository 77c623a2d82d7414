"""``pytest -m incident`` with the model server down: the severity, the bundle, the report, and no secret."""

import json

import pytest

from ..conftest import SEED, WHOLE

pytestmark = pytest.mark.acceptance

CASES = {
    "voyageur": ("llm:down", "P1", "component ollama"),
    "document-enhancer": ("gateway:down", "P2", "component gateway"),  # its models are behind the gateway
    "agent-aiops": ("llm:down", "Critical", "component ollama"),
    "enterprise-pipeline": ("llm:down", "CRITICAL", "component openai"),
    "aegis-rag": ("llm:down", "P1", "component ollama"),
}


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("system", CASES if WHOLE else [[*CASES][SEED % len(CASES)]])
def test_one_command_says_how_bad_it_is_and_leaves_bundle_and_report(suite, system):
    fault, severity, failed = CASES[system]
    run = suite("-m", "incident", "--llmops-target", f"sandbox:{system}", "--llmops-sandbox-fault", fault)
    incident = run.whole["incident"]
    assert incident["severity"] == severity, run.out
    assert failed in incident["evidence"]
    assert incident["took_s"] < 120
    folder = run.reports / incident["folder"]
    left = files(folder)
    index = json.loads(left["index.json"])
    assert {part["file"] for part in index["files"]} | {"index.json", "incident-report.md"} == set(left)
    assert all(part["why"] for part in index["lacking"])
    report = left["incident-report.md"]
    for said in (f"**Severity:** {severity}", failed, "## Actions taken", "diagnostics collected in", "## Next steps"):
        assert said in report
    assert f"bundle and report: {folder}" in run.out


@pytest.mark.parametrize("stack", [["--profile", "enterprise-pipeline", "--fault", "llm:down"]], indirect=True)
def test_no_key_is_left_in_anything_that_was_written(suite, stack):
    run = suite("suites/incident", "--llmops-config", stack.file, environ=stack.keys)
    assert run.whole["incident"]["severity"] == "CRITICAL", run.out
    written = files(run.reports)
    assert any(name.endswith("incident-report.md") for name in written)
    for variable, value in stack.keys.items():
        assert len(value) > 8, variable
        assert [name for name, text in written.items() if value in text] == []
        assert value not in run.out
