"""Real schedulers read what we write: systemd its units and calendars, cron its table, sh its script."""

import datetime as dt
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_llmops.report.schedules import files, planned
from pytest_llmops.report.schedules.systemd import calendar
from pytest_llmops.target.load import load
from pytest_llmops.target.times import Times
from pytest_llmops.target.windows import timezone

SYSTEMD = shutil.which("systemd-analyze")
CRON = shutil.which("cron", path=f"{os.environ['PATH']}:/usr/sbin")
CRON_S = 240.0
"""For a minute to begin, and a run beside others."""

FILE = """
[targets.here]
environment = "sandbox"
[targets.here.schedule]
timezone = "Asia/Kolkata"
monitor = "* * * * *"
daily = "0 9 1,15 * 5"
monthly = "first Mon 09:00"
"""
ONE = "[pytest]\naddopts = -k test_api_is_well -p no:hypothesispytest -p no:allure_pytest\n"
"""Of the suite one check is enough here."""


@pytest.fixture
def plan(tmp_path):
    """Of a project whose path has all that has to be quoted."""
    folder = tmp_path / "it's 100% $HOME"
    folder.mkdir()
    (folder / "llmops.toml").write_text(FILE)
    (folder / "pytest.ini").write_text(ONE)
    llmops = Path(sys.executable).with_name("llmops")
    return planned(load(folder / "llmops.toml", None, folder, {}), llmops)


@pytest.mark.skipif(SYSTEMD is None, reason="systemd is not installed")
def test_systemd_has_nothing_to_say_against_the_units(plan, tmp_path):
    made = files(plan, "systemd")
    for name, text in made.items():
        (tmp_path / name).write_text(text)
    argv = [SYSTEMD, "verify", "--man=no", *(tmp_path / name for name in made)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, [one for one in done.stderr.splitlines() if "llmops" in one]) == (0, [])
    broken = tmp_path / next(name for name in made if name.endswith(".timer"))
    broken.write_text(broken.read_text().replace("OnCalendar=", "OnCalendar=never "))
    said = subprocess.run([SYSTEMD, "verify", "--man=no", broken], capture_output=True, text=True, check=False).stderr
    assert "Failed to parse calendar" in said


@pytest.mark.skipif(SYSTEMD is None, reason="systemd is not installed")
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
@pytest.mark.parametrize(
    "at",
    ["0 9 * * *", "*/20 8-17 * * 1-5", "first Mon 09:00", "third Sat,Sun 02:30", "10 0 1,15 3,4 *", "5 23 */9 * *"],
)
def test_systemd_comes_to_the_same_moments(at, zone):
    start, found = dt.datetime(2026, 3, 14, 12, tzinfo=dt.UTC), []
    times = Times.read(at, timezone(zone))
    moment = start
    for _ in range(4):
        moment = times.next(moment)
        found.append(moment)
    base = f"--base-time={start:%Y-%m-%d %H:%M:%S} UTC"
    argv = [SYSTEMD, "calendar", base, "--iterations=4", *calendar(times, zone)]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True, env={"TZ": "UTC"}).stdout
    theirs = re.findall(r"(?:Next elapse|Iter\. #\d+|Iteration #\d+): \w{3} (\S+ \S+) UTC", said)
    assert theirs == [f"{one:%Y-%m-%d %H:%M:%S}" for one in found], said


@pytest.mark.acceptance
@pytest.mark.skipif(CRON is None or os.geteuid() != 0, reason="cron is not installed, or nobody here may start it")
def test_cron_runs_the_line(plan, tmp_path):
    spool, empty, temporary = tmp_path / "crontabs", tmp_path / "cron.d", tmp_path / "run"
    for folder in (spool, empty, temporary):
        folder.mkdir()
    table = spool / "root"
    table.write_text(files(plan, "crontab").popitem()[1])
    table.chmod(0o600)
    alone = (
        f"mount --bind '{spool}' /var/spool/cron/crontabs && mount --bind '{empty}' /etc/cron.d "
        f"&& mount --bind /dev/null /etc/crontab && mount --bind '{temporary}' /run && exec {CRON} -f"
    )
    argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", alone]
    report = plan.file.parent / "reports" / "here" / "monitor" / "run.json"
    state = plan.file.parent / plan.state / "scheduled"
    log = state / "here.monitor.log"
    daemon = subprocess.Popen(argv, env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"})
    try:
        deadline = time.monotonic() + CRON_S
        while "1 passed" not in _text(log) and time.monotonic() < deadline:
            assert daemon.poll() is None
            time.sleep(0.2)
    finally:
        daemon.kill()
        daemon.wait()
    assert '"test": "monitor/test_live.py::test_api_is_well"' in report.read_text()
    assert {path.name for path in state.glob("*.begun")} >= {"here.monitor.begun"}
    assert "1 passed" in _text(log)


def _text(path):
    return path.read_text() if path.exists() else ""


def test_a_shell_runs_what_is_due_and_tells_the_last_that_was_not_green(plan, tmp_path):
    script = tmp_path / "it.sh"
    own = tmp_path / "llmops"
    own.write_text('#!/bin/sh\nprintf "%s|" "$@"\necho\ntest "$2" != monitor || exit 11\n')
    own.chmod(0o755)
    text = files(plan, "shell").popitem()[1].replace(str(plan.llmops), str(own))
    script.write_text(text)
    done = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    config = f"--config={plan.file}"
    assert done.stdout.splitlines() == [
        f"run|{suite}|{config}|--target=here|--if-due|" for suite in ("monitor", "daily", "monthly")
    ]
    assert (done.returncode, done.stderr) == (11, "")
