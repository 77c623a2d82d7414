"""From lines to entries, in the formats of real systems."""

import datetime as dt
import json
from pathlib import Path

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.clients.log_files import LogFile
from pytest_llmops.clients.log_lines import LineReader
from pytest_llmops.clients.log_words import clock, level, rank, shortened, without_secrets, without_secrets_inside
from pytest_llmops.target.load import load
from pytest_llmops.target.log_sources import Source

STANDARD = r"(?P<time>\S+ \S+) - (?P<logger>\S+) - (?P<level>[A-Z]+) - (?P<message>.*)"
AT = dt.datetime(2026, 11, 29, 9, 30, 15, 250000, dt.UTC).timestamp()


def read(text, **table):
    reader = LineReader(Source.model_validate({"files": ["x.log"], **table}), "app")
    return list(reader.entries(text.splitlines())), reader


def test_plain_lines():
    text = "2026-11-29 09:30:15,250 - rag.store - WARNING - slow answer\n2026-11-29 09:30:16,000 - rag - INFO - well\n"
    entries, reader = read(text, line=STANDARD)
    assert [(e.level, e.logger, e.message, e.source) for e in entries] == [
        ("warning", "rag.store", "slow answer", "app"),
        ("info", "rag", "well", "app"),
    ]
    assert [e.at for e in entries] == [AT, AT + 0.75]
    assert (reader.read, reader.unreadable) == (2, 0)


def test_levels_first_and_a_zone_of_their_own():
    line = r"(?P<level>\w+) (?P<time>\S+ \S+) (?P<logger>\S+) (?P<pid>\d+) \d+ (?P<message>.*)"
    text = "ERROR 2026-11-29 01:30:15,250 llm_service 71 139 no answer\n"
    (entry,), _ = read(text, line=line, timezone="America/Vancouver")
    assert (entry.at, entry.level, entry.logger, entry.fields) == (AT, "error", "llm_service", {"pid": "71"})


def test_json_behind_a_prefix():
    line = r"(?P<level>\w+) (?P<time>\S+ \S+) (?P<logger>\S+) \d+ \d+ (?P<message>.*)"
    keys = {"message": "event_type", "model": "model_used", "took_s": "response_time_seconds"}
    text = (
        'INFO 2026-11-29 09:30:15,250 llm 7 8 {"event_type": "llm_response", "model_used": "llama3.1:8b", '
        '"response_time_seconds": 2.5}\nINFO 2026-11-29 09:30:16,250 llm 7 8 plain words\n'
    )
    (first, second), _ = read(text, line=line, keys=keys, whole=True)
    assert (first.message, first.level, first.at) == ("llm_response", "info", AT)
    assert dict(first.fields) == {"model": "llama3.1:8b", "took_s": 2.5}
    assert [first.line, second.line] == text.splitlines()  # whatever of it the table reads
    assert {one.line for one in read(text, line=line, keys=keys)[0]} == {""}  # it may hold what users wrote
    assert second.message == "plain words"


@pytest.mark.parametrize(
    ("event", "ended"),
    [
        ({"event_type": "llm_request", "detail_level": "summary"}, set()),
        ({"event_type": "llm_response", "model_used": "llama3.1:8b", "success": False}, {"ended", "answered"}),
        ({"event_type": "llm_response", "model_used": None, "success": False}, {"ended", "failed"}),
        ({"event_type": "llm_error", "context": {"function": "generate_explanation"}}, {"ended", "failed"}),
        ({"event_type": "llm_error", "context": {"detail_level": "summary", "symbol": "AAPL"}}, set()),
    ],
    ids=["asked", "answered", "nothing", "raised", "raised, told again"],
)
def test_how_a_call_of_voyageurs_models_ended(event, ended, tmp_path):
    source = load(None, "sandbox:voyageur", tmp_path).table.components.logs.sources["day"]
    line = f"INFO 2026-11-29 01:30:15,250 llm_monitor 7 8 {json.dumps(event)}"
    (entry,) = LineReader(source, "day").entries([line])
    assert {name for name in ("ended", "answered", "failed") if entry.fields[name]} == ended


@pytest.mark.parametrize(
    "at",
    [
        "Sun Nov 29 09:30:15 UTC 2026",
        "Sun 29 Nov 09:30:15 UTC 2026",
        "Sun 29 Nov 2026 09:30:15 AM UTC",
        "Sun Nov 29 09:30:15 AM UTC 2026",
    ],
)
def test_when_voyageurs_monitor_ran_in_the_locale_that_cron_has(at, tmp_path):
    source = load(None, "sandbox:voyageur", tmp_path).table.components.logs.sources["status"]
    (entry,) = LineReader(source, "status").entries([f"{at}: Error=0%, Response=4.2s, Success=100%"])
    assert entry.at == pytest.approx(AT - 0.25)
    assert dict(entry.fields) == {"error_rate": "0", "response_time": "4.2", "success_rate": "100"}


def test_json_lines_with_blanks_and_lines_that_are_none():
    text = (
        '{"event": "pipeline.request.completed", "level": "info", "timestamp": "2026-11-29T09:30:15.250000Z"}\n'
        '{"event": "retrying"}\n'
        'INFO:     127.0.0.1:5000 - "POST /api/v1/query HTTP/1.1" 500 Internal Server Error\n'
        "Traceback (most recent call last):\n"
        '  File "src/main.py", line 3, in query\n'
        "    raise KeyError(name)\n"
        "KeyError: 'sql_structured_data'\n"
        '{"event": "next", "level": "error", "timestamp": "2026-11-29T09:30:17Z"}\n'
    )
    entries, reader = read(text, format="json", line=r"(?P<level>[A-Z]+):\s+(?P<message>.*)")
    assert [(e.level, e.message) for e in entries] == [
        ("info", "pipeline.request.completed"),
        ("", "retrying"),
        ("info", '127.0.0.1:5000 - "POST /api/v1/query HTTP/1.1" 500 Internal Server Error'),
        ("error", "KeyError: 'sql_structured_data'"),
        ("error", "next"),
    ]
    assert [e.at for e in entries] == [AT, AT, AT, AT, AT + 1.75]
    assert entries[3].exception == "KeyError: 'sql_structured_data'"
    assert len(entries[3].more) == 4
    assert reader.unreadable == 0


def test_a_coloured_console_beside_the_servers_lines():
    line = r"(?:(?P<time>\d{4}-\S+) \[)?(?P<level>(?(time)[a-z]+|[A-Z]+))(?(time)\s*\]|:)\s+(?P<message>.*)"
    text = (
        "\x1b[2m2026-11-29T09:30:15.250000Z\x1b[0m [\x1b[31m\x1b[1merror    \x1b[0m] \x1b[1mqdrant_init_failed\x1b[0m\n"
        'INFO:     127.0.0.1:5000 - "POST /api/v1/query HTTP/1.1" 500 Internal Server Error\n'
        "Traceback (most recent call last):\n"
        "KeyError: 'sql_structured_data'\n"
    )
    entries, reader = read(text, format="json", line=line)
    assert [(e.level, e.message, e.at) for e in entries] == [
        ("error", "qdrant_init_failed", AT),
        ("info", '127.0.0.1:5000 - "POST /api/v1/query HTTP/1.1" 500 Internal Server Error', AT),
        ("error", "KeyError: 'sql_structured_data'", AT),
    ]
    assert reader.unreadable == 0


def test_a_traceback_belongs_to_the_error_before_it():
    text = (
        "2026-11-29 09:30:15,250 - app - ERROR - it failed\n"
        "Traceback (most recent call last):\n"
        '  File "a.py", line 1, in <module>\n'
        "ValueError: first\n"
        "\n"
        "During handling of the above exception, another exception occurred:\n"
        "\n"
        "Traceback (most recent call last):\n"
        '  File "b.py", line 2, in <module>\n'
        "app.errors.Refused\n"
        "2026-11-29 09:30:16,250 - app - INFO - on\n"
    )
    (first, second), reader = read(text, line=STANDARD)
    assert (first.message, first.exception, len(first.more)) == ("it failed", "app.errors.Refused", 7)
    assert (second.message, reader.unreadable) == ("on", 0)


def test_a_traceback_that_is_written_as_a_message_is_no_error_of_its_own():
    text = (
        "2026-11-29 09:30:15,250 - app - DEBUG - Traceback (most recent call last):\n"
        '  File "a.py", line 1, in <module>\n'
        "ValueError: first\n"
    )
    (entry,), reader = read(text, line=STANDARD)
    assert (entry.level, entry.exception, reader.unreadable) == ("debug", "ValueError: first", 0)


def test_what_is_no_entry_and_no_part_of_one_is_counted_and_kept():
    text = "rubbish\n2026-11-29 09:30:15,250 - app - INFO - a prompt\nof two lines\n  indented\n\n"
    (entry,), reader = read(text, line=STANDARD)
    assert entry.more == ("of two lines", "  indented")
    assert (reader.read, reader.unreadable) == (1, 2)


WORDS = (
    "2026-11-29 09:30:15,250 - app - ERROR - it failed",
    "2026-11-29 09:30:15,250 - app - INFO - Traceback (most recent call last):",
    "Traceback (most recent call last):",
    '  File "a.py", line 1, in <module>',
    "ValueError: odd",
    "During handling of the above exception, another exception occurred:",
    '{"message": "json", "level": "info", "time": [1]}',
    "{half",
    "}",
    "",
    "rubbish",
)


@pytest.mark.parametrize("form", ["plain", "json"])
@given(
    lines=st.lists(st.sampled_from(WORDS) | st.text(st.characters(exclude_characters="\r\n"), max_size=20), max_size=30)
)
def test_no_line_is_lost(form, lines):
    reader = LineReader(Source(files=["x"], line=STANDARD, format=form), "app")
    entries = list(reader.entries(lines))
    kept = sum(len(entry.more) for entry in entries)
    assert reader.read == len(entries)
    assert sum(1 for line in lines if line.strip()) <= len(entries) + kept + reader.unreadable


def test_colours_are_taken_off():
    (entry,), _ = read("\x1b[2m2026-11-29 09:30:15,250\x1b[0m - app - \x1b[31mERROR\x1b[0m - red\n", line=STANDARD)
    assert (entry.at, entry.level, entry.message) == (AT, "error", "red")


FILE = LogFile(Path("call.json"), "logs/call.json", 9, AT, 1)


def test_a_file_a_call():
    keys = {
        "level": "error && 'error' || 'info'",
        "message": "error || join(' ', ['call of', model])",
        "tokens": "response.output_tokens",
    }
    reader = LineReader(Source(files=["*.json"], format="document", keys=keys), "calls")
    good = {"call_number": 1, "timestamp": "2026-11-29T09:30:15.250", "model": "m", "response": {"output_tokens": 9}}
    entry = reader.document(json.dumps({**good, "error": None}), FILE)
    assert (entry.at, entry.level, entry.message, dict(entry.fields)) == (AT, "info", "call of m", {"tokens": 9})
    assert entry.file == "logs/call.json"
    failed = reader.document(json.dumps({"model": "m", "error": "Request timed out."}), FILE)
    assert (failed.at, failed.level, failed.message) == (AT, "error", "Request timed out.")
    assert reader.document("{half", FILE) is None
    assert (reader.read, reader.unreadable) == (2, 1)


@pytest.mark.parametrize("path", ["success", "success || duration_ms", '"error"', "error || success || duration_ms"])
@given(
    document=st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from([None, False, True, 0, 0.0, 7, "", "said", [], ["one"], {}])
            for name in ("success", "duration_ms", "error")
        },
    )
)
def test_names_alone_find_what_jmespath_finds(path, document):
    (entry,), _ = read(json.dumps(document), format="json", keys={"found": path})
    expected = jmespath.search(path, document)
    assert repr(entry.fields.get("found")) == repr(expected)


def test_false_and_zero_are_values():
    line = '{"message": "Tool failed", "success": false, "duration_ms": 0}'
    (entry,), _ = read(line, format="json", keys={"success": "success", "duration_ms": "duration_ms"})
    assert dict(entry.fields) == {"success": False, "duration_ms": 0}


def test_a_key_that_does_not_fit_is_not_there():
    (entry,), _ = read('{"message": 3, "who": 4}', format="json", keys={"who": "join(',', who)"})
    assert (entry.message, dict(entry.fields)) == ("3", {})


@pytest.mark.parametrize(
    ("found", "form", "zone", "moment"),
    [
        ("2026-11-29T09:30:15.250Z", None, "UTC", AT),
        ("2026-11-29 10:30:15,250", None, "Europe/Berlin", AT),
        ("2026-11-29T09:30:15.250123456+00:00", None, "UTC", AT + 0.000123),
        (AT, None, "UTC", AT),
        (str(AT * 1e3), None, "UTC", AT),
        (f"{AT * 1e6:.0f}", None, "UTC", AT),
        ("29/Nov/2026:09:30:15 +0000", "%d/%b/%Y:%H:%M:%S %z", "UTC", AT - 0.25),
        ("Sun Nov 29 01:30:15 PST 2026", "%a %b %d %H:%M:%S %Z %Y", "America/Vancouver", AT - 0.25),
        ("Sun Nov 29 09:30:15 UTC 2026", "%a %b %d %H:%M:%S %Z %Y", "America/Vancouver", AT - 0.25),
        ("Sun Nov 29 01:30:15 AM PST 2026", "%a %b %d %I:%M:%S %p %Z %Y", "America/Vancouver", AT - 0.25),
        ("2026 Nov 29 09:30", ("%Y-%m-%d", "%Y %b %d %H:%M", "%Y"), "UTC", AT - 15.25),
        ("2026 Nov 29 09:30", ("%Y-%m-%d", "%Y"), "UTC", None),
        ("2026/11/29 - 09:30:15", None, "UTC", AT - 0.25),
        ("2026/11/29 10:30:15", None, "Europe/Berlin", AT - 0.25),
        ("2026-11-29 09:30:15.250 UTC", None, "Europe/Berlin", AT),
        ("2026-11-29 09:30:15 GMT", None, "Europe/Berlin", AT - 0.25),
        ("2026/11/29", None, "UTC", dt.datetime(2026, 11, 29, tzinfo=dt.UTC).timestamp()),
        ("2026/yesterday", None, "UTC", None),
        ("yesterday", None, "UTC", None),
        (True, None, "UTC", None),
        (None, None, "UTC", None),
        (7, None, "UTC", None),
    ],
)
def test_times(found, form, zone, moment):
    read = clock(zone, form)(found)
    assert read == (moment if moment is None else pytest.approx(moment, abs=1e-3))


def test_a_time_without_a_year_is_not_in_the_future():
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=40)
    read = clock("UTC", "%b %d %H:%M:%S")(later.strftime("%b %d %H:%M:%S"))
    assert read == pytest.approx(later.replace(year=later.year - 1).timestamp(), abs=86400 * 2)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("WARN", "warning"), ("Err", "error"), ("[FATAL]", "critical"), ("3", "error"), (6, "info"), (40, "error"),
     (50, "critical"), (10, "debug"), ("audit", "audit"), (None, "")],
)  # fmt: skip
def test_levels(word, meant):
    assert level(word) == meant


def test_a_word_that_is_no_level_is_below_all():
    assert rank("audit") < rank("debug") < rank("critical")


@pytest.mark.parametrize(
    ("message", "short"),
    [
        ("timeout after 30.5s for 'a b c' of user 17", "timeout after Ns for '…' of user N"),
        ("doc 6fa459ea-ee8a-3ca4-894e-db77e160355e at 10.0.0.1:6333", "doc ID at N"),
        ("commit 9fceb02d0ae598e95dc970b74767f19372d61af8 of eve@example.org", "commit ID of EMAIL"),
        ('source=a.go:12 msg="slow (3 s)" prompt="who?"', "source=a.go:N msg=slow (N s) prompt='…'"),
        ("can't reach   it, won't try", "can't reach it, won't try"),
    ],
)
def test_what_differs_is_left_out(message, short):
    assert shortened(message) == short


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer [redacted]"),
        ('{"api_key": "hunter22"}', '{"api_key": "[redacted]"}'),
        ("JINA_API_KEY=jina_x next", "JINA_API_KEY=[redacted] next"),
        ("key sk-ant-0123456789abcdef01 used", "key [redacted] used"),
        ("redis://eve:hunter22@cache:6379", "redis://[redacted]@cache:6379"),
        ("tokens: 17 of 20", "tokens: 17 of 20"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text, clean):
    assert without_secrets(text) == clean


def test_what_looks_like_a_secret_is_taken_out_of_json_which_stays_what_it_is():
    found = {
        "API_KEY": "hunter22 two words",
        "said": ["token: abc"],
        "token": None,
        "tokens": 17,
        "password": "",
        "n": {},
    }
    assert without_secrets_inside(found) == {**found, "API_KEY": "[redacted]", "said": ["token: [redacted]"]}


def test_what_an_engine_puts_before_the_lines_of_a_traceback():
    text = """\
api-1  | 2026-11-29T09:30:15.25Z ERROR:    Exception in ASGI application
api-1  | 2026-11-29T09:30:15.25Z Traceback (most recent call last):
api-1  | 2026-11-29T09:30:15.25Z   File "main.py", line 61, in chat
api-1  | 2026-11-29T09:30:15.25Z ValueError: no text
api-2  | 2026-11-29T09:30:16.25Z INFO:src.api.main:started
"""
    line = r"(?:(?P<instance>\S+)\s+\| )?(?P<time>\d\S+) (?P<level>[A-Z]+):\s*(?:(?P<logger>[\w.]+):)?(?P<message>.*)"
    (failed, started), reader = read(text, line=line, before=r"(\S+\s+\| )?\d{4}-\S+ ")
    assert (failed.message, failed.exception, failed.at) == (
        "Exception in ASGI application", "ValueError: no text", AT,
    )  # fmt: skip
    assert failed.more == (
        "Traceback (most recent call last):", '  File "main.py", line 61, in chat', "ValueError: no text",
    )  # fmt: skip
    assert (failed.fields["instance"], started.fields["instance"], reader.unreadable) == ("api-1", "api-2", 0)
