"""The runbook as a document: version, dates, windows, and whether what it names is there."""

import datetime as dt

import pytest

from pytest_llmops.clients.runbook import RunbookDocument
from pytest_llmops.errors import CallFailed, Unreachable, Unsupported
from pytest_llmops.target.runbook import Runbook

TEXT = """# Operations
**Version:** 1.2.0
Updated: 2025-05-30
Reviewed: last spring
Soon: 2999-01-01
Weekly (Saturdays 2-4 AM), nightly (Sunday 22:00-2:30), odd (Sunday 2-2 AM)
Monthly: first Sunday of each month, 11:30-1:00 PM
"""
HOURS = r"(?P<opens>[\d:]+)-(?P<closes>[\d:]+)"
SAID = {
    "version": r"Version:\*\* (\S+)",
    "dates": {"updated": r"Updated: (\S+)$", "reviewed": "Reviewed: (.+)", "soon": "Soon: (.+)", "lost": "Lost: (.+)"},
    "windows": {
        "weekly": rf"Weekly \((?P<day>\w+) {HOURS} (?P<half>AM|PM)",
        "nightly": rf"nightly \((?P<day>\w+) {HOURS}",
        "monthly": rf"(?P<week>first) (?P<day>\w+) of each month, {HOURS} (?P<half>AM|PM)",
        "odd": rf"odd \((?P<day>\w+) {HOURS} (?P<half>AM|PM)",
        "lost": rf"Lost (?P<day>\w+) {HOURS}",
    },
}


@pytest.fixture
def document(app):
    def document(text=TEXT, said=SAID, status=200, there=("docs",), **prints):
        def answers(component, path):
            if status is None:
                raise Unreachable(component, f"{component}: is not there.")
            return status

        return RunbookDocument(app(runbook=text, **prints), Runbook.model_validate(said), answers, there.__contains__)

    return document


def failure(act, kind=CallFailed):
    with pytest.raises(kind) as caught:
        act()
    return str(caught.value)


def test_what_it_states(document):
    assert document().text() == TEXT
    assert document().version() == "1.2.0"
    assert document().date("updated") == dt.date(2025, 5, 30)
    days = (dt.datetime.now(dt.UTC).date() - dt.date(2025, 5, 30)).days
    assert document().age_days("updated") in {days, days + 1}


def test_what_it_does_not_state(document):
    assert failure(document(" \n").text) == "runbook: the document is empty."
    assert failure(document("nothing").version) == r"runbook: it states no version (Version:\*\* (\S+))."
    assert failure(lambda: document().date("lost")) == "runbook: it states no date lost (Lost: (.+))."
    assert failure(lambda: document().date("reviewed")) == (
        "runbook: its date reviewed is 'last spring', which is no date (YYYY-MM-DD)."
    )
    assert failure(lambda: document().age_days("soon")) == "runbook: its date soon is 2999-01-01, which is to come."


def test_what_nobody_said_where_to_look_for(document):
    bare = document(said={})
    assert failure(bare.version, Unsupported) == (
        "runbook: the target does not say where its version stands; give it runbook.version."
    )
    assert failure(lambda: document().date("updatd"), Unsupported) == (
        "runbook: the target does not say where its date 'updatd' stands; give it runbook.dates. "
        "Did you mean 'updated'?"
    )
    assert failure(lambda: bare.window("weekly"), Unsupported) == (
        "runbook: the target does not say where its window 'weekly' stands; give it runbook.windows."
    )
    assert failure(bare.lost, Unsupported) == (
        "runbook: the target does not say what its runbook names; give it runbook.names."
    )


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("weekly", "Sat 02:00-04:00"),
        ("nightly", "Sun 22:00-02:30"),
        ("monthly", "first Sun 23:30-13:00"),
    ],
)
def test_windows(document, name, written):
    assert str(document().window(name)) == written


def test_windows_that_are_none(document):
    assert failure(lambda: document().window("lost")).startswith(
        "runbook: it names no maintenance window 'lost' (Lost "
    )
    assert failure(lambda: document().window("odd")) == (
        "runbook: its window 'odd (Sunday 2-2 AM' cannot be read: 'Sun 02:00-02:00' ends when it begins; "
        "for whole days write 00:00-24:00."
    )


NAMES = {
    "ollama": {"program": "ollama"},
    "netstat": {"program": "netstat"},
    "list": {"command": "list"},
    "route": {"component": "api", "path": "/version"},
    "folder": {"path": "docs"},
    "guide": {"path": "docs/guide.md", "absent": "nobody wrote it."},
}


def test_all_that_it_names_is_there(document):
    found = document(said={"names": NAMES}, which="/usr/bin/ollama\n/usr/bin/netstat\n", list="a\n")
    assert found.lost() == []
    assert found.never_there() == ["guide: nobody wrote it"]


NAMED = """
1. See that it answers: curl http://localhost:8000/api/version
2. Ports: ss -tlnp | grep 8000
3. Logs in /logs
"""
MENTIONS = [r": ([a-z]+)(?=[ ,]|$)", r"\| ([a-z]+)", r"(?<![\w:/.])(/[a-z][\w/]*\w)", r"https?://[^\s/]+(/\S*)"]
LISTED = {
    "curl": {"program": "curl"},
    "version": {"component": "api", "path": "/api/version"},
    "ports": {"command": "ports", "says": ["ss"]},
    "grep": {"program": "grep"},
    "logs": {"absent": "they are elsewhere", "says": ["/logs"]},
}


def test_the_list_is_held_against_the_document(document):
    found = document(text=NAMED, said={"names": LISTED, "mentions": MENTIONS})
    assert (found.unlisted(), found.unsaid()) == ([], [])
    other = {**LISTED, "ports": {"program": "netstat"}, "log": {"path": "log"}}
    stale = document(text=NAMED, said={"names": other, "mentions": MENTIONS})
    assert stale.unlisted() == ["ss"]
    assert stale.unsaid() == ["ports: 'netstat'", "log: 'log'"]


def test_a_list_that_cannot_be_held_against_it(document):
    assert failure(document(said={"names": LISTED}).unlisted, Unsupported) == (
        "runbook: the target does not say how its runbook names things; give it runbook.mentions."
    )
    assert failure(document(text="All is well.", said={"mentions": MENTIONS}).unlisted) == (
        "runbook: nothing that runbook.mentions describes stands in it."
    )


def test_what_it_names_is_lost(document):
    found = document(said={"names": NAMES}, which=("/usr/bin/ollama\n", 1), list=("gone\n", 3), status=404, there=())
    assert found.lost() == [
        "netstat: netstat is not on the path",
        "list: app_command: list: ended with exit status 3; it said: gone",
        "route: api: GET /version answered 404",
        "folder: there is no docs",
    ]
    gone = {"route": NAMES["route"]}
    assert document(said={"names": gone}, status=None).lost() == ["route: api: is not there"]
