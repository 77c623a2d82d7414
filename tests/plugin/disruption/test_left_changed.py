"""An undo that fails is the loudest line there is; nothing disruptive runs until it is mended."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmops.plugin.exit_status import exit_status
from pytest_llmops.state.turn import Turn

from .conftest import KEY, THREE_STEPS

BREAKS = f"""
from pathlib import Path
{THREE_STEPS}
    Path("hands/redis.broken").touch()
"""
SIGNALS_LATE = """
import os, signal, pytest

@pytest.hookimpl(trylast=True)
def pytest_sessionfinish():
    os.kill(os.getpid(), signal.SIGTERM)
"""
ANOTHER_USERS = """
import os

stat = os.stat

def refusing(path, **words):
    if str(path).endswith(".holder"):
        raise PermissionError(13, "Permission denied", str(path))
    return stat(path, **words)

os.stat = refusing
"""
PLAIN = "\ndef test_plain(llmops_target):\n    pass\n"


@pytest.fixture
def stack(stack, project):
    project.write("test_it.py", BREAKS + PLAIN)
    return stack


@pytest.fixture
def said(stack):
    hand, here = stack.hand, stack.hand.parent.parent
    return [
        "UNDO FAILED: here is NOT as it was before test_it.py::test_three_steps",
        f"  redis (what '{hand} status redis' looks at) was running before kill, and is to be so again",
        f"    why not:  redis: {hand} start redis in {here} ended with 1; it said: start: no luck",
        f"    by hand:  (cd {here} && {hand} start redis)",
        "  then: llmops recover (it looks first; no disruptive test runs on here until it has)",
    ]


def test_it_is_the_last_word_and_fails_the_run(stack, quick, said):
    run = quick(KEY)
    assert run.status == 1
    assert run.lines[-5:] == said
    assert stack.seen() == {"openai": "running", "qdrant": "running", "redis": "stopped"}
    assert run.whole["exit_status"] == 1
    (left,) = run.whole["left_changed"]
    assert left == {
        "test": "test_it.py::test_three_steps",
        "component": "redis",
        "what": f"what '{stack.hand} status redis' looks at",
        "act": "kill",
        "state": "running",
        "why": said[2].removeprefix("    why not:  "),
        "by_hand": [said[3].removeprefix("    by hand:  ")],
    }
    check = next(check for check in run.whole["checks"] if check["test"] == "test_it.py::test_three_steps")
    assert (check["outcome"], check["category"], check["severity"]) == ("error", "left-changed", "critical")


def test_so_it_is_after_a_signal(stack, project, quick, said):
    project.write("test_it.py", f"import os, signal\n{BREAKS}    os.kill(os.getpid(), signal.SIGTERM)\n")
    run = quick(KEY)
    assert run.status == 2
    assert run.lines[-5:] == said


def test_a_signal_while_reports_are_written_does_not_silence_it(project, quick, said):
    project.write("conftest.py", SIGNALS_LATE)
    run = quick(KEY)
    assert run.lines[run.lines.index(said[0]) :][: len(said)] == said


def test_a_person_settles_what_cannot_be_brought_back(stack, quick, recover):
    assert quick(KEY).status == 1
    assert recover("--settled").status == 2
    settled = recover("--target", "here", "--settled")
    assert settled.status == 0
    assert settled.lines[-2:] == ["  redis stays as it is now, as settled by hand", "here is as it was, but for redis"]
    assert "did not take back" not in quick(KEY).out


def test_so_it_is_in_parallel(stack, project, said):
    run = project.run("-n", "1", KEY)
    assert run.status == 1, run.out
    assert run.lines[-5:] == said
    assert len(run.whole["left_changed"]) == 1


def test_the_next_disruptive_run_is_refused_until_it_is_mended(stack, quick, recover, said, project):
    assert quick(KEY).status == 1
    refused = quick(KEY)
    assert refused.status == 4
    assert re.fullmatch(
        r"ERROR: here is not as it was: process \d+ on [-\d]{10} [:\d]{8} \(test_it\.py::test_three_steps\) "
        rf"did not take back: kill redis \(what '{stack.hand} status redis' looks at\)\. "
        r"Nothing disruptive runs there until that is done: run llmops recover\.",
        next(line for line in refused.lines if line.startswith("ERROR")),
    )
    plain = quick()
    assert plain.status == 0
    assert [line for line in plain.lines if line.startswith("llmops: here is not as it was: process ")]

    failed = recover()
    assert failed.status == 1
    assert failed.lines[-5:-1] == said[:-1]
    assert failed.lines[-1] == (
        "  then: llmops recover, again (it looks first; no disruptive test runs on here until it has)"
    )
    shown = recover("--plan")
    assert shown.status == 1
    assert shown.lines[1:] == [
        f"  kill redis (what '{stack.hand} status redis' looks at): back to running",
        f"    {said[2].removeprefix('    why not:  ')}",
        f"    {said[3].strip().replace('by hand:  ', 'by hand: ')}",
    ]

    (stack.path / "redis.broken").unlink()
    mended = recover()
    assert mended.status == 0
    assert mended.lines[1:] == [
        f"  undoing kill of redis (what '{stack.hand} status redis' looks at): back to running",
        "here is as it was",
    ]
    assert stack.is_as_before()
    project.write("test_it.py", THREE_STEPS)
    assert quick(KEY).status == 0


def test_what_a_program_says_is_neither_shown_nor_kept_with_a_secret_in_it(stack, quick, recover, monkeypatch):
    monkeypatch.setenv("THE_KEY", "no luck")
    with (stack.project.path / "llmops.toml").open("a") as file:
        file.write('[targets.here.components.openai.auth]\nheader = "X-API-Key"\nenv = "THE_KEY"\n')
    run = quick(KEY, environ={"THE_KEY": "no luck"})
    assert run.status == 1, run.out
    done = recover()
    assert done.status == 1
    for text in (run.out, done.out, stack.journal.read_text()):
        assert "it said: start: [redacted]" in text
        assert "no luck" not in text


def test_a_plain_run_beside_a_folder_that_is_another_users(stack, quick, project):
    assert quick(KEY).status == 1
    project.write("conftest.py", ANOTHER_USERS)
    plain = quick()
    holder = stack.journal.with_suffix(".holder")
    assert plain.status == 0, plain.out
    assert (
        f"llmops: nobody can see here whether here is as it was: {holder.parent} cannot be looked into: "
        f"[Errno 13] Permission denied: '{holder}'."
    ) in plain.lines


def test_what_a_person_mended_needs_only_be_seen(stack, quick, recover):
    assert quick(KEY).status == 1
    (stack.path / "redis.broken").unlink()
    acts = [*stack.acts, "start redis"]
    subprocess.run([stack.hand, "start", "redis"], check=True)
    assert recover("--target", "here").status == 0
    assert stack.acts == acts


def test_recover_needs_neither_the_target_nor_its_tables(stack, quick, recover, project):
    assert quick(KEY).status == 1
    (stack.path / "redis.broken").unlink()
    project.write("llmops.toml", '[targets.other.components.api]\nurl = "nothing that holds"\n')
    assert recover().status == 0
    assert stack.is_as_before()


def test_a_damaged_journal_is_never_overwritten(stack, quick, recover):
    assert quick(KEY).status == 1
    text = stack.journal.read_text().splitlines(keepends=True)
    damaged = "".join([text[0], "{}\n", *text[2:]])
    stack.journal.write_text(damaged)
    refused = quick(KEY)
    assert refused.status == 4
    told = (
        f"{stack.journal}: line 2 is damaged (KeyError: 'entry'). It says how a change is taken back, so it is not "
        "overwritten, and nothing is guessed: look at it, bring the target back by hand, then remove the file."
    )
    assert f"ERROR: {told}" in refused.lines
    assert (recover().status, recover().lines) == (1, [f"Error: {told}"])
    assert stack.journal.read_text() == damaged


def test_a_test_of_its_own_accord_cannot_go_on_after_one_that_failed(stack, project, quick):
    project.write("test_later.py", "def test_later(change):\n    change.stop('openai')\n")
    run = quick(KEY)
    later = next(check for check in run.whole["checks"] if check["test"] == "test_later.py::test_later")
    assert later["outcome"] == "error"
    assert later["reason"].startswith("here is not as it was: process ")
    assert Path(stack.journal).exists()


@pytest.mark.parametrize(("pytests", "status"), [(0, 1), (1, 1), (5, 1), (2, 2), (3, 3)])
@pytest.mark.parametrize("gate", [None, "suspect"])
def test_no_run_that_leaves_a_target_changed_is_green(pytests, status, gate):
    assert exit_status(pytests, [], others_failed=False, gate=gate, left_changed=True) == status


def test_where_nothing_was_ever_changed_there_is_nothing_to_recover(project, recover):
    project.write("llmops.toml", "")
    done = recover()
    assert (done.status, done.out) == (0, "nothing is open: no run has changed anything here\n")
    assert not (project.path / ".llmops").exists()


def test_in_the_wrong_folder_nobody_can_tell(project, recover):
    done = recover()
    assert done.status == 1
    assert done.out == (
        f"Error: There is no llmops.toml in {project.path}, and no .llmops: nobody knows of any change here. Run it in "
        "the project's folder, or name the file: --config PATH.\n"
    )


def test_a_mistyped_target_is_not_well(stack, quick, recover):
    assert quick(KEY).status == 1
    done = recover("--target", "hera")
    assert (done.status, done.lines) == (1, [
        "Error: No change of 'hera' is open, and no target is called so. Did you mean 'here'? Open: here.",
    ])  # fmt: skip


@pytest.mark.parametrize("plan", [[], ["--plan"]], ids=["done", "planned"])
def test_a_target_that_is_none_is_not_well_where_nothing_is_open(project, recover, plan):
    project.write("llmops.toml", "[targets.here]\n")
    done = recover("--target", "hera", *plan)
    assert (done.status, done.lines) == (1, [
        "Error: No change of 'hera' is open, and no target is called so. Did you mean 'here'? Open: none.",
    ])  # fmt: skip
    assert recover("--target", "sandbox:voyageur", *plan).status == 0
    assert recover("--target", "here", *plan).status == 0


def test_another_target_of_the_file_has_nothing_open(stack, quick, recover):
    assert quick(KEY).status == 1
    with (stack.project.path / "llmops.toml").open("a") as file:
        file.write("[targets.there]\n")
    done = recover("--target", "there")
    assert (done.status, done.lines) == (0, ["nothing is open: all changes were taken back, of there"])


def test_a_damaged_journal_does_not_keep_others_from_being_recovered(stack, quick, recover):
    assert quick(KEY).status == 1
    damaged = stack.journal.with_name("a%2Fb.jsonl")
    damaged.write_text("{}\n")
    (stack.path / "redis.broken").unlink()
    done = recover()
    assert done.status == 1
    assert done.lines[0].startswith(f"Error: {damaged}: line 1 is damaged (KeyError: 'entry'). It says how")
    assert done.lines[-1] == "here is as it was"
    assert stack.is_as_before()
    assert recover("--target", "here").status == 0


def test_where_nobody_reads_what_it_says_it_is_done_all_the_same(stack, quick):
    assert quick(KEY).status == 1
    (stack.path / "redis.broken").unlink()
    command = [sys.executable, "-c", "from pytest_llmops.cli import main; main()", "recover"]
    with subprocess.Popen(command, cwd=stack.project.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        process.communicate(timeout=240)
    assert stack.is_as_before()
    assert not stack.journal.exists()


def test_a_plan_puts_nothing_away(stack, quick, recover):
    assert quick(KEY).status == 1
    (entry,) = [line for line in stack.journal.read_text().splitlines() if '"failed"' in line]
    with stack.journal.open("a") as journal:
        journal.write(entry.replace('"failed"', '"undone"') + "\n")
    done = recover("--plan")
    assert (done.status, done.lines) == (0, ["nothing is open: all changes were taken back"])
    assert stack.journal.exists()


def test_of_a_torn_first_line_the_lock_is_the_targets_own(stack, recover):
    stack.journal.parent.mkdir(parents=True)
    stack.journal.write_text('{"entry": "opened", "sch')
    turn = Turn(stack.project.path / ".llmops", "here")
    turn.take("test_it.py::test_three_steps", run="r")
    try:
        done = recover()
        assert done.status == 1
        assert done.lines[0].startswith("here is being changed by process ")
        assert stack.journal.exists()
    finally:
        turn.give_back()
    assert (recover().status, stack.journal.exists()) == (0, False)


def test_recover_says_what_is_wrong_with_the_state_table(project, recover):
    project.write("llmops.toml", "[state]\ndri = 'x'\n")
    done = recover()
    assert done.status == 1
    assert done.lines == ["Error: llmops.toml: [state] has an unknown key 'dri'. Did you mean 'dir'?"]
