"""Containers of a real Docker Engine, read by the commands that profiles name."""

import subprocess

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.errors import CallFailed
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

from .containers import IMAGE, SEEN, engine
from .rig import PYTHON

PROJECT = "label=com.docker.compose.project=llmops"
LABELS = ["--label", PROJECT.removeprefix("label="), "--label"]
LIMIT = 64 * 2**20
FILE = """
[targets.here.components.containers]
list = "listed"
details = "details"
usage = "usage"
volumes = "volumes"
parts = {{ api = "api", gone = "gone" }}

[targets.here.components.app_command.commands]
listed.argv = [{docker}, "ps", "--all", "--filter", "{project}", "--format", "{{{{json .}}}}"]
details.argv = [{docker}, "inspect"]
usage.argv = [{docker}, "stats", "--no-stream", "--format", "{{{{json .}}}}"]
volumes.argv = [{docker}, "system", "df", "--verbose", "--format", "{{{{json .}}}}"]
"""


@pytest.fixture(scope="module")
def containers(tmp_path_factory):
    """The client of two containers: one that runs under a limit, and one that has ended."""
    folder = tmp_path_factory.mktemp("containers")
    with engine() as host:
        docker = ["docker", "-H", host]

        def run(*words):
            subprocess.run([*docker, *words], check=True, capture_output=True)

        seen = [word for place in SEEN for word in ("-v", f"{place}:{place}:ro")]
        sleeps = [*seen, "--network", "none", "-v", "llmops_data:/tmp", IMAGE, PYTHON, "-c"]
        made = ["run", "--detach", "--memory", str(LIMIT), "--name", "llmops-api-1"]
        run(*made, *LABELS, "com.docker.compose.service=api", *sleeps, "import time; time.sleep(600)")
        run("run", "--name", "llmops-gone-1", *LABELS, "com.docker.compose.service=gone", *sleeps, "pass")
        file = folder / "llmops.toml"
        file.write_text(FILE.format(docker=str(docker)[1:-1], project=PROJECT))
        target = load(file, "here", folder)
        try:
            yield connect(target, "containers", Ledger(folder / "ledger", target.table.budget))
        finally:
            run("rm", "--force", "--volumes", "llmops-api-1", "llmops-gone-1")
            run("volume", "rm", "llmops_data")


def test_what_runs_and_what_has_ended(containers):
    found = containers.parts()
    [api], [gone] = found["api"], found["gone"]
    assert (api.name, api.running, api.ready, api.restarts, api.limit_bytes) == ("llmops-api-1", True, True, 0, LIMIT)
    assert api.state.startswith("Up ")
    assert (gone.name, gone.running, gone.ready) == ("llmops-gone-1", False, False)
    assert gone.state.startswith("Exited (0) ")


def test_what_one_uses_of_its_limit(containers):
    [usage] = containers.usage("api")
    assert 0 <= usage.cpu_pct < 400
    assert 0 < usage.memory_pct < 100
    assert usage.limit_bytes == LIMIT
    assert [one.name for one in containers.usage()] == ["llmops-api-1"]


def test_what_lies_in_volumes(containers):
    assert set(containers.volumes("llmops")) == {"llmops_data"}


def test_what_has_ended_uses_nothing(containers):
    with pytest.raises(CallFailed, match="none of them runs"):
        containers.usage("gone")
