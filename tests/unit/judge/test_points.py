import json

import pytest

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge.points import point_value
from pytest_llmops.target.points import Point

METRIC = "query_latency.p95"
HEAD = 'baseline.points."query_latency.p95": '
DOCUMENT = {
    "recorded": "2026-03-02",
    "performance": {
        "latency_p95_projected_ms": 2000,
        "latency_p95_measured_ms": None,
        "latency_p50": "2 s",
        "cached": True,
        "none_ms": 0,
        "unlimited_ms": float("inf"),
        "by-model": [{"tokens": 48.5}],
    },
}

CONTENT = json.dumps(DOCUMENT).encode()


@pytest.fixture
def read(tmp_path):
    """Reads a point of a file, which must stay as it is."""

    def read(value, unit="ms", content=CONTENT):
        path = tmp_path / "docs" / "baselines" / "production.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        try:
            return point_value(tmp_path, METRIC, Point(file="docs/baselines/production.json", value=value, unit=unit))
        finally:
            assert path.read_bytes() == content

    return read


@pytest.mark.parametrize(
    ("unit", "seconds"), [("ms", 2.0), ("s", 2000.0), ("us", 0.002), ("min", 120_000.0), ("tokens/s", 2000.0)]
)
def test_a_number_is_read_in_seconds_and_a_rate_as_it_is(read, unit, seconds):
    assert read("performance.latency_p95_projected_ms", unit) == pytest.approx(seconds)


def test_a_number_may_be_anywhere_that_jmespath_reaches(read):
    assert read('performance."by-model"[0].tokens', "tokens/s") == 48.5
    assert read("@", content=b"120") == pytest.approx(0.12)
    assert read("p95", content=b'\xef\xbb\xbf{"p95": 3}') == pytest.approx(0.003)  # as Windows writes it


@pytest.mark.parametrize(("unit", "counted"), [("ms", "s"), ("min", "s"), ("1/s", "1/s"), ("tokens/s", "tokens/s")])
def test_a_point_says_what_its_metric_is_counted_in(unit, counted):
    assert Point(file="a.json", value="a", unit=unit).metric_unit == counted


HUGE = json.dumps({"n": 7}).replace("7", "9" * 400).encode()
BEYOND = {
    ("n", HUGE): "is inf; nothing can be compared with that: it must be above 0.",
    ("sum([a, a])", b'{"a": 1%b}' % (b"0" * 308)): "is inf; nothing can be compared with that: it must be above 0.",
    ("ceil(a)", b'{"a": 1e400}'): "cannot be evaluated (cannot convert float infinity to integer).",
}


@pytest.mark.parametrize(("value", "content"), BEYOND, ids=["integer", "sum", "ceil"])
def test_a_number_beyond_all_floats_is_said(read, tmp_path, value, content):
    with pytest.raises(BaselineError) as caught:
        read(value, content=content)
    path = tmp_path / "docs" / "baselines" / "production.json"
    assert str(caught.value) == f"{HEAD}{value!r} in {path} {BEYOND[value, content]}"


def test_numbers_beyond_all_floats_are_not_proposed(read):
    with pytest.raises(BaselineError, match=r"finds nothing in .*\. There is no number above 0 in it\.$"):
        read("other", content=HUGE)


PROJECTED = "Did you mean 'performance.latency_p95_projected_ms'?"
NUMBERS = """Numbers there: performance.latency_p95_projected_ms, performance."by-model"[0].tokens."""
PROBLEMS = {
    "performance.latency_p95_projcted_ms": f"finds nothing in {{path}}. {PROJECTED}",
    "performance.latency_p95_measured_ms": f"finds nothing in {{path}}. {PROJECTED}",
    "zzz": f"finds nothing in {{path}}. {NUMBERS}",
    "performance": f"in {{path}} is a table, not a number. {NUMBERS}",
    "performance.*": f"in {{path}} is a list of 6, not a number. {NUMBERS}",
    "performance.latency_p50": f"in {{path}} is '2 s', not a number. {PROJECTED}",
    "performance.cached": f"in {{path}} is True, not a number. {NUMBERS}",
    "performance.none_ms": "in {path} is 0; nothing can be compared with that: it must be above 0.",
    "performance.unlimited_ms": "in {path} is inf; nothing can be compared with that: it must be above 0.",
    "sum(recorded)": (
        "in {path} cannot be evaluated (In function sum(), invalid type for value: 2026-03-02, "
        "expected one of: ['array-number'], received: \"string\")."
    ),
}


@pytest.mark.parametrize("value", PROBLEMS)
def test_what_is_no_number_is_said_with_what_is(read, tmp_path, value):
    with pytest.raises(BaselineError) as caught:
        read(value)
    path = tmp_path / "docs" / "baselines" / "production.json"
    assert str(caught.value) == f"{HEAD}{value!r} {PROBLEMS[value].replace('{path}', str(path))}"


CONTENTS = {
    b'{"performance": {"lat': (
        "{path} is no readable JSON (Unterminated string starting at: line 1 column 18 (char 17)); it was not changed."
    ),
    b"\xff\xfe": (
        "{path} is no readable JSON ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte); "
        "it was not changed."
    ),
    b"": "{path} is no readable JSON (Expecting value: line 1 column 1 (char 0)); it was not changed.",
    b'{"performance": "fine"}': "'performance.p95' finds nothing in {path}. There is no number above 0 in it.",
    b'{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7}': (
        "'performance.p95' finds nothing in {path}. Numbers there: a, b, c, d, e, f, …."
    ),
}


@pytest.mark.parametrize("content", CONTENTS)
def test_a_file_without_the_number_is_said(read, tmp_path, content):
    with pytest.raises(BaselineError) as caught:
        read("performance.p95", content=content)
    path = tmp_path / "docs" / "baselines" / "production.json"
    assert str(caught.value) == HEAD + CONTENTS[content].replace("{path}", str(path))


def test_a_file_that_nests_without_end_is_no_readable_json(read):
    with pytest.raises(BaselineError, match=r"is no readable JSON \(maximum recursion depth exceeded"):
        read("a", content=b"[" * 100_000)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(BaselineError) as caught:
        point_value(tmp_path, METRIC, Point(file="none.json", value="a"))
    assert str(caught.value) == f"{HEAD}there is no file {tmp_path}/none.json; give its path relative to llmops.toml."
