"""What a test restores into: for its owner alone, and gone with the test."""

import tempfile

import pytest
from click.testing import CliRunner

from pytest_llmops.cli import commands

pytest_plugins = ["pytester"]


def test_a_scratch_folder_is_private_and_goes_with_its_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        SEEN = []

        def test_it(scratch_folder):
            assert scratch_folder.stat().st_mode & 0o777 == 0o700
            (scratch_folder / "deep").mkdir()
            (scratch_folder / "deep/secret.txt").write_text("hunter22")
            (scratch_folder / "deep").chmod(0o500)
            SEEN.append(scratch_folder)
            raise ValueError("it goes also with a test that fails")

        def test_it_is_gone():
            assert not SEEN[0].exists()
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize("sign", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_it_goes_with_a_run_that_is_told_to_end(project, model, tmp_path, sign):
    project.target(model.url)
    project.write(
        "test_it.py",
        f"""
        import os, pathlib, signal, time

        def test_it(llm, scratch_folder):
            (scratch_folder / "secret.txt").write_text("hunter22")
            pathlib.Path("seen.txt").write_text(str(scratch_folder))
            os.kill(os.getpid(), signal.{sign})
            time.sleep(60)
        """,
    )
    run = project.run(environ={"TMPDIR": str(tmp_path)})
    assert run.status == 2, run.out
    seen = (project.path / "seen.txt").read_text()
    assert seen.startswith(str(tmp_path))
    assert list(tmp_path.glob("llmops-*")) == []


def test_where_a_run_is_killed_recover_removes_it_and_says_so(project, model, tmp_path, monkeypatch):
    project.target(model.url)
    project.write(
        "test_it.py",
        """
        import os, signal

        def test_it(llm, scratch_folder):
            (scratch_folder / "secret.txt").write_text("hunter22")
            os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    (temporary := tmp_path / "temporary").mkdir()
    assert project.run(environ={"TMPDIR": str(temporary)}).status == -9
    left = sorted(temporary.iterdir())
    assert len(left) == 2
    monkeypatch.chdir(project.path)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    shown = CliRunner().invoke(commands, ["recover", "--plan"]).output.splitlines()
    assert shown[:2] == [f"left by a process that was killed: {path}" for path in left]
    done = CliRunner().invoke(commands, ["recover"])
    removed = [f"removed, for a process that was killed left it: {path}" for path in left]
    assert done.exit_code == 0
    assert done.output.splitlines() == [*removed, "nothing is open: no run has changed anything here"]
    assert list(temporary.iterdir()) == []
