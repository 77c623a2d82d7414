"""Operations on containers of a real Docker Engine: done, taken back, struck at every step; and a model's update."""

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmops.cli.recover import recover
from pytest_llmops.errors import LlmopsError

from ...conftest import SEED
from ...lightning import Lightning, System, hit, killed_at
from .stack_in_containers import deployed

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[3]
OPERATION = "release"
TABLES = """
[targets.staging.disruption]
allowed = true
[targets.staging.components.app_command]
root = "app"
[targets.staging.components.app_command.commands.migrate]
argv = ["PYTHON", "-c", "open('tables', 'a').write('v2')"]
[targets.staging.settings.version]
driver = "file"
file = "app/release.env"
pattern = "^VERSION=(.*)$"
[targets.staging.settings.comes_back]
driver = "program"
read = ["docker", "-H", "HOST", "inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", "API"]
write = ["docker", "-H", "HOST", "update", "--restart", "{value}", "API"]
[targets.staging.operations.release]
about = "Another version runs, and comes back by itself."
steps = [
    { do = "stop", on = "api" },
    { do = "check", on = "api", state = "away" },
    { do = "set", on = "version", to = "v2" },
    { do = "run", on = "migrate", remains = "the tables of v2" },
    { do = "set", on = "comes_back", to = "on-failure" },
    { do = "restart", on = "ollama" },
    { do = "start", on = "api" },
    { do = "check", on = "api", state = "healthy" },
    { do = "check", on = "comes_back", to = "on-failure" },
]
""".replace("PYTHON", sys.executable)
STEPS = 9
MIGRATE = 4
AT_MOST = 4
RELEASE = "# the release that runs\nVERSION=v1\n"
LEFT = "tables"
"""The file that the migration leaves, which nothing takes back."""
UPDATE = """
def test_update(model_update, measure, prompts):
    update = model_update()
    update.hold()
    assert update.pull().changed
    measure("update", update.after, lambda llm, prompt: llm.generate(prompt), prompts=prompts, against=update.before)
    update.accept()
"""
"""A model's update, as docs/operations.md has it."""


@pytest.fixture(scope="module")
def staging(tmp_path_factory):
    folder = tmp_path_factory.mktemp("staging")
    (folder / "app").mkdir()
    (folder / "app/release.env").write_text(RELEASE)
    with deployed(folder, TABLES) as target, closing(System(target, folder)) as one:
        one.before = one.looked_at()
        yield one


@pytest.fixture
def migrated(staging):
    """Whether the migration has left its file, which goes with the test; nothing else is left."""
    file = staging.root / LEFT
    yield file.exists
    assert {path.name for path in staging.root.iterdir()} <= {"release.env", LEFT}
    assert (staging.root / "release.env").read_text() == RELEASE
    file.unlink(missing_ok=True)


def test_it_is_done_and_taken_back(staging, migrated):
    assert all(staging.before["answers"].values()), staging.before
    operation, change = staging.operation(OPERATION, Lightning())
    done = operation.carry_out()
    assert len(done.steps) == STEPS
    assert {name: staging.setting(name) for name in done.values} == {"version": "v2", "comes_back": "on-failure"}
    assert (done.before, done.down_s > 0) == ({"version": "v1", "comes_back": "no"}, True)
    assert change.undo()
    assert staging.changed("files") == {}
    assert migrated()


@pytest.mark.parametrize(("step", "how"), hit(STEPS, AT_MOST, SEED))
def test_a_failure_at_any_step_leaves_all_as_it_was_or_says_what_stays(staging, migrated, step, how):
    operation, change = staging.operation(OPERATION, Lightning(step, how))
    with pytest.raises(LlmopsError, match="struck") as struck:
        operation.carry_out()
    assert change.undo()
    assert staging.changed("files") == {}
    assert migrated() is (step > MIGRATE or (step == MIGRATE and how == "after"))
    if how != "told":
        assert ("the tables of v2" in str(struck.value)) is (step >= MIGRATE)


@pytest.mark.parametrize("step", killed_at(STEPS, SEED))
def test_who_is_killed_is_recovered_from(staging, migrated, monkeypatch, step):
    words = ["staging", staging.target.root, OPERATION, str(step)]
    environ = dict(staging.target.environ)
    command = [sys.executable, "-m", "tests.struck", *words]
    killed = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert killed.returncode == -9, killed.stderr
    monkeypatch.chdir(staging.target.root)
    done = CliRunner().invoke(recover, [])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "staging is as it was")
    assert staging.changed("files") == {}
    assert migrated() is (step >= MIGRATE)


def model_update(staging):
    """Run the test of it: what pytest came to, its one check, and what was said."""
    folder = staging.target.root
    (folder / "test_update.py").write_text(UPDATE)
    words = ["--llmops-target=staging", "--llmops-allow-disruption=staging", "-p", "no:cacheprovider", "test_update.py"]
    environ = dict(staging.target.environ) | {"COLUMNS": "120"}
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    (check,) = json.loads((folder / "reports/run.json").read_text())["checks"]
    return done.returncode, check, done.stdout


def slower(staging, *faults):
    """Have the model server bring a build like that from now on: its container reads its order when it starts."""
    order = staging.target.root / "llm.json"
    order.write_text(json.dumps(json.loads(order.read_text()) | {"faults": list(faults)}))
    _, change = staging.operation(OPERATION, Lightning())
    change.restart("ollama")
    change.keep()
    assert change.undo()
    ends_at = time.monotonic() + 120
    while not staging.looked_at()["answers"]["ollama"]:
        assert time.monotonic() < ends_at


def builds(staging):
    return {one.name: one.digest for one in staging.client("ollama").models()}


def test_a_slower_build_is_rolled_back_and_an_equal_one_stays(staging):
    slower(staging, "llm:update-slower=1.5")
    before = builds(staging)
    status, check, said = model_update(staging)
    assert (status, check["outcome"], check["category"]) == (1, "failed", "regression"), said
    assert builds(staging) == before
    slower(staging)
    status, check, said = model_update(staging)
    assert (status, check["outcome"]) == (0, "passed"), said
    now = builds(staging)
    assert now.keys() == before.keys()
    assert len(now.items() - before.items()) == 1
    assert not staging.journal.path.exists()
