"""An audit log is judged by what was read of it: order, numbers, digests, gaps, counts, permissions."""

import json

import pytest

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.security.audit_entries import AuditFile, entries_of, unreadable_in
from pytest_llmops.security.audit_log import counted, digest_of, faults, longest_gap, too_open, writable
from pytest_llmops.security.audit_reading import on_disk, printed
from pytest_llmops.security.audit_review import AuditReview
from pytest_llmops.security.audit_tampering import tried
from pytest_llmops.target.audit_trails import AuditTrail
from pytest_llmops.target.log_sources import Source
from pytest_llmops.target.moments import utc

HOUR = 3600.0
BEGAN = 1_790_000_000.0
LOG = {
    "files": ["audit.jsonl*"],
    "format": "json",
    "keys": {"time": "at", "message": "type", "seq": "seq"},
}
CHAIN = {"digest": "hash", "previous": "previous"}


def trail(**told):
    return AuditTrail.model_validate({"log": LOG, "sequence": "seq", "chain": CHAIN, **told})


def chained(count=6):
    made, previous = [], "0" * 64
    for number in range(1, count + 1):
        at = BEGAN + number * HOUR
        one = {"seq": number, "at": at, "type": "query", "actor": {"id": "mary"}, "previous": previous}
        previous = one["hash"] = digest_of(one, trail().chain)
        made.append(one)
    return made


def file(entries, name="audit.jsonl", **told):
    return AuditFile(name, tuple(json.dumps(one) for one in entries), **told)


def said(entries, table=None):
    table = table or trail()
    return [(one.kind, one.says) for one in faults(table, entries_of(table.log, [file(entries)]))]


def test_a_whole_log_has_no_fault():
    assert said(chained()) == []


def test_its_beginning_may_have_been_rotated_away():
    assert said(chained()[3:]) == []


def test_what_is_missing_breaks_numbers_and_chain():
    entries = chained()
    del entries[2]
    assert said(entries) == [
        ("sequence", "audit.jsonl:3: seq 3 is missing before 4"),
        ("chain", "audit.jsonl:3 does not follow the entry before it: its previous is of another"),
    ]
    del entries[2]
    assert said(entries)[0] == ("sequence", "audit.jsonl:3: seq 3 to 4 is missing before 5")


def test_a_changed_word_breaks_the_digest_alone():
    entries = chained()
    entries[2]["actor"] = {"id": "john"}
    assert said(entries) == [("chain", "audit.jsonl:3 is not what its hash says: it was changed")]


def test_a_digest_that_was_made_to_fit_breaks_the_chain():
    entries = chained()
    entries[2]["actor"] = {"id": "john"}
    entries[2]["hash"] = digest_of(entries[2], trail().chain)
    assert [kind for kind, _ in said(entries)] == ["chain"]


def test_an_entry_twice_and_one_without_a_digest():
    entries = chained()
    entries[3]["seq"] = 3
    del entries[4]["hash"]
    kinds = [says for _, says in said(entries)]
    assert "audit.jsonl:4: seq 3 comes after 3" in kinds
    assert "audit.jsonl:5 has no hash" in kinds


def test_a_number_that_is_none():
    entries = chained()
    entries[0]["seq"] = "first"
    assert ("sequence", "audit.jsonl:1 has 'first' as its seq, which is no number") in said(entries)


def test_order_within_a_second():
    table = trail(sequence=None, chain=None)
    entries = chained(3)
    entries[2]["at"] = entries[1]["at"] - 0.9
    assert said(entries, table) == []
    entries[2]["at"] = entries[1]["at"] - 90
    ((kind, says),) = said(entries, table)
    assert (kind, says[:15]) == ("order", "audit.jsonl:3 i")


def test_the_longest_gap_may_be_the_one_since_the_newest():
    table = trail()
    entries = chained(4)
    read = entries_of(table.log, [file(entries)])
    assert longest_gap(read, BEGAN + 4.5 * HOUR).seconds == HOUR
    late = longest_gap(read, BEGAN + 10 * HOUR)
    assert (late.seconds, late.says.endswith("the newest entry")) == (6 * HOUR, True)
    assert longest_gap([], BEGAN) is None


def test_counts():
    events = trail(expected={"types": ["query"], "event": "audited", "within": "2 h"}).expected
    figure = trail(expected={"types": ["query"], "figure": "asked", "since": "started"}).expected
    entries = chained(6)
    entries[3]["type"] = "started"
    read = entries_of(trail().log, [file(entries)])
    assert counted(read, events, BEGAN + 6.5 * HOUR) == 2
    assert counted(read, figure, BEGAN + 6.5 * HOUR) == 2


def test_only_closed_files_are_asked_whether_they_can_be_written():
    files = [
        AuditFile("audit.jsonl", ("x",), closed=False, mode=0o640),
        AuditFile("audit.jsonl.1", ("x",), closed=True, mode=0o440),
        AuditFile("audit.jsonl.2", ("x",), closed=True, mode=0o460),
        AuditFile("audit.jsonl.3", ("x",), closed=True, mode=0o666, immutable=True),
        AuditFile("audit.jsonl.4", ("x",), closed=True),
    ]
    assert writable(files) == [
        "audit.jsonl.2 has mode 460: it can be written to, and nothing more belongs there",
        "audit.jsonl.4: its permissions are not known",
    ]
    assert too_open(trail(mode="640"), files) == [
        "audit.jsonl.2 has mode 460, at most 640 is right",
        "audit.jsonl.3 has mode 666, at most 640 is right",
    ]
    assert too_open(trail(), files) == []


def one_each(count=4, late=0.0, written=lambda at: at, mode="644"):
    """A file for each event, as a command tells of them."""
    lines = []
    for number in range(count):
        at = BEGAN + number * HOUR
        event = {"timestamp": at, "event_type": "deletion_request", "actor": {"type": "user", "id": "mary"}}
        told = {"file": f"{number}.json", "mode": mode, "changed_at": written(at + late), "event": event}
        lines.append(json.dumps(told))
    return lines


EACH = {
    "log": {
        "command": "audit_events",
        "format": "json",
        "keys": {
            "time": "event.timestamp",
            "message": "event.event_type",
            "file": "file",
            "mode": "mode",
            "changed_at": "changed_at",
        },
    },
    "settled": "1 min",
}


@pytest.mark.parametrize("written", [lambda at: at, str, utc], ids=["number", "digits", "ISO 8601"])
def test_of_one_file_an_event_the_files_time_tells(written):
    table = AuditTrail.model_validate(EACH)
    assert faults(table, entries_of(table.log, printed(table.log, one_each()))) == []
    late = faults(table, entries_of(table.log, printed(table.log, one_each(1, late=2 * HOUR, written=written))))
    assert [(one.kind, one.says.partition(" of ")[0]) for one in late] == [
        ("rewritten", "0.json was written 2 h after its event")
    ]
    (early,) = faults(table, entries_of(table.log, printed(table.log, one_each(1, late=-HOUR))))
    assert early.kind == "rewritten"


def test_of_a_file_without_a_time_it_cannot_be_said_that_it_is_unchanged():
    table = AuditTrail.model_validate(EACH)
    with pytest.raises(CallFailed) as caught:
        faults(table, entries_of(table.log, printed(table.log, one_each(1, written=lambda _: "yesterday"))))
    assert (caught.value.kind, str(caught.value)) == (
        "bad-answer",
        (
            "audit: when 0.json was written is not known, so security.audit.settled says nothing of it; give "
            "security.audit.log.keys.changed_at where its time stands, as a number or in ISO 8601."
        ),
    )


def test_a_mode_that_is_none_is_told():
    with pytest.raises(CallFailed) as caught:
        printed(Source.model_validate(EACH["log"]), one_each(1, mode="-r--r-----"))
    assert (caught.value.kind, str(caught.value)) == (
        "bad-answer",
        "audit: the mode of 0.json is '-r--r-----'; let the command print it in octal, as stat -c %a does.",
    )


def test_what_a_command_prints_tells_of_files():
    table = AuditTrail.model_validate(EACH)
    first, *_ = printed(table.log, one_each(2))
    assert (first.name, first.mode, first.changed_at, first.immutable, first.closed) == (
        "0.json",
        0o644,
        BEGAN,
        None,
        True,
    )


def test_files_on_disk(tmp_path):
    (tmp_path / "audit.jsonl.1").write_text("\n".join(json.dumps(one) for one in chained(2)))
    (tmp_path / "audit.jsonl.1").chmod(0o440)
    (tmp_path / "audit.jsonl").write_text(json.dumps(chained(3)[2]) + "\n")
    closed, open_one = on_disk(tmp_path, trail().log)
    assert (closed.name, closed.closed, closed.mode, len(closed.lines)) == ("audit.jsonl.1", True, 0o440, 2)
    assert (open_one.name, open_one.closed) == ("audit.jsonl", False)
    table = trail()
    assert faults(table, entries_of(table.log, [closed, open_one])) == []


def test_tampering_with_a_copy_is_seen_where_entries_are_chained():
    whole = file(chained())
    found = tried(trail(), [whole], BEGAN + 7 * HOUR)
    assert [(one.way, bool(one.seen)) for one in found] == [("altered", True), ("removed", True), ("swapped", True)]
    assert whole == file(chained())


@pytest.mark.parametrize(
    ("told", "unseen"),
    [
        ({"chain": None}, ["altered"]),
        ({"chain": None, "sequence": None}, ["altered", "removed"]),
    ],
)
def test_what_nothing_shows_is_not_called_seen(told, unseen):
    found = tried(trail(**told), [file(chained())], BEGAN + 7 * HOUR)
    assert [one.way for one in found if not one.seen] == unseen


def test_of_one_file_an_event_a_removed_one_is_seen_by_who_else_counts():
    files = printed(Source.model_validate(EACH["log"]), one_each())
    now = BEGAN + 4 * HOUR
    alone = tried(AuditTrail.model_validate(EACH), files, now)
    assert [one.way for one in alone if not one.seen] == ["altered", "removed"]
    expected = {"types": ["deletion_request"], "event": "audited"}
    beside = tried(AuditTrail.model_validate({**EACH, "expected": expected}), files, now)
    assert [one.way for one in beside if not one.seen] == ["altered"]


def test_a_trail_names_what_it_reads():
    with pytest.raises(ValueError, match="sequence is 'number', which is none of the fields that log reads: seq"):
        trail(sequence="number")
    with pytest.raises(ValueError, match="exactly one of figure, event"):
        trail(expected={"types": ["query"]})


@pytest.fixture
def review(target, ledger, tmp_path):
    """The review of a log of these lines: ``review(lines, chain=None, …)``."""

    def review(lines, **told):
        (tmp_path / "audit.jsonl").write_text("".join(f"{line}\n" for line in lines))
        audit = {"log": LOG, "sequence": "seq", "chain": CHAIN, **told}
        return AuditReview(target({}, audit=audit), ledger, None, None)

    return review


WHOLE = [json.dumps(one) for one in chained(4)]
DAMAGED = [*WHOLE[:2], '{"seq": 3, "actor": "mar', *WHOLE[2:]]


def test_without_anything_that_would_show_a_change_none_is_said_to_be_seen(review):
    bare = review(WHOLE, chain=None, sequence=None)
    with pytest.raises(Unsupported, match=r"give security\.audit\.chain or security\.audit\.settled\.$"):
        bare.faults("chain", "rewritten", "unreadable")
    with pytest.raises(Unsupported, match=r"give security\.audit\.sequence\.$"):
        bare.faults("sequence")
    assert bare.faults("order", "sequence", "rewritten", "unreadable") == bare.faults() == []
    assert review(WHOLE).faults("chain", "rewritten") == []


@pytest.mark.parametrize("kinds", [("order", "unreadable"), ("chain", "rewritten", "unreadable"), ()])
def test_a_line_that_cannot_be_read_is_a_fault_whatever_is_configured(review, kinds):
    for told in ({}, {"chain": None, "sequence": None}):
        (found,) = review(DAMAGED, **told).faults(*kinds)
        assert (found.kind, found.says) == ("unreadable", "audit.jsonl:3 cannot be read as an entry")


def test_a_log_that_has_no_line_or_none_that_can_be_read(review):
    assert [one.kind for one in review(["{", "{"]).faults("chain", "unreadable")] == ["unreadable"]
    with pytest.raises(Vacuous, match="the audit log has no entry"):
        review([]).faults("chain", "unreadable")


def test_the_last_line_of_an_open_file_may_be_one_that_is_being_written():
    half = [*WHOLE, '{"seq": 5, "at"']
    read = [unreadable_in(trail().log, [AuditFile("audit.jsonl", tuple(half), closed)]) for closed in (False, True)]
    assert read == [[], ["audit.jsonl:5"]]


def test_of_plain_lines_those_that_belong_to_an_entry_can_be_read():
    log = Source.model_validate({"files": ["audit.log"], "line": r"\[(?P<time>\S+)\] (?P<message>.*)"})
    lines = ("lost", "[2026-01-01T00:00:00Z] failed", "  because of that", "", "lost, too", "[2026-01-01T00:00:01Z] on")
    assert unreadable_in(log, [AuditFile("audit.log", lines)]) == ["audit.log:1", "audit.log:5"]


def test_a_whole_document_that_cannot_be_read():
    log = Source.model_validate({"files": ["*.json"], "format": "document"})
    assert unreadable_in(log, [AuditFile("a.json", ('{"a": 1}',)), AuditFile("b.json", ("{",))]) == ["b.json"]


def test_what_a_command_prints_and_is_no_entry_is_told():
    log = Source.model_validate(EACH["log"])
    files = printed(log, [*one_each(2), "{broken", ""])
    assert [file.name for file in files] == ["0.json", "1.json", "audit_events"]
    assert unreadable_in(log, files) == ["audit_events:1"]


def test_a_damaged_line_makes_no_tampering_seen():
    found = tried(trail(chain=None, sequence=None), [AuditFile("audit.jsonl", tuple(DAMAGED))], BEGAN + 7 * HOUR)
    assert [one.way for one in found if one.seen] == ["swapped"]
