"""Entries: filtered, grouped, compared with before, reported."""

import time

import pytest

from pytest_llmops.clients.log_entries import Entries, merged
from pytest_llmops.clients.log_entry import Entry, Reading
from pytest_llmops.errors import ConfigError, Unsupported, Vacuous
from pytest_llmops.target.moments import Period

NOW = time.time()
HOUR, DAY = 3600.0, 86400.0


def said(message, ago_s=0.0, level="error", **more):
    return Entry(message, NOW - ago_s, level, **more)


def entries(*parts, **reading):
    times = [entry.at for entry in parts if entry.at is not None]
    known = {"oldest_at": min(times, default=None), "newest_at": max(times, default=None), "total": len(parts)}
    return Entries(parts, Reading("app", **{"at": NOW, **known, **reading}))


def test_by_level():
    found = entries(
        said("a", level="info"), said("b", level="warning"), said("c", level="critical"), said("d", level="")
    )
    assert [e.message for e in found.at_least("warning")] == ["b", "c"]
    assert [e.message for e in found.exactly("warning")] == ["b"]
    assert [e.message for e in found.last(2)] == ["c", "d"]
    assert len(found.last(0)) == 0
    assert [e.message for e in found[1:3]] == ["b", "c"]


def test_the_newest_lines_as_they_stand_in_the_log():
    found = Entries(
        [Entry("old", line="INFO old"), Entry("a", line="ERROR a k=1", more=("Traceback", "ValueError"))],
        Reading("app"),
        lambda text: text.replace("k=1", "k=[redacted]"),
    )
    assert found.lines(500) == ["INFO old", "ERROR a k=[redacted]", "Traceback", "ValueError"]
    assert found.lines(2) == ["Traceback", "ValueError"]
    assert found[:0].lines(2) == []


def test_of_a_log_that_is_not_kept_whole_lines_are_what_is_read():
    found = entries(Entry("it failed", 1_764_412_560.0, "error", "rag", more=("ValueError",)))
    assert found.lines(9) == ["2025-11-29 10:36:00Z ERROR rag it failed", "ValueError"]


def test_the_newest_of_each_replica():
    said = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4"), ("a", "5")]
    found = entries(*(Entry(text, fields={"instance": instance}) for instance, text in said))
    assert [e.message for e in found.last(2, of_each="instance")] == ["2", "4", "5"]
    assert [e.message for e in found.last(2, of_each="pod")] == ["4", "5"]
    assert len(found.last(0, of_each="instance")) == 0


def test_the_most_within_a_time():
    found = entries(said("a", 300), said("b", 110), said("c", 100), said("d", 50), said("e", 10), Entry("undated"))
    assert (found.busiest(60), found.busiest(100), found[:0].busiest(60)) == (3, 4, 0)


def test_those_of_some_periods():
    found = entries(said("a", 300), said("b", 200), said("c", 100), Entry("undated"))
    assert [e.message for e in found.within([Period(NOW - 210, NOW - 190)])] == ["b"]
    assert [e.message for e in found.within([Period(NOW - 400, NOW - 200), Period(NOW - 1, NOW)])] == ["a", "b"]
    assert len(found.within([])) == 0


def test_the_first_of_each():
    asked = [("a", "1"), ("b", "2"), ("a", "3"), (None, "4"), (None, "5")]
    found = entries(*(Entry(text, fields={"question": question}) for question, text in asked))
    assert [e.message for e in found.first_of_each("question")] == ["1", "2", "4", "5"]
    with pytest.raises(Unsupported):
        entries(said("a"), fields=frozenset()).first_of_each("question")


def test_with_what_is_around():
    found = entries(*(said(str(i), level="error" if i == 5 else "info") for i in range(10)))
    assert [e.message for e in found.around("error", 2)] == ["3", "4", "5", "6", "7"]


def test_groups_of_what_is_said():
    found = entries(said("try 1 failed", 30), said("gone", 20), said("try 22 failed", 10))
    first, second = found.top()
    assert (first.says, first.count, first.last) == ("try N failed", 2, "try 22 failed")
    assert (first.first_at, first.last_at) == (NOW - 30, NOW - 10)
    assert (str(first), str(second)) == ("2 x try N failed", "1 x gone")
    assert len(found.top(1)) == 1


def test_groups_by_type():
    found = entries(
        said("it failed", exception="ValueError: 3 is odd"),
        said("broke with ValueError: 4"),
        said("✗ no answer 7: it hangs"),
        said("✗ no answer 9: it is gone"),
    )
    assert {group.says: group.count for group in found.types()} == {"ValueError": 2, "no answer N": 2}


def test_parts_and_means():
    found = entries(
        said("a", fields={"tool": "search", "ms": 10}),
        said("b", fields={"tool": "search", "ms": 30}),
        said("c", fields={"tool": "shell", "ms": "?"}),
        said("d"),
    )
    parts = found.by("tool")
    assert {name: len(part) for name, part in parts.items()} == {"search": 2, "-": 1, "shell": 1}
    assert list(parts) == ["search", "-", "shell"]
    assert parts["search"].mean("ms") == 20.0
    assert parts["search"].numbers("ms") == [10.0, 30.0]
    assert parts["shell"].numbers("ms") == []
    with pytest.raises(Vacuous) as caught:
        parts["shell"].mean("ms")
    assert str(caught.value) == "logs: no entry of app has a number as ms, so it has no mean."
    assert [e.message for e in found.having(tool="shell")] == ["c"]


@pytest.mark.parametrize(
    ("ask", "error", "sentence"),
    [
        (
            lambda found: found.having(failed=True),
            Unsupported,
            "logs: lines of app have no field 'failed'. They have: success, tool_name.",
        ),
        (
            lambda found: found.by("tool_nam"),
            ConfigError,
            "logs: lines of app have no field 'tool_nam'. Did you mean 'tool_name'?",
        ),
        (
            lambda found: found.mean("ms"),
            Unsupported,
            "logs: lines of app have no field 'ms'. They have: success, tool_name.",
        ),
    ],
)
def test_a_field_that_the_log_does_not_have(ask, error, sentence):
    found = entries(said("a", fields={"success": False}), fields=frozenset({"success", "tool_name"}))
    with pytest.raises(error) as caught:
        ask(found)
    assert str(caught.value) == sentence


def test_fields_of_two_logs():
    one, two = entries(said("a"), fields=frozenset({"tool"})), entries(said("b"), fields=frozenset({"ms"}))
    assert merged([one, two]).reading.fields == {"tool", "ms"}
    assert merged([one, entries(said("c"))]).reading.fields is None
    assert list(one.by("logger")) == ["-"]


def test_by_the_clock():
    one, two = Entry("a", 1_764_408_960.0), Entry("b", 1_764_412_560.0)
    found = entries(one, two, Entry("c"), oldest_at=None, newest_at=None)
    assert {hour: len(part) for hour, part in found.by("hour").items()} == {"-": 1, "09": 1, "10": 1}
    assert {day: len(part) for day, part in found.by("day").items()} == {"2025-11-29": 2, "-": 1}


def test_broken_down_for_people():
    found = entries(
        Entry("a", 1_764_412_560.0, fields={"tool": "a|b", "ok": True, "ms": 10}),
        Entry("b", 1_764_408_960.0, fields={"tool": "a|b", "ok": False, "ms": 35}),
        Entry("c", 1_764_412_560.0, fields={"tool": "shell", "ok": True}),
    )
    assert found.breakdown("Tools", "tool", "hour", failed={"ok": False}, mean="ms").splitlines() == [
        "# Tools",
        "",
        "3 entries of app, out of 3 entries.",
        "",
        "| tool | entries | share | failed | mean ms |",
        "|---|---:|---:|---:|---:|",
        "| a\\|b | 2 | 66.7 % | 1 | 22.5 |",
        "| shell | 1 | 33.3 % | 0 | - |",
        "",
        "| hour (UTC) | entries | share | failed | mean ms |",
        "|---|---:|---:|---:|---:|",
        "| 09 | 1 | 33.3 % | 1 | 35 |",
        "| 10 | 2 | 66.7 % | 0 | 10 |",
    ]
    assert "| tool | entries | share |\n" in found.breakdown("Tools", "tool")


START = said("start", 9 * DAY, "info")


def test_what_is_new():
    found = entries(START, said("old 1", 5 * DAY), said("old 2", HOUR), said("new", HOUR))
    assert [kind.says for kind in found.novel()] == ["new"]


def test_what_is_new_in_a_young_log_cannot_be_told():
    young = entries(said("a", 7.5 * DAY), said("a", HOUR))
    with pytest.raises(Vacuous) as caught:
        young.novel()
    assert str(caught.value) == (
        "logs: app does not reach back 8 days, so what is new in the last 24 h cannot be told."
    )
    assert [kind.says for kind in young.novel(before_s=DAY)] == []


def test_what_is_said_more_often():
    before = [said("slow", ago * DAY, "warning") for ago in range(2, 8) for _ in range(10)]
    now = [said("slow", HOUR, "warning") for _ in range(25)] + [said("once", HOUR, "warning")]
    (rise,) = entries(*before, *now, said("start", 8 * DAY)).rising()
    assert (rise.says, rise.now, rise.before) == ("slow", 25, pytest.approx(60 / 7))
    assert str(rise) == "slow: 25, before 8.57"
    assert entries(*before, *now[:12], said("start", 8 * DAY)).rising() == []  # 12 of 8.6 is chance


def test_of_late_and_before_in_a_document():
    found = entries(
        Entry("start", 1_764_412_560.0 + HOUR - 9 * DAY),
        Entry("slow 1", 1_764_412_560.0 - 5 * DAY, "error"),
        Entry("gone", 1_764_412_560.0 - 4 * DAY, "error"),
        *(Entry(f"slow {number}", 1_764_412_560.0, "error") for number in range(4)),
        Entry("torn | apart", 1_764_412_560.0, "error"),
        at=1_764_412_560.0 + HOUR,
    )
    assert found.comparison("Errors").splitlines() == [
        "# Errors",
        "",
        "8 entries of app, out of 8 entries.",
        "",
        "| last 24 h | mean before | is | last | what |",
        "|---:|---:|---|---|---|",
        "| 4 | 0.125 | rising | 2025-11-29 10:36:00Z | slow N |",
        "| 1 | 0 | new | 2025-11-29 10:36:00Z | torn \\| apart |",
        "",
        "```text",
        *(f"2025-11-29 10:36:00Z ERROR slow {number}" for number in range(4)),
        "2025-11-29 10:36:00Z ERROR torn | apart",
        "```",
    ]


def test_a_young_log_is_written_down_and_nothing_in_it_is_new():
    text = entries(said("a", 2 * DAY), said("b", HOUR)).comparison("Errors")
    assert "logs: app does not reach back 8 days, so what is new in the last 24 h cannot be told." in text
    assert "| 1 | ? |  | " in text


def test_a_log_that_fell_silent_says_nothing_of_today():
    found = entries(said("a", 3 * DAY), said("b", 2 * DAY))
    assert found.judged() is found
    with pytest.raises(Vacuous) as caught:
        found.judged(DAY)
    assert str(caught.value) == (
        "logs: app has no entry in that time; its newest is 2 days old, so what it does not say tells nothing."
    )
    assert entries(said("a", 3 * DAY), quiet=True).judged(DAY)


def test_a_silent_log_says_nothing():
    with pytest.raises(Vacuous) as caught:
        entries(newest_at=NOW - 3 * DAY).judged()
    assert str(caught.value) == (
        "logs: app has no entry in that time; its newest is 3 days old, so what it does not say tells nothing."
    )
    assert len(entries(quiet=True).judged()) == 0


def test_several_logs_by_time():
    one = entries(said("1", 30), said("4", 5))
    two = entries(said("2", 20), said("3", 10), unreadable=2, cut=("b.log was not read",))
    both = merged([one, two])
    assert [e.message for e in both] == ["1", "2", "3", "4"]
    assert (both.reading.source, both.reading.total, both.reading.unreadable) == ("app and app", 4, 2)
    assert both.reading.cut == ("b.log was not read",)


def test_an_entry_without_a_time_stays_where_it_is():
    one = Entries([said("1", 30), Entry("behind 1"), said("3", 5)], Reading("app", at=NOW))
    both = merged([one, entries(said("2", 20))])
    assert [e.message for e in both] == ["1", "behind 1", "2", "3"]


def test_a_report_has_no_secret():
    found = Entries(
        [said("sent hunter22 | 1", more=("  hunter22",)), said("sent hunter22 | 2")],
        Reading("app", since=NOW - DAY, at=NOW, total=2, unreadable=1, cut=("a.log was read from byte 9 on",)),
        lambda text: text.replace("hunter22", "[redacted]"),
    )
    text = found.report("Errors")
    stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(NOW))
    assert text == (
        "# Errors\n\n"
        "2 entries of app, out of 2 entries of the last 24 h, 1 unreadable lines; a.log was read from byte 9 on.\n\n"
        "| count | last | what |\n|---:|---|---|\n"
        f"| 2 | {stamp} | sent [redacted] \\| N |\n\n"
        f"```text\n{stamp} ERROR sent [redacted] | 1\n      [redacted]\n{stamp} ERROR sent [redacted] | 2\n```\n"
    )


def test_a_report_by_type_has_the_most_frequent_first():
    found = entries(said("Analysis failed: no page"), said("Refused: 7"), said("Analysis failed: timed out"))
    rows = [line for line in found.report("Errors", by_type=True, lines=0).splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[::2] for row in rows[1:]] == [["| 2", "Analysis failed |"], ["| 1", "Refused |"]]
