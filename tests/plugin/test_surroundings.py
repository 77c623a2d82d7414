"""A target's commands, files and further services as a test of somebody's finds them in the sandbox."""

import json

TARGET = """
[targets.mine]
environment = "sandbox"

[targets.mine.components.app_command.commands.report]
argv = ["their-report", "--all"]
output = "json"

[targets.mine.components.files]

[targets.mine.components.services.search.routes.models]
path = "/v1/models"

[targets.mine.sandbox.commands.report.ok]
output = '''
noise
{"status": "ok"}'''

[targets.mine.sandbox.files.reports.ok."reports/today.json"]
text = "{}"

[targets.mine.sandbox.services.search.routes."GET /v1/models"]
ok = { body = ["one"] }
"""

TESTS = """
from pathlib import Path


def test_command(app_command):
    assert app_command.json("report") == {"status": "ok"}


def test_files(llmops_target):
    assert (Path(llmops_target.table.components.files.root) / "reports/today.json").read_text() == "{}"


def test_service(services):
    assert services("search").call("models").ok().json() == ["one"]


def test_unproven(services):
    assert services.unproven("search").tried("models").status == 200


def test_another(services):
    services("other")


def test_another_unproven(services):
    services.unproven("other")
"""


COUNTED = """
def test_at_once(services):
    services("search").call("models").ok()

def test_by_a_name(services):
    search = services("search")
    for _ in range(3):
        search.call("models").ok()

def test_of_another(services):
    services("other").call("models")
"""


def outcomes(project, *words):
    project.write("llmops.toml", TARGET)
    project.write("test_it.py", TESTS)
    run = project.run("--llmops-target", "mine", *words)
    return {name: (check["outcome"], check["reason"]) for name, check in run.checks.items()}


def test_a_sandbox_stands_for_what_surrounds_a_target(project):
    found = outcomes(project)
    lacking = "unsupported: target mine has no service 'other'; it has: search."
    assert found == {
        "test_command": ("passed", ""),
        "test_files": ("passed", ""),
        "test_service": ("passed", ""),
        "test_unproven": ("passed", ""),
        "test_another": ("skipped", lacking),
        "test_another_unproven": ("skipped", lacking),
    }


def test_its_faults_are_those_of_the_target(project):
    found = outcomes(project, "--llmops-sandbox-fault", "report:garbage, search:down, reports:missing")
    assert {name: outcome for name, (outcome, _) in found.items() if outcome != "skipped"} == {
        "test_command": "failed",
        "test_files": "failed",
        "test_service": "error",
        "test_unproven": "failed",  # by its own assertion: the status of no answer is 0
    }


def test_calls_to_a_service_are_counted_before_they_are_made(project):
    project.write("llmops.toml", TARGET)
    project.write("test_it.py", COUNTED)
    project.run("--llmops-target", "mine", "--llmops-plan")
    plan = json.loads((project.reports / "plan.json").read_text())
    counted = {check["test"].partition("::")[2]: check["operations"] for check in plan["checks"]}
    assert counted == {"test_at_once": {"search.call": 1}, "test_by_a_name": {"search.call": 3}, "test_of_another": {}}
