"""Tables of logs: what cannot be read is refused when the file is."""

import pytest
from pydantic import ValidationError

from pytest_llmops.target.log_sources import Source
from pytest_llmops.target.surroundings import Logs

LINE = "(?P<message>.*)"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"line": LINE}, "a log is exactly one of files, command, component"),
        ({"files": ["a"], "command": "b", "line": LINE}, "a log is exactly one of files, command, component"),
        ({"files": ["a"]}, "plain lines need line, a regular expression such as '(?P<level>[A-Z]+):(?P<message>.*)'"),
        ({"command": "a", "format": "document"}, "documents are files; a command or a component prints lines"),
        (
            {"files": ["a"], "line": LINE, "of_last": "1 h"},
            "of_last is what a command prints, e.g. docker logs --since 24h; files have all",
        ),
        (
            {"command": "a", "line": LINE, "span": "1 d"},
            "span is of files that grow by lines; nothing else is rotated",
        ),
        (
            {"files": ["a"], "line": LINE, "keep": "9 d", "backups": 5},
            "backups is of a quiet log in files that must be kept; any other begins with its installation",
        ),
        ({"files": ["a"], "line": ".*"}, "'.*' has no named group; name at least (?P<message>…)"),
        (
            {"files": ["a"], "line": LINE, "timezone": "Mars"},
            "'Mars' is no time zone; write for example 'Europe/Berlin', or local",
        ),
        (
            {"files": ["/var/log/a"], "line": LINE},
            "'/var/log/a' leaves its root; name it relative to root, without '..'",
        ),
    ],
)
def test_a_source_that_cannot_be(table, said):
    with pytest.raises(ValidationError) as caught:
        Source.model_validate(table)
    assert caught.value.errors()[0]["msg"] == f"Value error, {said}"


def test_this_machines_own_zone():
    assert Source(files=["a"], line=LINE, timezone="local").timezone == "local"


def test_an_event_of_no_source():
    table = {"sources": {"app": {"files": ["a"], "line": LINE}}, "events": {"x": {"source": "ap", "matches": "y"}}}
    with pytest.raises(ValidationError) as caught:
        Logs.model_validate(table)
    assert caught.value.errors()[0]["msg"] == "Value error, events.x stands in source 'ap', which is none of: app"
