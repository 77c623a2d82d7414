"""One change at a time on a target: who comes second is refused, and told who is at it."""

import re
import subprocess
import time

import pytest

from .conftest import KEY, THREE_STEPS

WAITS = f"""
import time
from pathlib import Path
{THREE_STEPS}
    Path("changed").touch()
    while not Path("go").exists():
        time.sleep(0.01)
"""


@pytest.fixture
def first(stack, project):
    """A run that has changed the target and waits."""
    project.write("test_it.py", WAITS)
    process = subprocess.Popen(
        project.command(KEY, "--llmops-report=elsewhere"),
        cwd=project.path, env=project.environ(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (project.path / "changed").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    yield process
    (project.path / "go").touch()
    process.communicate(timeout=240)


def test_the_second_of_two_runs_is_refused(first, stack, quick, recover, project):
    since = r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(test_it\.py::test_three_steps\)"
    at_it = rf"here is being changed by process {first.pid} {since}\. One change at a time: wait until it has ended\."
    second = quick(KEY)
    assert second.status == 4
    assert re.fullmatch(f"ERROR: {at_it}", next(line for line in second.lines if line.startswith("ERROR")))
    recovered = recover()
    assert recovered.status == 1
    assert re.fullmatch(f"{at_it} It is still running, and takes its changes back itself\\.", recovered.lines[1])
    shown = recover("--plan")
    assert shown.status == 1
    assert re.fullmatch(f"  still running: {at_it}", shown.lines[-1])
    assert stack.acts == ["stop openai", "pause qdrant", "kill redis"]
    (project.path / "go").touch()
    out, _ = first.communicate(timeout=240)
    assert first.returncode == 0, out
    assert stack.is_as_before()


def test_the_death_of_the_first_frees_it(first, stack, recover):
    first.kill()
    first.wait()
    assert recover().status == 0
    assert stack.is_as_before()
