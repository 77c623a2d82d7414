"""The audit log among the application's files: each fault of it is what the review of audit logs sees, and no other."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_llmops.sandbox.audit import Audit
from pytest_llmops.sandbox.order import read
from pytest_llmops.security.audit_entries import entries_of, unreadable_in
from pytest_llmops.security.audit_log import counted, faults, longest_gap, too_open, writable
from pytest_llmops.security.audit_reading import on_disk, printed
from pytest_llmops.security.audit_tampering import tried
from pytest_llmops.target.load import load

DAY = 86400


class Written:
    """The audit log of a profile's sandbox, once the API has started and taken some events."""

    def __init__(self, profile, order, folder, asked=()):
        told = order(profile, [f"audit_log:{name}" for name in asked])
        self.stack = read(json.dumps({**told, "directory": str(folder)})).stack
        self.stack.root.mkdir(parents=True)
        self.table = load(
            None, "sandbox" if profile == "sandbox" else f"sandbox:{profile}", folder
        ).table.security.audit
        self.audit = Audit(self.stack)
        self.audit.write("service_started", "system")
        for kind in ("query", "feedback", "query"):
            self.audit.write(kind, "mary")
        self.now = time.time()

    @property
    def files(self):
        if self.table.log.files:
            return on_disk(self.stack.root, self.table.log)
        runs = self.stack.sandbox.commands["audit_events"]["ok"].runs
        command = [sys.executable, *runs[1:]]
        done = subprocess.run(command, cwd=self.stack.root, capture_output=True, text=True, check=True)
        return printed(self.table.log, done.stdout.splitlines())

    def said(self):
        files = self.files
        entries = entries_of(self.table.log, files)
        unread = unreadable_in(self.table.log, files)
        found = {one.kind for one in faults(self.table, entries, unread)}
        gap = longest_gap(entries, self.now)
        found |= {"gap"} if gap.seconds > (2 if self.table.sequence else 7) * DAY else set()
        found |= {"open"} if too_open(self.table, files) else set()
        found |= {"writable"} if writable(files) else set()
        return found

    def count(self):
        return counted(entries_of(self.table.log, self.files), self.table.expected, self.now)


@pytest.fixture
def written(order, tmp_path):
    def begin(profile, *asked):
        return Written(profile, order, tmp_path / "stack", asked)

    return begin


@pytest.mark.parametrize(
    ("profile", "healthy", "count"), [("sandbox", set(), 2), ("enterprise-pipeline", {"writable"}, 4)]
)
def test_a_healthy_log(written, profile, healthy, count):
    log = written(profile)
    assert log.said() == healthy
    assert log.count() == count


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("gap", {"gap"}),
        ("unordered", {"order"}),
        ("removed", {"sequence", "chain"}),
        ("garbled", {"unreadable", "sequence", "chain"}),
        ("altered", {"chain"}),
        ("unchained", {"chain"}),
        ("writable", {"writable", "open"}),
        ("dropped", set()),
    ],
)
def test_what_a_fault_does_to_a_log_of_lines(written, fault, said):
    assert written("sandbox", fault).said() == said


@pytest.mark.parametrize(
    ("fault", "said", "count"),
    [
        ("gap", {"gap", "writable"}, 4),
        ("unordered", {"rewritten", "writable"}, 4),
        ("altered", {"rewritten", "writable"}, 4),
        ("removed", {"writable"}, 3),
        ("writable", {"writable", "open"}, 4),
    ],
)
def test_what_a_fault_does_to_a_file_an_event(written, fault, said, count):
    log = written("enterprise-pipeline", fault)
    assert (log.said(), log.count()) == (said, count)
    lines = (log.stack.root / "stdout.log").read_text().splitlines()
    assert sum("audit_event_logged" in line for line in lines) == 31


def test_events_that_are_not_written(written):
    """Of the start, a question, a report and a question every other one, from the second on."""
    assert written("sandbox", "lossy").count() == 0


def test_a_log_that_is_not_there(written):
    log = written("sandbox", "absent")
    assert not (log.stack.root / "logs").exists()


def test_a_dropped_log_begins_late(written):
    entries = entries_of((log := written("sandbox", "dropped")).table.log, log.files)
    assert log.now - min(one.at for one in entries) < DAY


def test_another_process_goes_on_where_the_first_ended(written):
    log = written("sandbox")
    Audit(log.stack).write("query", "mary")
    log.audit.write("query", "mary")
    assert log.said() == set()
    assert log.count() == 4


def test_what_tampering_shows(written):
    log = written("sandbox")
    assert [one.way for one in tried(log.table, log.files, log.now) if not one.seen] == []


def test_a_plain_file_an_event_does_not_show_a_changed_word(written):
    log = written("enterprise-pipeline")
    assert [one.way for one in tried(log.table, log.files, log.now) if not one.seen] == ["altered"]


def test_the_command_of_the_profile_is_the_one_that_is_tried():
    """What the sandbox runs in the place of the container's command is its very script."""
    profile = load(None, "sandbox:enterprise-pipeline", Path.cwd()).table
    real = profile.components.app_command.commands["audit_events"].argv[-1]
    assert profile.sandbox.commands["audit_events"]["ok"].runs[-1] == real
