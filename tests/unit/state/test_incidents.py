"""Incidents in a file that only grows: who opened one, when it ended, and that nothing is lost."""

import json
import stat
import threading

import pytest

from pytest_llmops.state.incidents import Incidents, Record


@pytest.fixture
def incidents(tmp_path):
    return Incidents.of(tmp_path / ".llmops", "sandbox:rag")


def test_an_incident_is_opened_once_and_ends_when_its_conditions_do(incidents):
    assert incidents.records() == []
    assert incidents.saw("P1", ["High error rate"], 100.0)
    assert not incidents.saw("P1", ["High error rate"], 200.0)
    (record,) = incidents.records()
    assert record == Record(record.id, "P1", 100.0, ("High error rate",))
    incidents.saw_none("P2", 250.0)
    incidents.saw_none("P1", 300.0)
    incidents.saw_none("P1", 400.0)
    assert [(one.severity, one.opened, one.ended) for one in incidents.records()] == [("P1", 100.0, 300.0)]
    assert incidents.saw("P1", ["again"], 500.0)
    assert [(one.opened, one.ended) for one in incidents.records()] == [(100.0, 300.0), (500.0, None)]


def test_nothing_is_written_where_there_never_was_an_incident(incidents):
    incidents.saw_none("P1", 100.0)
    assert not incidents.file.parent.exists()


def test_answers_and_reviews_are_read(incidents):
    incidents.saw("P1", [], 100.0)
    (record,) = incidents.records()
    lines = [{"event": "answered", "id": record.id, "at": 160}, {"event": "reviewed", "id": record.id, "at": 900.5}]
    with incidents.file.open("a") as file:
        file.write("".join(f"{json.dumps(line)}\n" for line in lines))
    (record,) = incidents.records()
    assert (record.answered, record.reviewed) == (160.0, 900.5)


def test_a_torn_line_hides_nothing_and_is_not_lost(incidents):
    incidents.saw("P1", [], 100.0)
    with incidents.file.open("a") as file:
        file.write('{"event": "opened", "id": "x", "sev')
    assert incidents.saw("P2", [], 200.0)
    assert [one.severity for one in incidents.records()] == ["P1", "P2"]
    assert incidents.torn == 1
    assert '{"event": "opened", "id": "x", "sev\n' in incidents.file.read_text()


def test_of_many_that_see_it_at_once_one_opens_it(incidents):
    opened = []
    threads = [threading.Thread(target=lambda: opened.append(incidents.saw("P1", [], 100.0))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == [False] * 7 + [True]
    assert len(incidents.records()) == 1


def test_it_is_for_its_owner_alone_and_kept_out_of_commits(incidents, tmp_path):
    incidents.saw("P1", [], 100.0)
    assert stat.S_IMODE(incidents.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(incidents.file.parent.stat().st_mode) == 0o700
    assert (tmp_path / ".llmops" / ".gitignore").exists()
    assert incidents.file.name == "sandbox%3Arag.jsonl"
