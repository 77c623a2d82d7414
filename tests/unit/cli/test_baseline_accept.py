"""What accepting refuses, what it takes all the same, and what it leaves as it was."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from resource import RLIMIT_FSIZE, setrlimit

import pytest

from pytest_llmops.judge.benchmark_json import load

REPLACE = "If this is the new normal: --replace. The older runs stay on disk, and are no longer compared."
FORCE = (
    "If both are normal: --force, and let --reason say why. They are compared with together, which makes every verdict "
    "less sharp."
)


@pytest.fixture
def accept(llmops):
    """Accepts as ada, because of nothing much; gives exit status and the lines after the table."""

    def accept(*words):
        status, said = llmops("baseline", "accept", "--reason", "because", "--by", "ada", *words)
        return status, said.splitlines()

    return accept


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "baselines" / "staging"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*")} if folder.exists() else {}


def ratios(llmops):
    """The times slower of the newest candidate's metrics."""
    lines = [line.split() for line in llmops("baseline", "diff")[1].splitlines()]
    start = next(place for place, words in enumerate(lines) if words[:1] == ["metric"])
    return {
        words[0]: words[5] for words in lines[start + 1 :] if words and words[-1] in {"ok", "regression", "improvement"}
    }


def test_a_run_that_disagrees_with_those_it_joins_is_refused_with_the_cures(accept, file, record, folder):
    for day in range(3):
        assert accept(record(0.1, day=day))[0] == 0
    before = contents(folder)
    slow = record(0.19, day=3)
    status, said = accept(slow)
    assert status == 1
    assert said[-4:] == [
        "Error: nothing was accepted, for these runs disagree:",
        (
            f"  latency: {slow.name} is 1.90 times slower than the median of the others; runs of one normal differ by "
            "1.22 at most"
        ),
        REPLACE,
        FORCE,
    ]
    assert contents(folder) == before


def test_candidates_that_disagree_among_themselves_are_refused(accept, file, record, folder):
    one, other = record(0.1), record(0.2, day=1)
    status, said = accept(one, other)
    assert (status, said[-3:]) == (
        1,
        [
            "Error: nothing was accepted, for these runs disagree:",
            f"  latency: {other.name} is 2.00 times slower than {one.name}; runs of one normal differ by 1.20 at most",
            FORCE,
        ],
    )
    assert contents(folder) == {}
    assert accept("--replace", one, other)[0] == 1


def test_the_new_normal_replaces_the_old_for_what_it_measured(accept, llmops, file, record, folder):
    for day in range(2):
        accept(record({"latency": 0.1, "other": 0.3}, day=day))
    before = contents(folder)
    assert accept("--replace", record(0.2, day=2), record(0.202, day=3))[0] == 0
    assert contents(folder).items() > before.items()
    assert [load(path).accepted.replaces for path in sorted(folder.iterdir())] == [0, 0, 2, 2]
    record({"latency": 0.2, "other": 0.3}, day=4)
    assert ratios(llmops) == {"latency": "1.00", "other": "1.00"}
    assert accept()[0] == 0
    assert (
        llmops("baseline", "show", "3")[1].splitlines()[1].endswith(" by ada: because (replaces the runs up to 0002)")
    )
    assert "because (replaces the runs up to 0002)" in llmops("baseline", "list")[1]


def test_what_is_replaced_may_be_like_another_model_still(accept, llmops, file, record):
    accept(record(0.1))
    accept("--replace", record(0.3, day=1, model="m2"))
    record(0.1, day=2)
    assert ratios(llmops) == {"latency": "1.00"}


def test_the_first_run_replaces_nothing(accept, file, record, folder):
    assert accept("--replace", record(0.1))[0] == 0
    (path,) = folder.iterdir()
    assert json.loads(path.read_text())["llmops"]["accepted"].keys() == {"reason", "by", "at", "commit", "from"}


def test_both_may_be_normal_by_force_and_the_file_says_so(accept, llmops, file, record, folder):
    accept(record(0.1))
    status, said = accept("--force", record(0.2, day=1))
    assert status == 0
    assert said[-1] == (
        "forced: latency: staging-20260303T093000.json is 2.00 times slower than 0001; runs of one normal differ by "
        "1.20 at most"
    )
    assert [load(path).accepted.forced for path in sorted(folder.iterdir())] == [False, True]
    assert (
        llmops("baseline", "show")[1]
        .splitlines()[1]
        .endswith(" by ada: because (forced: it disagrees with the runs that it joins)")
    )


def test_a_run_of_which_many_calls_failed_is_accepted_only_by_force(accept, llmops, file, record, folder):
    path = record({"latency": 0.1, "latency.ttft": 0.05}, calls=47, failures=3)
    sentence = (
        f"latency: 3 of 50 calls failed in {path.name}; above 5% those that are left would flatter (survivorship)"
    )
    status, said = accept(path)
    assert (status, said[-4:]) == (
        1,
        [
            "Error: nothing was accepted, for too many calls failed:",
            f"  {sentence}",
            "Mend what made them fail, and record anew.",
            (
                "If so many always fail: --force, and let --reason say why. Whatever is compared with this run stays "
                "inconclusive."
            ),
        ],
    )
    assert contents(folder) == {}
    assert accept("--replace", path)[0] == 1
    status, said = accept("--force", path)
    assert (status, said[-1]) == (0, f"forced: {sentence}")
    assert load(next(folder.iterdir())).accepted.forced
    assert (
        llmops("baseline", "show")[1]
        .splitlines()[1]
        .endswith(" by ada: because (forced: too many of its calls failed)")
    )


def test_one_call_in_twenty_may_fail_and_more_where_thresholds_alone_judge(accept, file, record, folder):
    assert accept(record(0.1, calls=57, failures=3))[0] == 0
    file.write_text(f'{file.read_text()}\n[targets.staging.baseline]\nrecorded = ["lat*"]\n')
    assert accept(record(0.1, day=1, calls=30, failures=30))[0] == 0
    assert [load(path).accepted.forced for path in sorted(folder.iterdir())] == [False, False]


def test_force_is_not_recorded_where_nothing_had_to_be_forced(accept, file, record, folder):
    accept(record(0.1))
    accept("--force", record(0.1, day=1))
    assert [load(path).accepted.forced for path in sorted(folder.iterdir())] == [False, False]


def test_metrics_that_thresholds_alone_judge_may_differ(accept, file, record):
    file.write_text(f'{file.read_text()}\n[targets.staging.baseline]\nrecorded = ["lat*"]\n')
    accept(record(0.1))
    assert accept(record(0.5, day=1))[0] == 0


def test_a_target_whose_runs_differ_says_so_once(accept, file, record):
    file.write_text(f"{file.read_text()}\n[targets.staging.baseline]\ntau0 = 0.3\n")
    accept(record(0.1))
    assert accept(record(0.2, day=1))[0] == 0


def test_an_artifact_of_a_ci_job_is_accepted_by_its_path(accept, file, record, tmp_path, folder):
    artifact = tmp_path / "Downloads" / "llmops reports.json"
    artifact.parent.mkdir()
    shutil.move(record(0.1), artifact)
    before = artifact.read_bytes()
    status, said = accept(artifact)
    assert (status, said[-1]) == (0, f"accepted: {artifact} as {folder}/0001_20260302T093000Z.json")
    assert artifact.read_bytes() == before
    assert load(folder / "0001_20260302T093000Z.json").accepted.source == "llmops reports.json"


UNREADABLE = (
    "Error: {path} is damaged: it is no readable JSON ({why}). Restore it from version control, or delete it and "
    "accept a new run; it was not changed."
)
FOREIGN = (
    "Error: {path} is not a baseline of pytest-llmops: it has no 'llmops' table. Move it out of the baselines; it was "
    "not changed."
)
SECOND = {
    "damaged": UNREADABLE.replace("{why}", "Expecting value: line 1 column 1 (char 0)"),
    "twice": (
        "Error: {path} is given twice, or recorded at the same moment as another that is given; twice the same one "
        "would pass for two that agree."
    ),
    "accepted": (
        "Error: {path} is a baseline already, accepted by ada on {today}. Name a candidate, as --llmops-baseline "
        "record writes it."
    ),
    "empty": "Error: nothing to record for staging: no call succeeded in any measurement",
}


@pytest.mark.parametrize("wrong", SECOND)
def test_where_the_second_is_refused_the_first_is_not_accepted(accept, file, record, tmp_path, folder, wrong):
    assert accept(record(0.1))[0] == 0
    accepted = next(folder.iterdir())
    first, second = record(0.1, day=1), record(0.1, day=2)
    if wrong == "damaged":
        second.write_text("")
    elif wrong == "empty":
        second.write_text(json.dumps({**json.loads(second.read_text()), "benchmarks": []}))
    second = {"twice": first, "accepted": accepted}.get(wrong, second)
    before = contents(folder), second.read_bytes()
    status, said = accept(first, second)
    today = f"{load(accepted).accepted.at:%Y-%m-%d}"
    assert (status, said[-1]) == (1, SECOND[wrong].format(path=second, today=today))
    assert (contents(folder), second.read_bytes()) == before
    assert accept(first)[0] == 0


def test_where_the_second_cannot_be_written_the_first_is_taken_back(file, record, tmp_path, folder):
    small, large = record(0.1), record(0.1, day=1, calls=2000)
    words = ["baseline", "accept", "--reason", "because", "--by", "ada", small, large]
    done = subprocess.run(
        [Path(sys.executable).with_name("llmops"), *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # modules would be cut too, and stay so
        preexec_fn=lambda: setrlimit(RLIMIT_FSIZE, (8192, 8192)),  # as on a full disk
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        f"Error: nothing was accepted: {folder} cannot be written to ([Errno 27] File too large)\n",
    )
    assert contents(folder) == {}


DAMAGE = {
    "cut": (lambda whole: whole[: len(whole) // 2], UNREADABLE),
    "foreign": (lambda whole: b'{"benchmarks": []}', FOREIGN),
    "binary": (lambda whole: b"\x89PNG\r\n", UNREADABLE),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("command", ["list", "show", "diff", "accept"])
def test_a_damaged_baseline_stops_every_command_and_stays_as_it_is(
    accept, llmops, file, record, folder, damage, command
):
    change, text = DAMAGE[damage]
    accept(record(0.1))
    (path,) = folder.iterdir()
    path.write_bytes(change(path.read_bytes()))
    before = contents(folder)
    record(0.1, day=1)
    status, said = accept() if command == "accept" else llmops("baseline", command)
    said = said if isinstance(said, list) else said.splitlines()
    try:
        json.loads(path.read_text("utf-8"))
        why = ""
    except ValueError as error:
        why = str(error)
    assert (status, said[-1]) == (1, text.format(path=path, why=why))
    assert contents(folder) == before
