"""The crontab: entries by what they run, times however they are written, what the last run has left."""

import datetime as dt
import os

import pytest

from pytest_llmops.clients.crontab import Crontab, Line, local_now
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.target.runbook import Entry

NOW = dt.datetime(2026, 12, 3, 9, 30, tzinfo=dt.UTC)
TEXT = """
MAILTO=ops@example.com
PATH = /usr/bin
# m h dom mon dow command
*/5 * * * * /usr/local/bin/monitor.sh
@daily cd /srv && ./backup.sh
@reboot /usr/bin/start
0 6 * * 1 python -m pytest tests > /var/log/weekly.log 2>&1
"""
WANTED = {
    "monitor": {"schedule": "0-59/5 * * * *", "runs": r"monitor\.sh"},
    "backup": {"schedule": "0 0 * * *", "runs": "backup"},
    "weekly": {"schedule": "0 6 * * Mon", "runs": "pytest", "written": "written", "log": "log", "within": "8 d"},
    "all": {"schedule": "0 0 * * *", "runs": r"\."},
    "lost": {"schedule": "0 0 * * *", "runs": "restore"},
}


@pytest.fixture
def crontab(app):
    def crontab(text=TEXT, wanted=WANTED, **prints):
        entries = {name: Entry.model_validate(table) for name, table in wanted.items()}
        return Crontab(app(crontab=text, **prints), entries, lambda: NOW)

    return crontab


def failure(act, kind=CallFailed):
    with pytest.raises(kind) as caught:
        act()
    return str(caught.value)


def test_lines(crontab):
    assert crontab().lines() == [
        Line("*/5 * * * *", "/usr/local/bin/monitor.sh"),
        Line("@daily", "cd /srv && ./backup.sh"),
        Line("0 6 * * 1", "python -m pytest tests > /var/log/weekly.log 2>&1"),
    ]
    assert crontab("").lines() == []


@pytest.mark.parametrize("line", ["*/5 * * * /usr/bin/monitor", "61 * * * * /usr/bin/monitor", "1 2 3 4 5"])
def test_a_line_that_is_none(crontab, line):
    assert failure(crontab(f"# first\n{line}\n").lines) == f"crontab: line 2 is no entry: {line}."


def test_an_entry_is_found_by_what_it_runs(crontab):
    assert crontab().entry("monitor").schedule == "*/5 * * * *"
    assert failure(lambda: crontab("0 1 * * * /bin/true").entry("lost")) == (
        "crontab: no entry runs 'restore'; there: '0 1 * * * /bin/true'."
    )
    assert failure(lambda: crontab("").entry("lost")) == "crontab: no entry runs 'restore'; there: none."
    assert failure(lambda: crontab().entry("all")) == (
        "crontab: 3 entries run '\\\\.'; there: '*/5 * * * * /usr/local/bin/monitor.sh', "
        "'@daily cd /srv && ./backup.sh', "
        "'0 6 * * 1 python -m pytest tests > /var/log/weekly.log 2>&1'."
    )
    assert failure(lambda: crontab().entry("moniter"), Unsupported) == (
        "crontab: the target's runbook asks for no entry 'moniter'. Did you mean 'monitor'? "
        "Add [runbook.cron.moniter] with schedule and runs."
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("*/5 * * * *", "0,5,10,15,20,25,30,35,40,45,50,55 * * * *", True),
        ("*/5 * * * *", "*/6 * * * *", False),
        ("0 8 * * 1-5", "00 8 * * Mon,Tue,Wed,Thu,Fri", True),
        ("0 8 * * 1-5", "0 8 * * *", False),
        ("0 0 * * 0", "@weekly", True),
        ("0 1 1 * *", "0 1 1 1-12 *", True),
        ("0 1 1 * *", "0 1 1 1-11 *", False),
        ("0 6 * * 1", "0 6 * * 2", False),
        ("*/5 * * * *", "*/5 0-10 * * 1-5", False),
        ("*/5 * * * *", "*/5 * * 1 *", False),
        ("30,0 8 * * *", "0,30 8 * * *", True),
        ("0 8 * * 7", "0 8 * * 0", True),
        ("0 2 * * 6#1", "0 2 * * 6", False),
    ],
)
def test_times_are_compared_not_texts(one, other, same):
    assert Line(one, "true").fires_like(other) is same
    assert Line(other, "true").fires_like(one) is same


@pytest.mark.parametrize(
    ("command", "alone"),
    [
        ("/usr/bin/true", True),
        ("cd /srv && python manage.py x", True),
        ("HOME=/srv /usr/bin/python manage.py", True),
        ("docker exec voyageur-backend python manage.py warm_cache", True),
        ("python manage.py x", False),
        ("./run.sh", False),
    ],
)
def test_a_command_that_finds_its_files(command, alone):
    assert Line("@daily", command).stands_alone is alone


@pytest.mark.parametrize(
    ("written", "command", "cut", "fed"),
    [
        (r"/bin/report > /r/$(date +\%Y\%m).json", "/bin/report > /r/$(date +%Y%m).json", False, ""),
        ("/bin/report > /r/$(date +%Y%m).json", "/bin/report > /r/$(date +", True, "Y%m).json"),
        ("mail -s done ops%It is done.%", "mail -s done ops", True, "It is done.%"),
        (r"echo \\%d", r"echo \\", True, "d"),
        (r"grep '\d' x \%", r"grep '\d' x %", False, ""),
        ("true\\", "true\\", False, ""),
        ("true %", "true ", True, ""),
    ],
)
def test_a_command_ends_at_the_first_percent_sign_without_a_backslash(written, command, cut, fed):
    line = Line("@daily", written)
    assert (line.command, line.cut, line.fed) == (command, cut, fed)


def test_what_is_wrong(crontab):
    assert crontab().wrong("monitor") == ""
    assert crontab().wrong("backup") == ""
    assert crontab("0 * * * * /usr/local/bin/monitor.sh").wrong("monitor") == (
        "crontab: '0 * * * * /usr/local/bin/monitor.sh' does not run at '0-59/5 * * * *'"
    )
    assert crontab("0 0 * * * /bin/backup > /b/$(date +%d)\n").wrong("backup") == (
        "crontab: '/bin/backup > /b/$(date +%d)' ends at its first %: what is run is '/bin/backup > /b/$(date +', and "
        "'d)' is its input; write \\% where a % is meant, and hand input over by a pipe"
    )
    assert crontab(r"0 0 * * * /bin/backup > /b/$(date +\%d)").wrong("backup") == ""
    assert crontab().wrong("weekly") == (
        "crontab: 'python -m pytest tests > /var/log/weekly.log 2>&1' is started in the home directory with a short "
        "PATH, and names its files relative to another: let it begin with cd FOLDER && or an absolute path"
    )


def test_the_last_run_is_as_old_as_it_may_be(crontab):
    def stale(days):
        return crontab(written=str((NOW - dt.timedelta(days=days)).timestamp())).stale("weekly")

    assert stale(7.9) == ""
    assert stale(8.1) == "crontab: weekly: its result is of 2026-11-25 07:06; it was due 2026-11-30 06:00"


def test_the_last_run_has_left_the_file_of_its_day(client, tmp_path):
    entry = Entry(schedule="0 1 1 * *", runs="report", written="written", result=f"{tmp_path}/%Y%m.json")
    commands = {"crontab": {"argv": ["echo", "0 1 1 * * /bin/report"]}, "written": {"argv": ["stat", "-c", "%Y"]}}
    reports = Crontab(client("app_command", commands=commands), {"report": entry}, lambda: NOW)
    assert "No such file" in failure(lambda: reports.stale("report"))
    file = tmp_path / "202612.json"
    file.touch()
    due = dt.datetime(2026, 12, 1, 1, tzinfo=dt.UTC).timestamp()
    os.utime(file, (due + 5, due + 5))
    assert reports.stale("report") == ""
    os.utime(file, (due - 60, due - 60))
    assert reports.stale("report") == (
        f"crontab: report: its result ({file}) is of 2026-12-01 00:59; it was due 2026-12-01 01:00"
    )


def test_the_outcome_of_the_last_run(crontab):
    assert crontab(log="== 1 failed, 3 passed in 2.10s ==").outcome("weekly").failed == 1
    assert failure(lambda: crontab().outcome("monitor"), Unsupported) == (
        "crontab: runbook.cron.monitor does not say where its log is; give it log."
    )
    assert failure(lambda: crontab().stale("monitor"), Unsupported) == (
        "crontab: runbook.cron.monitor does not say when its result was written; give it written."
    )


def test_no_crontab(crontab):
    assert failure(crontab(("no crontab for ops\n", 2)).lines) == (
        "app_command: crontab: ended with exit status 2; it said: no crontab for ops."
    )


def test_cron_goes_by_the_clock_of_the_machine():
    assert local_now().utcoffset() == dt.datetime.now().astimezone().utcoffset()
