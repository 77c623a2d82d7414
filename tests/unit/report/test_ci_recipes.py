"""The recipes of docs/ci.md: valid, of options that exist, and the shell's does what it says."""

import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from pytest_llmops.plugin.command_line import add
from pytest_llmops.plugin.markers import SUITES
from pytest_llmops.target.load import load

from .schedules.test_files import published, read

PAGE = Path(__file__).parents[3] / "docs" / "ci.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def recipe(language, first=""):
    (found,) = [text for kind, text in BLOCKS if kind == language and text.startswith(first)]
    return found


def test_the_workflow_is_valid():
    workflow = read(recipe("yaml", "# .github/"))
    jsonschema.validate(workflow, published("github-workflows"))
    assert workflow["jobs"]["stable"]["needs"] == "canary"


def test_the_pipeline_is_valid():
    jsonschema.validate(yaml.safe_load(recipe("yaml", "# .gitlab-ci.yml")), published("gitlab-ci"))


def test_the_pipeline_deploys_what_was_pushed_alone_and_one_version_at_a_time():
    jobs = yaml.safe_load(recipe("yaml", "# .gitlab-ci.yml"))
    common = jobs.pop(".deploy")
    assert common == {
        "resource_group": "deploy",
        "rules": [{"if": '$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'}],
    }
    stages = jobs.pop("stages")
    assert {name: (job["extends"], job["stage"]) for name, job in jobs.items()} == {
        name: (".deploy", name) for name in stages
    }


@pytest.mark.parametrize(("status", "back"), [("success", False), ("failed", True), ("canceled", True)])
def test_the_pipeline_takes_back_what_was_not_green(tmp_path, status, back):
    (line,) = yaml.safe_load(recipe("yaml", "# .gitlab-ci.yml"))["canary"]["after_script"]
    (tmp_path / "deploy").write_text('#!/bin/sh\necho "$@" >>deploys\n')
    (tmp_path / "deploy").chmod(0o755)
    subprocess.run(
        ["sh", "-ec", line], cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "CI_JOB_STATUS": status}, check=True
    )
    assert (tmp_path / "deploys").exists() is back


def test_the_workflow_takes_back_what_ran_out_of_time_too():
    steps = read(recipe("yaml", "# .github/"))["jobs"]["canary"]["steps"]
    assert [one["if"] for one in steps if one.get("run") == "./deploy canary --back"] == ["failure() || cancelled()"]


def test_the_file_holds(tmp_path):
    file = tmp_path / "llmops.toml"
    file.write_text(recipe("toml"))
    assert {load(file, name, tmp_path, {"RAG_KEY": "x"}).name for name in ("canary", "stable")} == {"canary", "stable"}


class Group:
    """Notes the options that are added."""

    def __init__(self):
        self.names = set()

    def getgroup(self, *_words):
        return self

    def addoption(self, name, **_more):
        self.names.add(name)


def test_every_option_and_suite_exists():
    known = Group()
    add(known)
    commands = [line for kind, text in BLOCKS if kind != "toml" for line in text.splitlines() if "-m pytest" in line]
    assert len(commands) == 3
    for command in commands:
        assert set(re.findall(r"--llmops-[a-z-]+", command)) <= known.names
        assert set(re.findall(r" -m (\w+) --", command)) <= set(SUITES)


@pytest.mark.parametrize(
    ("verdict", "deploys"),
    [
        (0, ["canary v2", "stable v2"]),
        (1, ["canary v2", "canary --back"]),
        (10, ["canary v2", "canary --back"]),
        (11, ["canary v2"]),
        (12, ["canary v2", "canary --back"]),
        (13, ["canary v2", "canary --back"]),
    ],
)
def test_the_shell_promotes_what_is_green_alone(tmp_path, verdict, deploys):
    for name, text in {"deploy": 'echo "$@" >>deploys', "python": f"exit {verdict}"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "gate.sh").write_text(recipe("sh"))
    done = subprocess.run(
        ["sh", "gate.sh", "v2"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == verdict
    assert (tmp_path / "deploys").read_text().splitlines() == deploys
