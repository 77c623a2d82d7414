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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_sandbox_that_has_not_started_ends_without_a_word(project, number):
    project.write("test_it.py", "def test_it(llm):\n    pass\n")
    temporary = project.path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        project.command("--llmops-target=sandbox:rag"),
        cwd=project.path,
        env=project.environ(TMPDIR=str(temporary)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        assert _wait(lambda: psutil.Process(run.pid).children(), 120)
        processes = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(number)
        out = run.communicate(timeout=120)[0]
    assert psutil.wait_procs(processes, WITHIN_S)[1] == []
    assert "ready in" not in out
    assert "BrokenPipe" not in out
    assert "Traceback" not in out
    assert _wait(lambda: not list(temporary.iterdir()), WITHIN_S)
