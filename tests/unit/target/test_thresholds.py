import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.errors import ConfigError
from pytest_llmops.judge.thresholds import Breach, breach, fits, said, threshold_for
from pytest_llmops.target.load import load
from pytest_llmops.target.thresholds import Threshold

LATENCY = Threshold(target="< 3 s", warning="> 5 s", critical="> 10 s")


@pytest.mark.parametrize(
    ("value", "severity", "limit", "reason"),
    [
        (3.0, "minor", "< 3 s", "latency is 3 s; the target is < 3 s"),
        (5.0, "minor", "< 3 s", "latency is 5 s; the target is < 3 s"),
        (5.5, "normal", "> 5 s", "latency is 5.5 s; that is a warning (> 5 s)"),
        (150.0, "critical", "> 10 s", "latency is 2 min 30 s; that is critical (> 10 s)"),
    ],
)
def test_the_worst_limit_that_does_not_hold_is_named(value, severity, limit, reason):
    assert breach("latency", value, "s", LATENCY) == Breach(severity, limit, reason)


def test_a_value_that_holds_breaks_nothing():
    assert breach("latency", 2.9, "s", LATENCY) is None


def test_a_missed_target_may_only_warn():
    threshold = Threshold(target="< 3 s", critical="> 10 s", on_target_miss="warn")
    assert not breach("latency", 4.0, "s", threshold).fails
    assert breach("latency", 11.0, "s", threshold).fails


def test_a_breach_that_must_last_says_that_nobody_looked_again():
    threshold = Threshold.model_validate({"warning": "> 5 s", "for": "2m"})
    assert breach("latency", 6.0, "s", threshold).reason == (
        "latency is 6 s; that is a warning (> 5 s) (asked: for 2 min; breached, duration unproven)"
    )


@given(ms=st.integers(min_value=1, max_value=100_000), limit_ms=st.integers(min_value=1, max_value=100_000))
def test_milliseconds_are_compared_with_seconds(ms, limit_ms):
    broken = breach("latency", ms / 1000, "s", Threshold(target=f"<= {limit_ms} ms"))
    assert (broken is None) == (ms <= limit_ms)


@given(failed=st.integers(0, 100), percent=st.integers(0, 100))
def test_shares_are_compared_with_percent(failed, percent):
    share = failed / 100
    assert (breach("errors", share, "", Threshold(target=f"<= {percent} %")) is None) == (failed <= percent)
    assert (breach("errors", share, "", Threshold(warning=f">= {percent} %")) is None) == (failed < percent)
    assert (breach("errors", failed, "%", Threshold(target=f"<= {percent} %")) is None) == (failed <= percent)


def test_a_limit_without_a_unit_is_in_the_metrics_own():
    assert breach("memory", 900.0, "MB", Threshold(target="< 1000")) is None
    assert (
        breach("memory", 1100.0, "MB", Threshold(target="< 1000")).reason == "memory is 1100 MB; the target is < 1000"
    )


@pytest.mark.parametrize(("limit", "unit"), [("< 3 s", ""), ("< 3 %", "s"), ("< 3 MB", "GB")])
def test_units_that_do_not_fit_are_a_mistake(limit, unit):
    with pytest.raises(ConfigError) as caught:
        breach("latency", 1.0, unit, Threshold(target=limit))
    assert str(caught.value) == f"the threshold of latency is {limit!r}, but latency is counted in {unit!r}."


def test_words_are_compared_whole():
    assert breach("state", "HEALTHY", "", Threshold(target="== HEALTHY")) is None
    assert breach("state", "DOWN", "", Threshold(target="== HEALTHY")).reason == (
        "state is 'DOWN'; the target is == HEALTHY"
    )
    assert breach("state", "DOWN", "", Threshold(critical="!= HEALTHY")).severity == "critical"


def test_a_word_where_a_number_is_asked_for_is_no_pass():
    with pytest.raises(ConfigError) as caught:
        breach("state", "DOWN", "", Threshold(target="< 3"))
    assert str(caught.value) == "the threshold of state is '< 3', but state is a word, 'DOWN'."


@pytest.mark.parametrize(
    ("metric", "chosen"),
    [
        ("query.error_rate", "query.error_rate"),
        ("embedding.error_rate", "*.error_rate"),
        ("query.ttft", "query.*"),
        ("response_time[summary]", "response_time[*"),
        ("health", "*"),
    ],
)
def test_the_exact_name_wins_then_the_longest_pattern(metric, chosen):
    names = ["*", "query.*", "*.error_rate", "query.error_rate", "response_time[*"]
    thresholds = {name: Threshold(target=f"< {number}") for number, name in enumerate(names)}
    assert threshold_for(metric, thresholds) is thresholds[chosen]


def test_no_pattern_fits_and_dots_are_only_dots():
    assert threshold_for("latency", {"*.error_rate": Threshold(target="< 1")}) is None
    assert not fits("*.tpot", "querytpot")


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(0.137, "s", "137 ms"), (99.123, "%", "99.12 %"), (3, "", "3"), ("ok", "", "'ok'")],
)
def test_values_as_people_read_them(value, unit, words):
    assert said(value, unit) == words


UNDER_LOAD = {
    "rag": {
        "sustained_queries.p95": ("< 2 s", None, None),
        "ramp_queries.p95": ("< 2 s", None, None),
        "questions.p95": ("< 2 s", None, None),
        "sustained_searches.p95": ("< 100 ms", None, "> 500 ms"),
    },
    "aegis-rag": {
        "sustained_queries.p95": ("< 2 s", None, "> 5 s"),
        "ramp_queries.p95": ("< 2 s", None, "> 5 s"),
        "questions.p95": ("< 2 s", None, None),
        "sustained_generation.p95": ("< 3 s", None, "> 10 s"),
        "sustained_searches.p95": ("< 100 ms", None, "> 500 ms"),
    },
    "document-enhancer": {
        "sustained_queries.p95": (None, "> 5 s", "> 30 s"),
        "ramp_queries.p95": (None, "> 5 s", "> 30 s"),
        "questions.p95": (None, "> 5 s", None),
    },
    "voyageur": {"sustained_generation.mean": (None, None, "> 25 s")},
}


@pytest.mark.parametrize("profile", UNDER_LOAD)
def test_a_system_of_ones_own_is_held_to_its_runbooks_limits_under_load(tmp_path, profile):
    file = tmp_path / "llmops.toml"
    file.write_text(
        f"[targets.here]\nprofile = '{profile}'\n[targets.here.components.api]\nurl = 'http://127.0.0.1:1'\n"
    )
    limits = load(file, "here", tmp_path, {}).table.thresholds
    texts = {
        name: tuple(limit.text if limit else None for limit in (one.target, one.warning, one.critical))
        for name, one in limits.items()
        if name in UNDER_LOAD[profile]
    }
    assert texts == UNDER_LOAD[profile]


@pytest.mark.parametrize("profile", ["sandbox", "sandbox:aegis-rag", "sandbox:document-enhancer"])
def test_the_sandbox_is_held_to_quicker_ones(tmp_path, profile):
    limits = load(None, profile, tmp_path, {}).table.thresholds
    assert limits["sustained_queries.p95"].critical.text == limits["ramp_queries.p95"].critical.text == "> 1.5 s"
    assert limits["sustained_searches.p95"].critical.text == "> 300 ms"
    assert limits["questions.p95"].target.text == "< 1.5 s"
