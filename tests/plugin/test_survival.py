"""Nothing of the sandbox outlives the run, whatever ends it."""

import signal
import subprocess
import time

import psutil
import pytest

WITHIN_S = 30.0


def _wait(until, within_s):
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and not until():
        time.sleep(0.05)
    return until()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_no_sandbox_is_left(project, tmp_path, number):
    project.write(
        "test_it.py",
        """
        import pathlib, time

        def test_it(llm):
            pathlib.Path(__file__).with_name("running").touch()
            time.sleep(600)
        """,
    )
    temporary = project.path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        project.command("--llmops-target=sandbox:openai-compatible"),
        cwd=project.path,
        env=project.environ(TMPDIR=str(temporary)),
        stdout=subprocess.DEVNULL,
    ) as run:
        assert _wait((project.path / "running").exists, 120)
        processes = psutil.Process(run.pid).children(recursive=True)
        assert len(processes) >= 2
        run.send_signal(number)
        run.wait(120)
    gone, alive = psutil.wait_procs(processes, WITHIN_S)
    assert alive == []
    assert len(gone) == len(processes)
    assert _wait(lambda: not list(temporary.iterdir()), WITHIN_S)
