"""The application's logs: real files, rotated, compressed, damaged, followed."""

import gzip
import os
import re
import tarfile
import threading
import time
from dataclasses import replace

import pytest
from pydantic import ValidationError

from pytest_llmops.clients import log_files
from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.log_entries import Entries
from pytest_llmops.clients.log_entry import Entry, Reading
from pytest_llmops.clients.log_files import LogFile
from pytest_llmops.clients.log_rotation import Rotated
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.control import process
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.target.moments import moment
from pytest_llmops.target.surroundings import Logs as Table

STANDARD = r"(?P<time>\S+ \S+) - (?P<logger>\S+) - (?P<level>[A-Z]+) - (?P<message>.*)"
HOUR, DAY = 3600.0, 86400.0


def line(ago_s, level="INFO", message="well"):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - ago_s))
    return f"{stamp},000 - app - {level} - {message}\n"


@pytest.fixture
def lay(tmp_path):
    """Writes a file that was written so long ago."""

    def lay(name, text, ago_s=0.0):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        moment = time.time() - ago_s
        os.utime(path, (moment, moment))
        return path

    return lay


@pytest.fixture
def logs(client):
    """The logs of ``app.log`` and its rotated parts; settings of the component, of its source, or other sources."""

    def logs(sources=None, component=None, environ=None, **source):
        app = {"files": ["logs/app.log*"], "line": STANDARD, **source}
        return client("logs", environ, **{"sources": {"app": app, **(sources or {})}, **(component or {})})

    return logs


def failure(act):
    with pytest.raises(CallFailed) as caught:
        act()
    return caught.value.kind, str(caught.value)


def test_rotated_files_are_read_oldest_first(lay, logs, ledger):
    lay("logs/app.log", line(10) + line(5, "ERROR", "broken"), 5)
    lay("logs/app.log.1", line(2 * HOUR, "ERROR", "older"), 2 * HOUR)
    lay("logs/app.log.2.gz", line(2 * DAY, "WARNING", "oldest"), 2 * DAY)
    found = logs().entries("app")
    assert [e.message for e in found] == ["oldest", "older", "well", "broken"]
    assert (found.reading.total, found.reading.unreadable, found.reading.cut) == (4, 0, ())
    assert ledger.answered("logs") == 1
    assert last_exchange.get().startswith("zcat -f ")


def test_since_a_time_at_a_level_with_words(lay, logs):
    lay("logs/app.log", line(10) + line(5, "ERROR", "Timeout of 3"), 5)
    lay("logs/app.log.1", line(2 * HOUR, "ERROR", "older"), 2 * HOUR)
    app = logs()
    assert app.count("app", since_s=HOUR) == 2
    assert app.count("app", since_s=HOUR, level="error") == 1
    assert app.count("app", level="error") == 2
    assert [e.message for e in app.entries("app", contains="timeout")] == ["Timeout of 3"]


def test_what_has_not_changed_is_not_read_again(lay, logs, monkeypatch):
    path = lay("logs/app.log", line(10))
    app = logs()
    assert app.count("app") == 1
    before = app._logs._known["app"]
    assert app.count("app", level="error") == 0
    assert app._logs._known["app"] is before
    path.write_text(line(10) + line(1))
    assert app.count("app") == 2


def test_a_silent_log_is_no_good_news(lay, logs):
    lay("logs/app.log", line(3 * DAY), 3 * DAY)
    with pytest.raises(Vacuous) as caught:
        logs().count("app", since_s=DAY, level="error")
    assert str(caught.value) == (
        "logs: app has no entry in that time; its newest is 3 days old, so what it does not say tells nothing."
    )
    assert logs(quiet=True).count("app", since_s=DAY, level="error") == 0


def test_one_part_of_a_whole_log(lay, logs):
    lines = [
        line(9, "ERROR", "another's"),
        line(5, "ERROR", '{"event": "failed"}'),
        line(2, "INFO", '{"event": "well"}'),
    ]
    lay("logs/app.log", "".join(lines))
    ours = {"keys": {"message": "event", "ours": "event != `null`"}, "only": "ours"}
    assert [entry.message for entry in logs(**ours).entries("app")] == ["failed", "well"]
    with pytest.raises(ValidationError, match=r"only = 'our' is none of its keys\. Did you mean 'ours'\?"):
        logs(**ours | {"only": "our"})


def test_no_file(logs, tmp_path):
    assert failure(lambda: logs().entries("app")) == (
        "absent",
        f"logs: no file of app is there: logs/app.log* below {tmp_path}.",
    )


def test_no_line_that_can_be_read(lay, logs):
    lay("logs/app.log", "what\nis\nthis\n")
    assert failure(lambda: logs().entries("app")) == (
        "bad-answer",
        "logs: none of the 3 lines of app is as its table says; see components.logs.sources.app.",
    )


def test_a_link_that_leads_out_is_not_followed(logs, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("elsewhere") / "app.log"
    outside.write_text(line(1))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "app.log").symlink_to(outside)
    said = "is a link that leads out of {}; name its own folder as root, or leave it out."
    expected = f"logs: {tmp_path}/logs/app.log {said.format(tmp_path)}"
    assert failure(lambda: logs().entries("app")) == ("refused", expected)


def test_a_link_to_the_newest_part_is_not_read_twice(lay, logs, tmp_path):
    lay("logs/app.log.7", line(5))
    (tmp_path / "logs" / "app.log").symlink_to("app.log.7")
    assert [file.name for file in logs().files("app")] == ["logs/app.log.7"]
    assert logs().count("app") == 1


def test_a_large_log_is_read_from_its_end(lay, logs):
    lay("logs/app.log", "".join(line(100 - i, message=f"number {i}") for i in range(100)), 1)
    lay("logs/app.log.1", line(500), 500)
    length = len(line(0, message="number 99"))
    found = logs(component={"max_bytes": 5 * length + 3}).entries("app")
    assert [e.message for e in found] == [f"number {i}" for i in range(95, 100)]
    assert found.reading.cut == (
        "logs/app.log.1 was not read, the limit of bytes was reached before",
        f"logs/app.log was read from byte {100 * length - 10 - 5 * length - 3} on",
    )


@pytest.mark.parametrize("ago_s", [5.5, 1805.5, 15005.5, 39005.5, 90000.0])
def test_of_a_large_log_only_what_is_of_late_is_looked_at(lay, logs, monkeypatch, ago_s):
    monkeypatch.setattr(log_files, "LARGE", 10_000)
    monkeypatch.setattr(log_files, "NEAR", 500)
    lay("logs/app.log", "".join(line(40000 - i) + "  more of it\n" for i in range(0, 40000, 20)))
    app = logs()
    found = app.entries("app", since_s=ago_s + 0.001)
    assert len(found) == pytest.approx(min(2000, ago_s // 20), abs=1)
    assert (found.reading.unreadable, found.reading.cut) == (0, ())
    assert min(ago_s, 39999) <= found.reading.at - found.reading.oldest_at <= min(ago_s, 40000) + 1000
    (_, begins) = app._logs._known["app"][0]
    assert bool(begins) is (ago_s < 80000)
    assert app.count("app") == 2000
    assert len(app.entries("app", since_s=ago_s + 0.001)) == len(found)


def test_of_many_lines_the_newest_are_kept(lay, logs):
    lay("logs/app.log", "".join(line(10 - i, message=str(i)) for i in range(10)))
    found = logs(component={"max_lines": 3}).entries("app")
    assert [e.message for e in found] == ["7", "8", "9"]
    assert found.reading.cut == ("of 10 entries the newest 3 are kept",)


def test_of_what_was_not_read_nobody_knows_what_stands_there(lay, logs):
    lay("logs/app.log", "".join(line(10 - i, message=str(i)) for i in range(10)))
    found = logs(component={"max_lines": 3}).entries("app", since_s=HOUR, level="error")
    with pytest.raises(Vacuous) as caught:
        found.judged().whole()
    assert str(caught.value) == (
        "logs: not all of app was read, so what was not found in it may stand there: "
        "of 10 entries the newest 3 are kept."
    )
    assert len(logs().entries("app", since_s=HOUR, level="error").whole()) == 0


def test_a_log_that_reaches_back_to_a_moment(lay, logs):
    def reaching(days_ago, **settings):
        return logs(**settings).entries("app").reaching(time.time() - days_ago * DAY)

    lay("logs/app.log", line(10) + line(5), 5)
    lay("logs/app.log.1", line(2 * DAY), 2 * DAY)
    assert len(reaching(1)) == 3
    with pytest.raises(Vacuous) as caught:
        reaching(3)
    moments = re.findall(r"\d+-\S+Z", str(caught.value))
    assert moments == sorted(moments, reverse=True)
    assert str(caught.value) == (
        f"logs: app begins {moments[0]} and does not reach back to {moments[1]}, so what it does not say of that time "
        "tells nothing; look where its rotated files are put."
    )
    rare = {"quiet": True, "keep": "90 d"}
    assert len(reaching(3, **rare, backups=2)) == 3  # nothing was dropped yet
    with pytest.raises(Vacuous):
        reaching(3, **rare, backups=1)
    with pytest.raises(Vacuous):
        reaching(3, **rare)
    kept = {"component": {"max_lines": 2}, **rare, "backups": 2}
    assert len(reaching(0.00001, **kept)) == 2
    with pytest.raises(Vacuous, match="not all of app was read"):
        reaching(1, **kept)


def test_a_damaged_file_is_said(lay, logs):
    path = lay("logs/app.log.1.gz", "".join(line(100 + i) for i in range(1000)), 100)
    path.write_bytes(path.read_bytes()[:300] + path.read_bytes()[-4:])
    lay("logs/app.log", line(1))
    found = logs().entries("app")
    assert found[-1].message == "well"
    (cut,) = found.reading.cut
    assert cut.startswith("logs/app.log.1.gz could not be read to its end: ")


def test_a_gzip_file_of_several_members_is_read_whole(lay, logs):
    path = lay("logs/app.log.1.gz", "".join(line(100 + i) for i in range(1000)), 100)
    path.write_bytes(path.read_bytes() + gzip.compress(line(50, "ERROR", "broken").encode()))
    lay("logs/app.log", line(1))
    found = logs().entries("app")
    assert (len(found), found.reading.cut) == (1002, ())


def test_an_empty_gzip_file_was_read(lay, logs):
    lay("logs/app.log.1.gz", "", 100)
    lay("logs/app.log", line(1))
    assert logs().entries("app").reading.cut == ()


def test_what_lies_beyond_the_limit_is_not_unpacked(lay, logs, monkeypatch):
    for number in (3, 2, 1):
        lay(f"logs/app.log.{number}.gz", "".join(line(100 * number + i) for i in range(50)), 100 * number)
    length, opened = len(line(1)), []
    unpacking = gzip.open
    monkeypatch.setattr(log_files.gzip, "open", lambda path: opened.append(path.name) or unpacking(path))
    found = logs(component={"max_bytes": 60 * length}).entries("app")
    assert (found.reading.cut[0], set(opened)) == (
        "logs/app.log.3.gz was not read, the limit of bytes was reached before",
        {"app.log.1.gz", "app.log.2.gz"},
    )


def test_errors_of_a_whole_log(lay, logs):
    lay("logs/app.log", line(2) + line(1, "ERROR", "broken"))
    errors = {"files": ["logs/app.log"], "line": STANDARD, "at_least": "error"}
    app = logs({"errors": errors})
    assert [e.message for e in app.entries("errors")] == ["broken"]
    assert app.entries("errors").reading.total == 2
    assert [e.message for e in app.merged("app", "errors")] == ["well", "broken", "broken"]
    assert list(app.sizes()) == ["app"]


def test_events(lay, logs):
    lay("logs/app.log", line(2 * HOUR, message="Rate limit, 429") + line(1, message="started"))
    app = logs(component={"events": {"limited": {"source": "app", "matches": "429|rate limit"}}})
    assert [e.message for e in app.event("limited")] == ["Rate limit, 429"]
    assert len(app.event("limited", since_s=HOUR)) == 0
    assert len(app.event("limited", among=app.entries("app")[:0])) == 0
    assert [e.message for e in app.event("limited", among=app.entries("app"))] == ["Rate limit, 429"]
    with pytest.raises(Unsupported) as caught:
        app.event("limit")
    assert str(caught.value) == ("logs: target staging has no event 'limit'. Did you mean 'limited'? It has: limited.")


def test_a_log_that_the_target_does_not_have(logs):
    with pytest.raises(Unsupported) as caught:
        logs().entries("ap")
    assert str(caught.value) == "logs: target staging has no log 'ap'. Did you mean 'app'? It has: app."


def test_a_log_without_times(lay, logs):
    lay("logs/app.log", "INFO:app:well\n")
    app = logs(line=r"(?P<level>\w+):(?P<logger>\w+):(?P<message>.*)")
    assert app.count("app") == 1
    with pytest.raises(Unsupported) as caught:
        app.count("app", since_s=HOUR)
    assert str(caught.value) == "logs: app has no times, so what is of late in it cannot be told."
    with pytest.raises(Vacuous) as vacuous:
        app.reach_days("app")
    assert str(vacuous.value) == "logs: app holds no time, so how far it reaches back cannot be told."


def test_ages_and_sizes(lay, logs):
    lay("logs/app.log", line(30), 30)
    lay("logs/app.log.1", line(4 * DAY), 4 * DAY)
    app = logs()
    assert app.newest_age_s("app") == pytest.approx(30, abs=15)
    assert app.reach_days("app") == pytest.approx(4, abs=0.01)
    lay("logs/app.log", line(-10 * DAY), 0)
    with pytest.raises(CallFailed) as caught:
        logs().newest_age_s("app")
    assert str(caught.value) == (
        "logs: the newest entry of app is of 10 days from now; give components.logs.sources.app.timezone the zone of "
        "its times, or set the clock."
    )
    lay("logs/app.log", line(30), 30)
    size = app.sizes()["app"]
    assert (size.files, size.megabytes) == (2, len(line(30)) * 2 / 1e6)
    assert size.per_day == pytest.approx(size.megabytes / 4, rel=0.01)


@pytest.mark.parametrize(
    ("name", "rotated"),
    [
        ("app.log", False), ("app.json", False), ("app.log.1", True), ("app.log.12.gz", True), ("app.log.gz", True),
        ("app-20261129.log", True), ("app.log.2026-11-29", True), ("api_call_001_20261129_093000.json", False),
        ("llm_enhancement_20261129_093000.log", False), ("agent-aiops.log.1", True), ("errors.log.json", False),
    ],
)  # fmt: skip
def test_which_files_were_rotated(tmp_path, name, rotated):
    assert LogFile(tmp_path / name, name, 0, 0.0, 0).rotated is rotated


def test_a_log_that_is_older_than_what_is_read_reaches_back_so_far(lay, logs):
    lay("logs/app.log", line(30), 30)
    lay("logs/app.log.1", line(9 * DAY), 9 * DAY)
    found = logs().entries("app", since_s=8 * DAY)
    assert found.reading.at - found.reading.oldest_at == pytest.approx(8 * DAY, abs=60)
    assert [group.says for group in found.novel()] == ["well"]


def test_the_oldest_entry_is_found_in_whichever_file_has_it(lay, logs):
    lay("logs/app.log", line(5 * DAY) + line(1))  # written last, by copying an old one
    lay("logs/app.log.1", line(2 * DAY), 2 * DAY)
    assert logs().reach_days("app") == pytest.approx(5, abs=0.01)


LINE_WITH_ID = r"(?P<time>\S+ \S+) - (?P<logger>\S+) - (?P<level>\w+) - (?P<message>(?:.*?doc (?P<doc>\d+))?.*)"
EVENTS = {"begun": {"source": "app", "matches": "^begin"}, "ended": {"source": "app", "matches": "^end"}}


def test_what_began_and_did_not_end(lay, logs):
    text = "".join(
        line(ago, message=said)
        for ago, said in [(9000, "begin doc 1"), (8000, "end doc 1"), (7000, "begin doc 2"), (6000, "begin doc 1"),
                          (5000, "begin doc 3"), (4000, "end doc 3"), (60, "begin doc 4")]
    )  # fmt: skip
    lay("logs/app.log", text)
    app = logs(component={"events": EVENTS}, line=LINE_WITH_ID)
    open_ = app.unended("begun", "ended", "doc")
    assert [(one.key, one.said) for one in open_] == [("1", "begin doc 1"), ("2", "begin doc 2")]
    assert [one.key for one in app.unended("begun", "ended", "doc", grace_s=10)] == ["1", "2", "4"]
    with pytest.raises(Vacuous) as caught:
        app.unended("begun", "ended", "doc", since_s=4500)
    assert str(caught.value) == "logs: no begun stands in the log of that time, so nothing could be left open."


def test_an_end_in_another_run_is_no_end(lay, logs):
    lay("logs/app.log.a", line(9000, message="begin doc 3 api_key=abc"), 9000)
    lay("logs/app.log.b", line(8000, message="begin doc 3") + line(7000, message="end doc 3"), 7000)
    app = logs(component={"events": EVENTS}, line=LINE_WITH_ID)
    assert app.unended("begun", "ended", "doc") == []
    (crashed,) = app.unended("begun", "ended", "doc", in_each_file=True)
    assert (crashed.key, crashed.file) == ("3", "logs/app.log.a")
    assert str(crashed) == f"'begin doc 3 api_key=[redacted]' at {moment(crashed.at)} in logs/app.log.a"
    assert str(replace(crashed, at=None, file="")) == "'begin doc 3 api_key=[redacted]'"


def test_how_long_what_began_took(lay, logs):
    text = "".join(
        line(ago, message=said)
        for ago, said in [(9000, "begin doc 1"), (8990, "end doc 1"), (7000, "begin doc 2"), (6000, "begin doc 2"),
                          (5990, "begin doc 1"), (5700, "end doc 2"), (5690, "end doc 1"), (60, "begin doc 4")]
    )  # fmt: skip
    lay("logs/app.log", text)
    app = logs(component={"events": EVENTS}, line=LINE_WITH_ID)
    asked = ("begun", "ended", "doc")
    assert app.durations(*asked) == pytest.approx([10, 300, 300])  # of two beginnings in a row the newest counts
    assert app.durations(*asked, since_s=8000) == pytest.approx([300, 300])
    assert app.durations(*asked, earlier_than_s=8000) == pytest.approx([10])
    with pytest.raises(Vacuous) as caught:
        app.durations(*asked, since_s=100)
    assert str(caught.value) == "logs: no begun with its ended stands in the log of that time."


def test_what_took_time_in_another_run_is_none_of_this_ones(lay, logs):
    lay("logs/app.log.a", line(9000, message="begin doc 3"), 9000)
    lay("logs/app.log.b", line(8000, message="begin doc 3") + line(7000, message="end doc 3"), 7000)
    app = logs(component={"events": EVENTS}, line=LINE_WITH_ID)
    assert app.durations("begun", "ended", "doc", in_each_file=True) == pytest.approx([1000])


def test_an_entry_knows_its_file(lay, logs):
    lay("logs/app.log.1", line(20) + "more of it\n", 20)
    lay("logs/app.log", line(10), 10)
    lay("calls/1.json", '{"message": "called"}')
    app = logs({"calls": {"files": ["calls/*.json"], "format": "document"}})
    assert [entry.file for entry in app.entries("app")] == ["logs/app.log.1", "logs/app.log"]
    assert [entry.file for entry in app.entries("calls")] == ["calls/1.json"]
    following = app.following("app")
    lay("logs/app.log", line(10) + line(1))
    assert [entry.file for entry in app.arrived(following)] == [""]


def test_several_logs_in_one_are_read_by_time(lay, logs):
    lay("logs/a.log", line(30, message="1") + line(10, message="3"), 10)
    lay("logs/b.log", line(20, message="2") + line(5, message="4"), 5)
    assert [e.message for e in logs(files=["logs/a.log", "logs/b.log"]).entries("app")] == ["1", "2", "3", "4"]


def test_retention(lay, logs):
    lay("logs/app.log", line(30), 30)
    lay("logs/app.log.1", line(35 * DAY), 34 * DAY)
    kept = logs(keep="30 d").retention("app")
    assert (kept.wrong, kept.rotated) == ((), 1)
    assert kept.reach_s == pytest.approx(35 * DAY, abs=60)
    assert kept.oldest_file_s == pytest.approx(34 * DAY, abs=60)
    (old,) = logs(drop="30 d").retention("app").wrong
    assert old == "logs/app.log.1 is 34 days old, and must go after 30 days"
    (young,) = logs(keep="90 d").retention("app").wrong
    assert young == "app reaches back 35 days, and must reach back 90 days or to the installation"
    with pytest.raises(Unsupported) as caught:
        logs().retention("app")
    assert str(caught.value) == "logs: app has neither keep, drop nor span, so any retention is right."


def test_files_that_nobody_rotates(lay, logs):
    lay("logs/app.log.1", line(3 * DAY) + line(2.5 * DAY), 2.5 * DAY)
    lay("logs/app.log.2", "no entry\n", 4 * DAY)
    assert logs(span="1 d").retention("app").wrong == ()
    lay("logs/app.log", line(3 * DAY, message="x" * 200_000) + line(30), 30)  # more than is looked at
    (wrong,) = logs(span="1 d").retention("app").wrong
    assert wrong == "logs/app.log goes on for 3 days, and another must be begun within 24 h"


def test_files_of_two_logs_are_held_to_the_longer_time(lay, logs):
    lay("logs/app.log", line(30), 30)
    lay("logs/app.log.1", line(95 * DAY), 95 * DAY)
    errors = {"files": ["logs/*.log*"], "line": STANDARD, "at_least": "error", "keep": "90 d"}
    both = logs({"errors": errors}, drop="30 d")
    assert both.retention("app").wrong == ()
    assert both.retention("app").at_odds == (
        "app must go after 30 days, and errors, which stands in the same files, must be kept for 90 days"
    )
    lay("logs/app.log.1", line(98 * DAY), 98 * DAY)
    assert both.retention("app").wrong == ("logs/app.log.1 is 98 days old, and must go after 97 days",)
    apart = logs({"errors": {**errors, "files": ["errors/*.log"]}}, drop="30 d").retention("app")
    assert (apart.wrong, apart.at_odds) == (("logs/app.log.1 is 98 days old, and must go after 30 days",), "")
    assert logs({"errors": {**errors, "keep": "20 d"}}, drop="30 d").retention("app").at_odds == ""


MADE = {"made": {"source": "app", "matches": "^made"}}


def test_a_log_that_has_something_of_each_run(lay, logs):
    for day in (1, 2, 3, 9):
        lay(f"logs/app.log.{day}", line(day * DAY) + line(day * DAY - 60, message="made one"), day * DAY - 60)
    lay("logs/app.log.4", line(4 * DAY) + line(4 * DAY - 60, message="not made"), 4 * DAY - 60)
    lay("calls.log", line(3 * DAY - 30) + line(2.5 * DAY) + line(DAY - 60), 30)
    calls = {"files": ["calls.log"], "line": STANDARD, "of_runs": "made"}
    kept = logs({"calls": {**calls, "drop": "7 d"}}, component={"events": MADE}).retention("calls")
    ran = [moment(time.time() - 2 * DAY), moment(time.time() - 2 * DAY + 60)]
    assert kept.wrong == (
        f"calls has nothing of 1 of 3 runs that were made, last of logs/app.log.2, {ran[0]} to {ran[1]}",
    )
    (whole,) = logs({"calls": calls}, component={"events": MADE}).retention("calls").wrong
    assert whole.startswith("calls has nothing of 2 of 4 runs that were made, last of logs/app.log.2, ")
    lay("calls.log", "".join(line(day * DAY - 30) for day in (3, 2, 1)))
    assert logs({"calls": {**calls, "drop": "7 d"}}, component={"events": MADE}).retention("calls").wrong == ()


def test_what_a_log_names_has_to_be_there():
    source = {"files": ["app.log"], "line": STANDARD}
    with pytest.raises(ValidationError, match=r"sources\.app\.of_runs is 'made', which is no event: none"):
        Table.model_validate({"sources": {"app": {**source, "of_runs": "made"}}})
    rotation = {"entry": "entry", "trial": "trial", "directives": ["daily"], "of": ["ap"]}
    with pytest.raises(ValidationError, match=r"rotation\.of: there is no source 'ap'; there are: app"):
        Table.model_validate({"sources": {"app": source}, "rotation": rotation})


def test_a_quiet_log_reaches_back_once_something_was_dropped(lay, logs):
    rare = {"keep": "90 d", "quiet": True, "backups": 2, "component": {"installation": "run.py"}}
    lay("run.py", "", 60 * DAY)
    lay("logs/app.log", line(5 * DAY, "ERROR"), 30)
    lay("logs/app.log.1", line(20 * DAY, "ERROR"), 9 * DAY)
    assert logs(**rare).retention("app").wrong == ()
    assert len(logs(**{**rare, "backups": 1}).retention("app").wrong) == 1
    lay("logs/app.log.2", line(25 * DAY, "ERROR"), 20 * DAY)
    (wrong,) = logs(**rare).retention("app").wrong
    assert wrong == (
        "app reaches back 25 days, and must reach back 90 days or to the installation; the installation is 60 days old"
    )
    lay("logs/app.log.2", line(59.5 * DAY, "ERROR"), 20 * DAY)
    assert logs(**rare).retention("app").wrong == ()


def test_a_young_system_need_not_reach_back_further(lay, logs):
    lay("logs/app.log", line(35 * DAY), 30)
    lay("run.py", "", 35.5 * DAY)
    assert logs(keep="90 d", component={"installation": "run.py"}).retention("app").wrong == ()
    lay("run.py", "", 60 * DAY)
    (wrong,) = logs(keep="90 d", component={"installation": "run.py"}).retention("app").wrong
    assert wrong == (
        "app reaches back 35 days, and must reach back 90 days or to the installation; the installation is 60 days old"
    )


def test_what_arrives_is_followed_through_a_rotation(lay, logs):
    path = lay("logs/app.log", line(60, message="before"))
    app = logs()
    following = app.following("app")
    with path.open("a") as file:
        file.write(line(0, message="first"))
    path.rename(path.with_name("app.log.1"))
    path.write_text(line(0, "ERROR", "second") + "half a li")
    assert [e.message for e in app.arrived(following)] == ["first", "second"]


def test_a_log_that_is_cut_off_in_place(lay, logs):
    path = lay("logs/app.log", line(60) * 10)
    app = logs()
    following = app.following("app")
    path.write_text(line(0, message="anew"))
    assert [e.message for e in app.arrived(following)] == ["anew"]


def test_following_ends(lay, logs):
    path = lay("logs/app.log", line(60))
    began = time.monotonic()
    grown = path.read_text() + line(0, message="come")
    found = logs().follow("app", 0.05, during=lambda: path.write_text(grown))
    assert [e.message for e in found] == ["come"]
    assert time.monotonic() - began < 60


def test_what_a_command_prints_on_either_stream(client, target, ledger, tmp_path):
    from pytest_llmops.clients.client import connect

    script = f"printf '%s' '{line(9)}'; printf '%s' '{line(5, 'ERROR', 'token hunter22')}' >&2"
    table = {
        "logs": {"sources": {"ollama": {"command": "ollama_logs", "line": STANDARD}}},
        "app_command": {"commands": {"ollama_logs": {"argv": ["sh", "-c", script]}}},
    }
    app = connect(target({}, **table), "logs", ledger)
    assert [e.message for e in app.entries("ollama", since_s=HOUR)] == ["well", "token hunter22"]
    assert ledger.answered("app_command") == 1
    with pytest.raises(Unsupported) as caught:
        app.files("ollama")
    assert str(caught.value) == "logs: ollama is handed out by ollama_logs, not files."
    app.close()


def test_a_command_that_prints_no_more_than_a_time(client, target, ledger):
    from pytest_llmops.clients.client import connect

    script = f"printf 'Traceback (most recent call last):\\nKeyError: 1\\n'; printf '%s' '{line(2 * HOUR)}'"
    source = {"command": "app_logs", "line": STANDARD, "of_last": "1 h"}
    commands = {"app_logs": {"argv": ["sh", "-c", script]}}
    app = connect(target({}, logs={"sources": {"app": source}}, app_command={"commands": commands}), "logs", ledger)
    assert [e.message for e in app.entries("app", since_s=HOUR)] == ["KeyError: 1"]
    assert [e.message for e in app.entries("app", since_s=HOUR / 2)] == []
    assert app.count("app", since_s=3 * HOUR) == 2
    app.close()


def test_what_a_driver_hands_out(target, ledger, tmp_path, monkeypatch):
    from pytest_llmops.clients.client import connect

    open_hands = []

    class Driver(process.ProcessDriver):
        def close(self):
            open_hands.remove(self)

    def driver(settings, target):
        open_hands.append(Driver(settings, target.root, target.environ))
        return open_hands[-1]

    monkeypatch.setattr(process, "driver", driver)

    log = tmp_path / "model.log"
    log.write_text(line(9) + line(5, "ERROR", "no memory"))
    (tmp_path / "pid").write_text("1\n")
    control = {"driver": "process", "pid_file": "pid", "log": "model.log"}
    table = {
        "logs": {"sources": {"model": {"component": "ollama", "line": STANDARD, "lines": 1}}},
        "ollama": {"url": "http://127.0.0.1:1", "control": control},
    }
    app = connect(target({}, **table), "logs", ledger)
    assert [e.message for e in app.entries("model")] == ["no memory"]
    following = app.following("model")
    log.write_text(log.read_text() + line(0, message="come"))
    assert [e.message for e in app.arrived(following)] == ["come"]
    assert not open_hands


def test_secrets_are_taken_out_of_reports(lay, client):
    lay("logs/app.log", line(1, "ERROR", "login with wert-ü failed, api_key=abc123"))
    source = {"files": ["logs/app.log"], "line": STANDARD}
    app = client("logs", {"KEY": "wert-ü"}, auth={"bearer": "KEY"}, sources={"app": source})
    found = app.entries("app")
    assert "login with [redacted] failed, api_key=[redacted]" in found.report("Errors")
    assert found.top()[0].last == "login with [redacted] failed, api_key=[redacted]"


def test_rotated_files_are_archived(lay, logs, tmp_path):
    lay("logs/app.log", line(1))
    with pytest.raises(Vacuous) as caught:
        logs().archive("app")
    assert str(caught.value) == "logs: no file of app was rotated yet, so there is nothing to archive."
    lay("logs/app.log.1", line(HOUR), HOUR)
    lay("logs/app.log.2.gz", line(DAY), DAY)
    archive = logs().archive("app")
    assert archive.relative_to(tmp_path).as_posix().startswith(".llmops/archives/staging/app-20")
    assert archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as opened:
        assert opened.getnames() == ["logs/app.log.2.gz", "logs/app.log.1"]
    assert (tmp_path / "logs/app.log.1").exists()
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def test_logrotate(target, ledger):
    from pytest_llmops.clients.client import connect

    entry = "/srv/app/logs/*.log {\\n  daily\\n  rotate   30 # days\\n  #compress\\n}\\n"
    rotation = {"entry": "entry", "trial": "trial", "directives": ["daily", "rotate 30", "compress"]}
    source = {"app": {"files": ["app.log"], "line": STANDARD}}
    commands = {
        "entry": {"argv": ["printf", entry]},
        "trial": {"argv": ["sh", "-c", "echo 'error: app:3 unknown option' >&2; echo considering log"]},
    }
    table = {"logs": {"sources": source, "rotation": rotation}, "app_command": {"commands": commands}}
    app = connect(target({}, **table), "logs", ledger)
    found = app.rotation()
    assert (found.lacking, found.complaints) == (["compress"], ["error: app:3 unknown option"])
    assert (found.patterns, found.left_out) == (["/srv/app/logs/*.log"], [])
    bare = connect(target({}, logs={"sources": source}), "logs", ledger)
    with pytest.raises(Unsupported) as caught:
        bare.rotation()
    assert str(caught.value) == "logs: target staging has no table rotation."


@pytest.mark.parametrize(
    ("entry", "patterns", "left_out"),
    [
        ("/srv/x/logs/*.log {\n daily\n}", ["/srv/x/logs/*.log"], []),
        ("# /srv/x/logs/*.log\n/srv/x/other/*.log {\n daily\n}", ["/srv/x/other/*.log"], ["logs/app.log"]),
        ("/srv/x/*.log {\n daily\n}", ["/srv/x/*.log"], ["logs/app.log"]),
        ('"/srv/a b/logs/app.log"\n/srv/y/*.log\n{\n daily\n}', ["/srv/a b/logs/app.log", "/srv/y/*.log"], []),
        ("daily\n/srv/x/b.log {\n postrotate\n  /bin/kill\n endscript\n}", ["/srv/x/b.log"], ["logs/app.log"]),
        ("daily\n", [], ["logs/app.log"]),
    ],
)
def test_which_files_logrotate_takes(entry, patterns, left_out):
    found = Rotated(entry, "", (), ("logs/app.log",))
    assert (found.patterns, found.left_out) == (patterns, left_out)


@pytest.mark.parametrize(
    ("entry", "lacking"),
    [
        ("/x/logs/*.log {\n daily\n rotate 30\n}\n/x/other/*.log {\n weekly\n}", []),
        ("/x/other/*.log {\n daily\n rotate 30\n}\n/x/logs/*.log {\n rotate 4\n}", ["daily", "rotate  30"]),
        ("daily\n/x/logs/a*.log {\n rotate 30\n}\n/x/logs/b*.log {\n rotate 4\n}", []),
        ("daily\n/x/logs/b*.log {\n rotate 30\n}\n/x/logs/a*.log {\n rotate 4\n}", ["rotate  30"]),
        ("/x/other/*.log {\n daily\n rotate 30\n}", []),  # it takes no such file: that is left_out
    ],
)
def test_another_blocks_directives_are_not_its_own(entry, lacking):
    assert Rotated(entry, "", ("daily", "rotate  30"), ("logs/app.log",)).lacking == lacking


def test_only_what_is_written_has_to_be_rotated(lay, target, ledger):
    from pytest_llmops.clients.client import connect

    lay("logs/app.log", line(1))
    lay("logs/app.log.1", line(DAY), DAY)
    rotation = {"entry": "entry", "trial": "entry", "directives": ["daily"], "of": ["app"]}
    commands = {"entry": {"argv": ["echo", "/srv/app/other/*.log { "]}}
    source = {"app": {"files": ["logs/app.log*"], "line": STANDARD}}
    table = {"logs": {"sources": source, "rotation": rotation}, "app_command": {"commands": commands}}
    assert connect(target({}, **table), "logs", ledger).rotation().left_out == ["logs/app.log"]


def test_preflight(lay, logs, tmp_path):
    assert preflight(logs(), 1.0).ok
    found = preflight(logs(component={"root": "gone"}), 1.0)
    assert (found.ok, found.failure) == (False, f"there is no folder {tmp_path}/gone")
    assert repr(logs()) == "Logs(app)"


def test_many_readers_at_once(lay, logs):
    lay("logs/app.log", "".join(line(i) for i in range(500, 0, -1)))
    app = logs()
    counts = []
    threads = [threading.Thread(target=lambda: counts.append(app.count("app"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [500] * 4


def test_lines_hold_what_a_report_cuts():
    loading = (*(f"llama_model_loader: - kv {number}" for number in range(99)), "CUDA error: out of memory")
    found = Entries([Entry("starting llama runner", 0.0, "info", more=loading)], Reading("ollama"))
    assert "CUDA error" not in found.report("The last hour")
    assert found.lines(1000)[1:] == [*loading]
