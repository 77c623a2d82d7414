import re

import pytest
from rich.cells import cell_len

from pytest_llmops.report.metric import ACCEPT
from pytest_llmops.report.terminal import summary


def metric(name, value, state="ok", *, unit="s", ratio=None, n=30, broken="", suspect=False, **limits):
    threshold = {**limits, **({"broken": broken} if broken else {})} or None
    low, high = (None, None) if ratio is None else (ratio - 0.1, ratio + 0.1)
    baseline = value / ratio if ratio else None
    return {
        "name": name, "unit": unit, "value": value, "baseline": baseline, "ratio": ratio, "low": low, "high": high,
        "n": n, "state": state, "suspect": suspect, "threshold": threshold, "reason": "",
    }  # fmt: skip


def check(test, outcome="passed", category="", reason="", metrics=()):
    return {"test": test, "outcome": outcome, "category": category, "reason": reason, "metrics": list(metrics)}


def run(*checks, **more):
    return {
        "checks": list(checks),
        "preflight": [],
        "not_applicable": {},
        "not_made": {"checks": 0, "timed": 0},
        "missing": [],
        "spent": {"requests": 120, "tokens": 800, "seconds": 3.0},
        "duration_s": 12.4,
        **more,
    }


LATENCY = "daily/test_latency.py::test_generation_latency"
RESULT = run(
    check("daily/test_health.py::test_api", metrics=[metric("health_age", 3.0, "recorded", n=1, target="<= 60 s")]),
    check(
        LATENCY,
        "failed",
        "regression",
        "generation_latency.ttft is 1.61 times slower than its baseline.\n  at suites/daily/x.py:9\n  try: curl",
        [
            metric("generation_latency", 0.4, ratio=1.02),
            metric("generation_latency.ttft", 0.137, "regression", ratio=1.61),
            metric("generation_latency.tpot", 0.008, "recorded", warning="> 5 ms", broken="> 5 ms"),
            metric("generation_latency.error_rate", 0.0, "recorded", unit="", target="<= 5 %"),
        ],
    ),
    check(
        "daily/test_latency.py::test_response_time[summary]",
        metrics=[metric("response_time[summary]", 0.2, "inconclusive", ratio=1.25, suspect=True)],
    ),
    check(
        "daily/test_cache.py::test_hit_rate",
        "waived",
        "threshold",
        "cache_hit_rate is 10 %; that is a warning (< 30 %)",
    ),
    check("daily/test_redis.py::test_ping", "error", "unreachable", "redis at redis://r: PING was refused\nmore"),
    check("daily/test_redis.py::test_keeps", "error", "unreachable", "redis at redis://r: PING was refused\nmore"),
    preflight=[
        {"component": "api", "ok": True, "level": "reachable"},
        {"component": "ollama", "ok": True, "level": "generates"},
        {"component": "qdrant", "ok": True, "level": "reachable"},
        {"component": "redis", "ok": False, "level": ""},
    ],
    not_applicable={"other system": 5, "no grafana": 2},
)


def lines(result=RESULT, *, width=120, verbose=False, color=False):
    return summary(result, color=color, width=width, verbose=verbose)


def starting(found, word):
    """The lines from the one that starts with a word to its table's end."""
    start = next(number for number, line in enumerate(found) if line.split()[:1] == [word])
    return found[start : next((n for n in range(start, len(found)) if not found[n].strip()), len(found))]


def test_failures_come_first_and_an_unreachable_component_once():
    found = [line.rstrip() for line in lines()]
    assert found[:7] == [
        "UNREACHABLE  redis at redis://r: PING was refused (2 checks not made)",
        "REGRESSION   daily/test_latency.py::test_generation_latency",
        "             generation_latency.ttft is 1.61 times slower than its baseline.",
        "WAIVED       daily/test_cache.py::test_hit_rate",
        "             cache_hit_rate is 10 %; that is a warning (< 30 %)",
        "",
        found[6],
    ]
    assert found[6].split() == ["metric", "now", "baseline", "times", "slower", "calls", "verdict"]


def test_the_worst_metric_comes_first():
    rows = [line.split() for line in starting(lines(), "metric")[1:]]
    assert [row[0] for row in rows] == [
        "generation_latency.tpot",
        "generation_latency.ttft",
        "response_time[summary]",
        "generation_latency",
    ]
    assert rows[1][1:] == ["137", "ms", "85", "ms", "1.61", "(1.51-1.71)", "30", "regression"]
    assert rows[0][-4:] == ["broke", ">", "5", "ms"]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    assert all(cell_len(line) <= width for line in lines(width=width))


@pytest.mark.parametrize("width", [80, 120])
def test_verdicts_and_numbers_are_whole(width):
    text = "\n".join(lines(width=width))
    for word in ("regression", "broke > 5 ms", "inconclusive, suspect", "1.61 (1.51-1.71)", "137 ms"):
        assert word in text
    assert "…" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_a_long_name_is_folded_rather_than_a_verdict_cut(width):
    name = "response_time_of_the_longest_route[detailed].ttft"
    suspect = metric(name, 0.2, "inconclusive", ratio=1.25, suspect=True)
    found = lines(run(check("x", metrics=[suspect])), width=width)
    rows = starting(found, "metric")[1:]
    assert "inconclusive, suspect" in rows[0]
    assert "1.25 (1.15-1.35)" in rows[0]
    assert "".join(row.split()[0] for row in rows) == name


def test_why_a_metric_is_suspect_is_said_below_the_table():
    reason = "typical is 1.25 times slower; about 90 calls in place of 30 would settle it"
    odd = metric("odd", 0.2, "inconclusive", ratio=1.25, suspect=True) | {"reason": reason}
    (row,) = starting(lines(run(check("x", metrics=[odd])), width=120), "suspect")
    assert row.rstrip() == f"suspect      odd: {reason}"


def test_live_values_are_held_against_their_limits():
    (row,) = starting(lines(), "value")[1:]
    assert row.split() == ["health_age", "3", "s", "target", "<=", "60", "s", "holds"]


def test_quiet_values_are_shown_on_demand():
    memory = metric("memory", 512.0, "recorded", unit="MB", n=1)
    errors = metric("x.error_rate", 0.0, "recorded", unit="", target="<= 5 %")
    result = run(check("x", metrics=[memory, errors]))
    assert not any("error_rate" in line for line in lines(result))
    assert "recorded     memory 512 MB" in [line.rstrip() for line in lines(result)]
    rows = [line.split() for line in starting(lines(result, verbose=True), "value")[1:]]
    assert rows == [
        ["memory", "512", "MB", "recorded"],
        ["x.error_rate", "0", "%", "target", "<=", "5", "%", "holds"],
    ]


def test_a_broken_error_rate_is_never_quiet():
    errors = metric("x.error_rate", 0.25, "recorded", unit="", n=40, target="<= 5 %", broken="<= 5 %")
    found = lines(run(check("x", "failed", "threshold", "x", [errors])))
    assert starting(found, "value")[1].split() == ["x.error_rate", "25", "%", "target", "<=", "5", "%", "broken"]
    assert "120 calls, 10 of 40 timed ones failed, 800 tokens, 12 s" in found[-1]


def test_the_totals_stand_at_the_end():
    assert [line.rstrip() for line in lines()[-4:]] == [
        "components   reachable: api, qdrant; generates: ollama",
        "checks       1 failed, 2 passed, 2 unreachable, 1 waived, 7 left out",
        "verdicts     1 ok, 1 regression, 1 suspect, against stored baselines",
        "cost         120 calls, 0 of 30 timed ones failed, 800 tokens, 12 s",
    ]


def test_of_a_run_that_left_all_out_that_is_said():
    nothing = {**run(), "not_applicable": {"disruptive, without both keys": 1}}
    assert lines(nothing)[0].rstrip() == "checks       1 left out"


def test_a_run_without_anything_says_so_much():
    assert [line.rstrip() for line in lines(run())] == ["checks       none", "cost         120 calls, 800 tokens, 12 s"]


def test_checks_that_were_skipped_are_counted_by_their_word_and_named():
    skipped = [
        check("t.py::test_flag", "skipped", "unsupported", "unsupported: it has none"),
        check("t.py::test_hits", "skipped", "vacuous", "vacuous: nothing was counted"),
        check("t.py::test_cache", "skipped", "optional-unreachable", "optional-unreachable: redis is away"),
        check("t.py::test_plain", "skipped", "skipped", "not today"),
    ]
    assert lines(run(*skipped))[:3] == [
        "unsupported  t.py::test_flag",
        "not there    t.py::test_cache",
        "checks       1 optional-unreachable, 1 skipped, 1 unsupported, 1 vacuous",
    ]


def test_no_value_is_parted_from_its_unit_at_the_end_of_a_line():
    limits = {"target": "< 5 %", "warning": ">= 10 %", "critical": "> 15 %"}
    rate = metric("llm_error_rate[day]", 0.0, "recorded", unit="%", n=1, **limits)
    noted = [metric(f"restarts[{name}]", 12.0, "recorded", unit="restarts", n=1) for name in ("ollama", "redis", "api")]
    text = "\n".join(lines(run(check("x", metrics=[rate, *noted])), width=60))
    for whole in ("target < 5 %", "warning >= 10 %", "critical > 15 %", "restarts[redis] 12 restarts"):
        assert whole in text


def test_a_name_that_is_longer_than_a_line_is_whole():
    name = f"test_{'alerts_stand_' * 5}there"
    beside = check(f"incident/test_triage.py::{name[:40]}", "skipped", "unsupported", "unsupported: it has none")
    found = lines(run(beside, {**beside, "test": f"incident/test_triage.py::{name[:60]}"}), width=80)
    assert found[:3] == [
        f"unsupported  incident/test_triage.py::{name[:40]},",
        "             incident/test_triage.py",
        f"             ::{name[:60]}",
    ]
    found = lines(run({**beside, "test": f"t.py::{name}"}), width=80)
    assert [line[13:] for line in found[:3]] == ["t.py", f"::{name}"[:67], f"::{name}"[67:]]


def test_a_value_that_two_checks_recorded_alike_stands_there_once():
    models = metric("model_count", 3.0, "recorded", unit="models", n=1, target=">= 3")
    more = {**models, "value": 4.0}
    found = starting(lines(run(check("x", metrics=[models]), check("y", metrics=[models, more]))), "value")
    assert [row.split()[1] for row in found[1:]] == ["3", "4"]


def test_brackets_are_names_and_never_markup():
    name = "x[bold]y[/bold][red]:smile:"
    found = lines(run(check(f"t.py::test[{name}]", "failed", "failed", name, [metric(name, 1.0)])))
    assert f"FAILED       t.py::test[{name}]" in found[0]
    assert found[1].strip() == name
    assert any(line.startswith(f"{name} ") for line in found)


def test_color_is_added_to_the_same_text():
    colored = lines(color=True)
    assert any("\x1b[1;31m" in line for line in colored)
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in colored]
    assert plain == [line.rstrip() for line in lines()]


def test_what_is_not_compared_says_once_why():
    model = "model is tiny@ab now, tiny@cd in the baseline"
    unlike = [metric(name, 0.2, "not-comparable") | {"reason": model} for name in ("a", "a.ttft")]
    other = metric("b", 0.2, "not-comparable") | {"reason": "host_class is x now, y in the baseline"}
    lines = summary(run(check(LATENCY, metrics=[*unlike, other])), color=False, width=100, verbose=False)
    assert [line for line in lines if line.startswith("not compared")] == [
        f"not compared {model} (2 metrics)",
        "not compared host_class is x now, y in the baseline (1 metric)",
    ]


def in_turns(called):
    twin = {
        "called": called,
        "preflight": [{"component": "openai", "ok": True, "level": "generates"}],
        "spent": {"requests": 66, "tokens": 400, "seconds": 3.0},
    }
    return {**RESULT, "against": "stable", "twin": twin}


def test_another_deployment_is_what_is_compared_with():
    found = lines(in_turns("stable"))
    assert found[-1] == "against      stable; generates: openai; 66 calls, 400 tokens"
    assert "verdicts     1 ok, 1 regression, 1 suspect, against stable, called in turns" in found
    assert starting(found, "metric")[0].split() == ["metric", "now", "stable", "times", "slower", "calls", "verdict"]


def test_a_long_name_stands_over_no_column():
    assert starting(lines(in_turns("another sandbox")), "metric")[0].split()[1:3] == ["now", "there"]


def test_where_calls_were_made_in_turns_nothing_is_to_be_accepted():
    better = run(check(LATENCY, metrics=[metric("generation_latency", 0.4, "improvement", ratio=0.5)]))
    assert any("llmops baseline accept" in line for line in lines(better))
    assert not any("llmops baseline accept" in line for line in lines({**better, "twin": in_turns("stable")["twin"]}))


def test_what_is_missing_comes_before_the_metrics():
    gone = [
        {"metric": name, "check": "t.py::old", "reason": f"{name} has a baseline, but t.py::old is no longer there"}
        for name in ("old", "old.ttft")
    ]
    found = [line.rstrip() for line in lines(run(check("x", metrics=[metric("new", 0.1)]), missing=gone))]
    assert found[:3] == ["MISSING      old, old.ttft", "             t.py::old is no longer there", ""]


def test_baselines_that_cannot_be_read_are_missing_too():
    unread = [{"metric": "", "check": "", "reason": "b.json is damaged"}]
    assert [line.rstrip() for line in lines(run(missing=unread))[:2]] == [
        "MISSING      which metrics have a baseline and were not measured cannot be told:",
        "             b.json is damaged",
    ]


def test_what_improved_is_suggested_for_accepting():
    better = [metric(name, 0.1, "improvement", ratio=0.5) for name in ("a", "a.ttft")]
    found = [line.rstrip() for line in lines(run(check("x", metrics=better)))]
    said = f"improvement  a, a.ttft; to make that the normal: {ACCEPT}"
    assert " ".join([found[3], found[4].strip()]) == said
    assert found[5] == ""


def test_one_call_is_no_calls():
    spent = {"requests": 1, "tokens": 1, "seconds": 0.1}
    assert [line.rstrip() for line in lines(run(spent=spent))][-1] == "cost         1 call, 1 token, 12 s"


@pytest.mark.parametrize("word", ["still-changed", "outside-window"])
def test_a_category_that_is_longer_than_its_column_is_whole(word):
    found = lines(run(check("dr/test_x.py::test_a", "error", word, "it is so")), width=80)
    assert found[0].startswith(f"{word.upper()} dr/test_x.py::test_a")
