"""What a test author imports from ``pytest_llmops``: there, described, typed, and paid for when it is used."""

import ast
import inspect
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import pytest_llmops
from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.clients.redis import Redis

ROOT = Path(__file__).parents[2]
TYPING = ROOT / "tests" / "typing"
NAMES = [
    "Alertmanager",
    "Api",
    "AppCommands",
    "AuditReview",
    "BudgetSpent",
    "CallFailed",
    "Capacity",
    "Certificates",
    "Change",
    "Channels",
    "ConfigError",
    "Configuration",
    "Containers",
    "ControlError",
    "Crontab",
    "Dependencies",
    "Diagnostics",
    "Documents",
    "Drill",
    "Drilled",
    "EffectiveSettings",
    "Entries",
    "Entry",
    "FailingService",
    "Figures",
    "Files",
    "Generation",
    "GoldenAnswers",
    "Grafana",
    "HealthReport",
    "KeyInventory",
    "Langfuse",
    "Lint",
    "Llm",
    "LlmopsError",
    "LoadResult",
    "LoadRun",
    "Logs",
    "Machine",
    "Maintenance",
    "Measure",
    "Measurement",
    "Ollama",
    "OpenAI",
    "OutsideWindow",
    "OwnTests",
    "PassGate",
    "Prometheus",
    "Prompt",
    "Ran",
    "Record",
    "Redis",
    "Reply",
    "Result",
    "Retrievals",
    "Retrieved",
    "Rollback",
    "RunbookDocument",
    "Scanner",
    "SecurityLog",
    "Stage",
    "Staged",
    "Status",
    "Stops",
    "SystemPackages",
    "Target",
    "TestsRan",
    "Traffic",
    "Triage",
    "Turn",
    "Ui",
    "Unreachable",
    "Unsupported",
    "Vacuous",
    "Vectors",
    "Workload",
]
PLUMBING = {"close", "levels", "metrics_answer", "require", "send"}
"""Public for the plugin, of no use to a test."""


def test_the_names_are_those():
    assert pytest_llmops.__all__ == [*NAMES, "__version__"]
    assert set(NAMES) < set(dir(pytest_llmops))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_class_that_says_what_it_is(name):
    found = getattr(pytest_llmops, name)
    assert inspect.isclass(found)
    assert found.__name__ == name
    assert found.__module__.startswith("pytest_llmops.")
    methods = [value for key, value in vars(found).items() if not key.startswith("_") and callable(value)]
    for described in (found, *methods):
        assert (described.__doc__ or "").strip(), described
    assert not found.__doc__.startswith(f"{name}("), "a dataclass's own signature describes nothing"


def test_an_unknown_name_brings_the_nearest():
    with pytest.raises(AttributeError) as raised:
        pytest_llmops.Olama  # noqa: B018
    assert str(raised.value) == "module 'pytest_llmops' has no attribute 'Olama'. Did you mean 'Ollama'?"
    with pytest.raises(AttributeError) as raised:
        pytest_llmops._Olama  # noqa: B018
    assert str(raised.value) == "module 'pytest_llmops' has no attribute '_Olama'."


def test_importing_the_package_imports_nothing_else():
    code = "import sys; before = set(sys.modules); import pytest_llmops; print(sorted(set(sys.modules) - before))"
    # -S: an editable install's own finder is no part of the question.
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("['pytest_llmops']\n", "")


def test_catching_an_error_imports_nothing_heavy():
    code = "import sys; from pytest_llmops import Unsupported; print({'httpx', 'pydantic', 'numpy'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def test_all_can_be_imported_by_star():
    found = {}
    exec("from pytest_llmops import *", found)
    assert set(NAMES) < set(found)


def test_every_public_call_stands_in_the_file_that_is_type_checked():
    tree = ast.parse((TYPING / "api.py").read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    clients = [found for name in NAMES if issubclass(found := getattr(pytest_llmops, name), OverHttp | Redis)]
    assert len(clients) >= 10
    calls = {
        f"{client.__name__}.{name}"
        for client in clients
        for name, value in inspect.getmembers(client, callable)
        if not name.startswith("_")
    }
    assert {call for call in calls if call.partition(".")[2] not in used | PLUMBING} == set()


@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed")
def test_mypy_finds_a_users_module_right_and_every_wrong_use_of_it_wrong():
    files = [TYPING / "api.py", TYPING / "wrong.py"]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--no-color-output", "--no-pretty", *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    said = re.findall(r"^tests/typing/(\w+)\.py:(\d+): error: .*\[([\w-]+)\]$", run.stdout, re.MULTILINE)
    expected = [
        ("wrong", str(number), code)
        for number, line in enumerate(files[1].read_text().splitlines(), 1)
        for code in re.findall(r"# error: ([\w-]+)", line)
    ]
    assert run.stderr == ""
    assert len(expected) >= 10
    assert sorted(said) == sorted(expected), run.stdout
