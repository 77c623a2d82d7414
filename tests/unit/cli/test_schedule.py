"""``llmops schedule`` and ``llmops run``: what they show, write and refuse."""

import datetime as dt
import json
import re
import textwrap
from pathlib import Path

import pytest

from pytest_llmops.cli.run import OCCUPIED
from pytest_llmops.report.schedules import FORMATS
from pytest_llmops.state.scheduled import Scheduled

from ...recorded import recorded

FILE = """
[targets.staging.components.api]
url = "https://api.example"
[targets.staging.disruption]
allowed = true
windows = ["Sat 02:00-04:00"]
timezone = "UTC"
[targets.staging.schedule]
timezone = "UTC"
daily = "09:00"
"""
DR = 'dr = { at = "Sat 05:00", disruptive = true }\n'


@pytest.fixture
def write(tmp_path):
    def write(text=FILE):
        (tmp_path / "llmops.toml").write_text(text)

    write()
    return write


def test_what_is_planned_is_shown(llmops, write):
    status, said = llmops("schedule")
    assert status == 0
    assert said.splitlines()[0].split() == ["suite", "at", "next", "last", "begun"]
    assert said.splitlines()[1].split()[:7] == ["daily", "0", "9", "*", "*", "*", "(UTC)"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "crontap"], "There is no format 'crontap'. Did you mean 'crontab'? Formats: crontab, systemd, "),
        (["--write", "x"], "--write needs a format: --format crontab|systemd|github|gitlab|kubernetes|shell."),
        (["--format", "github", "--user", "x"], "--user says nothing to github; it goes with crontab, systemd."),
        (["--image", "x"], "--image says nothing to what is planned; it goes with gitlab, kubernetes."),
        (["--format", "shell", "--write", "gone"], "--write gone: there is no such folder; make it first."),
        (["--format", "kubernetes"], "--format kubernetes needs --image NAME"),
        (["--target", "stagin"], "unknown target 'stagin'. Did you mean 'staging'"),
    ],
)
def test_mistakes_are_named(llmops, write, words, said):
    status, out = llmops("schedule", *words)
    assert status
    assert said in out


def test_without_a_schedule_it_says_what_to_add(llmops, write):
    write(FILE.partition("[targets.staging.schedule]")[0])
    assert llmops("schedule")[1] == (
        "Error: llmops.toml has no [targets.staging.schedule]: add it, with for example daily = '0 9 * * *'.\n"
    )


def test_without_a_file_it_says_what_to_do(llmops):
    said = "Error: There is no llmops.toml here, and so no schedule: write one (llmops init), or give --config PATH.\n"
    assert llmops("schedule") == (1, said)


def test_extras_of_the_target_and_its_suites_are_installed(llmops, write):
    more = 'security = "Mon 10:00"\nquality = "Tue 10:00"\n[targets.staging.notify]\nurls_env = "CHAT"\n'
    control = '[targets.staging.components.api.control]\ndriver = "docker"\ncontainer = "api"\n'
    write(f"{FILE}{more}{control}[history]\nurl = 'postgresql://ops@db/history'\n")
    status, said = llmops("schedule", "--format", "gitlab")
    assert status == 0
    assert "'pytest-llmops[docker,notify,postgresql,quality,security]==" in said


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("sqlite:///data/runs.db", 1),
        ("sqlite:///{here}/.llmops/runs.db", 1),
        ("sqlite:////srv/llmops/.llmops/runs.db", 0),
        ("sqlite:///.llmops/x/../runs.db", 0),
        ("postgresql://ops@db/history", 0),
    ],
)
def test_a_pod_keeps_no_history_outside_of_its_claim(llmops, write, tmp_path, url, status):
    url = url.format(here=tmp_path)
    write(f"{FILE}[history]\nurl = '{url}'\n")
    found, said = llmops("schedule", "--format", "kubernetes", "--image", "x")
    assert found == status
    refused = (
        f"Error: [history] url is the file {url.removeprefix('sqlite:///')}, and what runs of a pod remember "
        "is kept in its state folder (.llmops) alone: give a file within it, or a PostgreSQL database, or leave url "
        "out.\n"
    )
    assert (said == refused) == bool(status)


@pytest.mark.parametrize(
    ("url", "noted"), [("sqlite:///data/runs.db", True), ("postgresql://ops@db/history", False), ("", False)]
)
def test_a_history_that_a_ci_does_not_keep_is_noted(llmops, write, url, noted):
    write(f"{FILE}[history]\n" + (f"url = '{url}'\n" if url else ""))
    for kind in ("github", "gitlab"):
        assert ("\n# The history 'data/runs.db' is not cached" in llmops("schedule", "--format", kind)[1]) == noted


@pytest.mark.parametrize(("path", "noted"), [("/var/lib/x.prom", True), ("reports/x.prom", False)])
def test_a_textfile_that_a_ci_may_have_no_folder_for_is_noted(llmops, write, path, noted):
    write(f"{FILE}textfile = '{path}'\n")
    said = (
        f"\n# The textfile {path!r} is of use on a runner of your own that has its folder: on others each run says "
        "that it was not written.\n"
    )
    for kind in ("github", "gitlab"):
        assert (said in llmops("schedule", "--format", kind)[1]) == noted


def test_an_embedded_target_is_handed_no_secret(llmops, write):
    write('[targets.sandbox]\nprofile = "sandbox"\nenvironment = "sandbox"\nschedule.daily = "09:00"\n')
    status, said = llmops("schedule", "--format", "gitlab", "--target", "sandbox")
    assert status == 0
    assert "pytest-llmops[sandbox]==" in said
    assert "LLMOPS_SANDBOX" not in said


def test_what_changes_the_target_is_planned_within_the_windows(llmops, write):
    write(FILE + DR)
    status, said = llmops("schedule", "--format", "crontab")
    assert status == 1
    assert said.startswith(
        "Error: llmops.toml: [targets.staging.schedule] dr may change the target, and is planned for "
    )
    assert "05:00 UTC, when no maintenance window is open; the next opens Sat " in said
    assert said.endswith(". Windows: Sat 02:00-04:00.\n")
    write(FILE + DR.replace("05:00", "02:30"))
    assert llmops("schedule", "--format", "crontab")[0] == 0


def test_the_second_key_is_not_planned_without_the_first(llmops, write):
    write((FILE + DR).replace("allowed = true", "allowed = false"))
    assert llmops("schedule", "--format", "crontab")[1] == (
        "Error: llmops.toml: [targets.staging.schedule] dr.disruptive hands over the second key, and the first is not "
        "there: allowed = true in [targets.staging.disruption].\n"
    )


def test_files_are_written_over_our_own_alone(llmops, write, tmp_path):
    units = tmp_path / "units"
    units.mkdir()
    write(FILE + DR.replace("05:00", "02:30"))
    status, said = llmops("schedule", "--format", "systemd", "--write", units)
    assert (status, len(said.splitlines()), len(list(units.iterdir()))) == (0, 4, 4)
    write()
    status, said = llmops("schedule", "--format", "systemd", "--write", units)
    assert said.splitlines()[2:] == [
        f"not planned any more, remove it: {units / name}"
        for name in ("llmops-staging-dr.service", "llmops-staging-dr.timer")
    ]
    timer, service = units / "llmops-staging-daily.timer", units / "llmops-staging-daily.service"
    timer.write_text("theirs\n")
    service.unlink()
    status, said = llmops("schedule", "--format", "systemd", "--write", units)
    assert (status, said) == (1, f"Error: {timer} exists, and is not of target staging; nothing was written.\n")
    assert (timer.read_text(), service.exists()) == ("theirs\n", False)
    timer.unlink()
    timer.symlink_to("gone")
    assert llmops("schedule", "--format", "systemd", "--write", units)[0] == 1


def test_the_files_of_a_target_whose_name_begins_alike_are_not_ours(llmops, write, tmp_path):
    write(FILE + FILE.replace(".staging.", '."staging.eu".'))
    for target in ("staging.eu", "staging"):
        status, said = llmops("schedule", "--format", "crontab", "--target", target, "--write", tmp_path)
        assert (status, said.count("\n"), said[:9]) == (0, 1, "written: ")


def test_a_script_can_be_run(llmops, write, tmp_path):
    assert llmops("schedule", "--format", "shell", "--write", tmp_path) == (
        0,
        f"written: {tmp_path / 'llmops-staging.sh'}\n",
    )
    assert (tmp_path / "llmops-staging.sh").stat().st_mode & 0o777 == 0o755


def test_what_the_docs_say_is_so(llmops, write, tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "schedule.md").read_text(encoding="utf-8")
    own = FILE.partition("[targets.staging.schedule]")[0].replace('["Sat 02:00-04:00"]', '["first Sun 02:00-04:00"]')
    table, *_ = re.findall(r"(?:^    .*\n)+", page, re.MULTILINE)
    write(own.replace('"UTC"', '"Europe/Berlin"') + textwrap.dedent(table))
    commands = re.findall(r"^    llmops (schedule [^|\n]*)", page, re.MULTILINE)
    assert {command.split()[2] for command in commands} == set(FORMATS)
    for command in commands:
        words = re.sub(r"--write \S+", f"--write {tmp_path}", command.partition("#")[0]).split()
        status, said = llmops(*words)
        assert status == 0, said


# llmops run


@pytest.fixture
def pytest_of_ours(tmp_path, monkeypatch):
    """In the place of pytest: says its words, and ends as it is told."""

    def made(status, acts=""):
        (tmp_path / "pytest.py").write_text(f"import sys\nprint(*sys.argv[1:])\n{acts}sys.exit({status})\n")

    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made(0)
    return made


def test_a_suite_runs_once_for_each_time_that_it_was_planned(llmops, write, pytest_of_ours, tmp_path):
    scheduled = Scheduled(tmp_path / ".llmops", "staging")
    scheduled.note("daily", 0.0)
    status, said = llmops("run", "daily", "--if-due")
    assert (status, said.startswith("daily of staging is due: planned for ")) == (0, True)
    assert scheduled.begun("daily") > 0
    status, said = llmops("run", "daily", "--if-due")
    assert (status, said.startswith("daily of staging is not due: planned next for ")) == (0, True)


def test_a_look_is_not_shown_as_a_beginning(llmops, write, tmp_path):
    far = dt.datetime.now(dt.UTC) + dt.timedelta(hours=12)
    write(FILE.replace("09:00", f"{far:%H:%M}"))
    status, said = llmops("run", "daily", "--if-due")
    assert (status, said.startswith("daily of staging is not due: planned next for ")) == (0, True)
    scheduled = Scheduled(tmp_path / ".llmops", "staging")
    assert (scheduled.begun("daily"), scheduled.since("daily") > 0) == (None, True)
    assert llmops("schedule")[1].splitlines()[1].rstrip().endswith(f"{far:%H:%M} UTC")


def test_a_quiet_run_is_heard_where_it_is_not_green(llmops, write, pytest_of_ours, tmp_path):
    assert llmops("run", "daily", "--quiet") == (0, "")
    pytest_of_ours(11)
    status, said = llmops("run", "daily", "--quiet", "-k", "one")
    assert status == 11
    words = f"-m daily --llmops-config={tmp_path / 'llmops.toml'} --llmops-target=staging --llmops-gate"
    assert said == f"{words} --llmops-report=reports/staging/daily -k one\ndaily of staging: exit status 11\n"


def test_a_run_that_cannot_be_alone_says_so(llmops, write, pytest_of_ours, tmp_path, monkeypatch):
    monkeypatch.setattr("pytest_llmops.cli.run.WAIT_S", 0.0)
    with Scheduled(tmp_path / ".llmops", "staging").alone("weekly", 0):
        status, said = llmops("run", "daily")
    assert status == OCCUPIED
    assert said.startswith("Error: staging is being looked at by weekly of process ")


@pytest.fixture
def rendering(write, tmp_path):
    """Yesterday's results of the daily suite; what plays Allure fails or says which secrets it was given."""
    write(FILE.replace("daily =", "allure = true\ndaily =") + '[history]\npassword_env = "LLMOPS_SECRET"\n')
    reports = tmp_path / "reports" / "staging" / "daily"
    (reports / "allure-results").mkdir(parents=True)
    (reports / "allure-results" / "1-result.json").write_text("{}")
    outcome = {**recorded("healthy"), "target": "staging"}
    (reports / "run.json").write_text(json.dumps(outcome))
    (reports / "allure-results" / "environment.properties").write_text(f"run = {outcome['id']}\n")
    allure = tmp_path / "node_modules" / ".bin" / "allure"
    allure.parent.mkdir(parents=True)

    def rendering(act):
        allure.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo 3.18.0; else {act}; fi\n')
        allure.chmod(0o755)
        return reports / "allure-report" / "index.html"

    return rendering


LEAVES = """
import json, pathlib, time
folder, run = pathlib.Path("reports/staging/daily"), str(time.time_ns())
outcome = json.loads((folder / "run.json").read_text())
(folder / "run.json").write_text(json.dumps({**outcome, "id": run}))
(folder / "allure-results" / "environment.properties").write_text(f"run = {run}\\n")
"""
"""What a run leaves that has results."""

RENDERS = 'mkdir -p "$5" && echo "<${LLMOPS_SECRET-none}>" > "$5/index.html"'


def test_a_run_is_rendered_whatever_its_verdict(llmops, rendering, pytest_of_ours, monkeypatch):
    monkeypatch.setenv("LLMOPS_SECRET", "hush")
    page = rendering(RENDERS)
    pytest_of_ours(0, LEAVES)
    assert llmops("run", "daily", "--quiet") == (0, "")
    assert page.read_text() == "<none>\n"
    pytest_of_ours(11, LEAVES)
    status, said = llmops("run", "daily", "--quiet")
    assert (status, said.splitlines()[2].partition(" (")[0]) == (
        11,
        "written: reports/staging/daily/allure-report/index.html",
    )


def test_results_of_an_earlier_run_are_not_rendered(llmops, rendering, pytest_of_ours):
    page = rendering(RENDERS)
    pytest_of_ours(4)
    status, said = llmops("run", "daily", "--quiet")
    assert status == 4
    assert said.partition("exit status 4\n")[2] == (
        "no Allure report: this run left no results; one that begins its checks does, where allure-pytest is installed "
        "and not switched off.\n"
    )
    assert not page.exists()


def test_a_report_that_cannot_be_rendered_changes_no_verdict(llmops, rendering, pytest_of_ours):
    rendering("echo no; exit 3")
    pytest_of_ours(0, LEAVES)
    status, said = llmops("run", "daily", "--quiet")
    assert (status, said.count("\n")) == (0, 1)
    assert said.startswith("no Allure report: ")
    assert said.endswith("allure ended with 3: no\n")


def test_a_run_that_somebody_ended_is_not_rendered(llmops, rendering, pytest_of_ours):
    page = rendering(RENDERS)
    pytest_of_ours("130 - 128", LEAVES)
    assert llmops("run", "daily")[0] == 2
    assert not page.exists()


def test_an_error_after_the_run_is_not_said_to_be_before_it(llmops, write, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.executable", str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError, match="gone"):
        llmops("run", "daily")


def test_a_state_folder_that_cannot_be_written_is_said(llmops, write, tmp_path):
    (tmp_path / ".llmops").write_text("")
    status, said = llmops("run", "daily", "--quiet")
    assert (status, said[: len(f"Error: {tmp_path}")]) == (1, f"Error: {tmp_path}")
    assert said.endswith(". Nothing is run without it.\n")


def test_when_a_suite_began_may_be_unreadable(llmops, write, tmp_path):
    (tmp_path / ".llmops" / "scheduled" / "staging.daily.begun").mkdir(parents=True)
    status, said = llmops("schedule")
    assert (status, said.partition(": [")[0]) == (1, "Error: When daily last began cannot be read")


def test_run_names_mistakes(llmops, write, tmp_path):
    assert "There is no suite 'dayly'. Did you mean 'daily'?" in llmops("run", "dayly")[1]
    assert (
        "[targets.staging.schedule] says no times for weekly; it has: daily." in llmops("run", "weekly", "--if-due")[1]
    )
    (tmp_path / "llmops.toml").unlink()
    assert llmops("run", "daily")[1] == (
        "Error: There is no llmops.toml here, so nobody says what is to be run: give --config PATH.\n"
    )
