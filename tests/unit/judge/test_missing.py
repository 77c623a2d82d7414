from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pytest_llmops.judge.missing import Asked, missing
from pytest_llmops.judge.recording import Acceptance, BaselineRun, Recording
from pytest_llmops.samples import Metric, Series

A, B, C = "perf/test_it.py::test_a", "perf/test_it.py::test_b", "perf/test_other.py::test_c"
SERIES = Series((0.1, 0.2), ("p", "q"), failures=0)


def accepted(*runs):
    """Accepted runs, a day apart; each a dict of check to the names of its metrics."""
    return [
        BaselineRun(
            target="here",
            recorded=datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=day),
            host_class="x",
            cpu="",
            python_version="3.12",
            commit="",
            recordings=tuple(
                Recording(check, Metric(name, "s", SERIES), {}) for check, names in run.items() for name in names
            ),
        )
        for day, run in enumerate(runs)
    ]


def asked(
    *collected,
    left=(),
    red=(),
    measured=(),
    promised=(),
    new=None,
    reaches=lambda _check: True,
    unmade=None,
    by_marker=False,
):
    """A run that found these checks and measured these metrics; ``left`` were not selected, ``red`` did not pass."""
    new = new or {}
    return Asked(
        collected=frozenset(collected),
        selected=frozenset(collected) - set(left),
        passed=frozenset(collected) - set(left) - set(red),
        measured=frozenset([*measured, *new]),
        promised=frozenset(promised),
        new=new,
        reaches=reaches,
        unmade=unmade or {},
        by_marker=by_marker,
    )


def found(runs, run):
    return [(one.metric, one.check) for one in missing(runs, run)]


BOTH = accepted({A: ["a", "a.ttft"], B: ["b"]})


def test_nothing_is_missing_where_all_was_measured():
    assert missing(BOTH, asked(A, B, measured=["a", "a.ttft", "b"])) == []


def test_without_baselines_nothing_is_expected():
    assert missing([], asked(A)) == []


def test_a_check_that_passed_without_its_metric_is_said():
    (one,) = missing(BOTH, asked(A, B, measured=["a", "a.ttft"]))
    assert (one.metric, one.check) == ("b", B)
    assert (
        one.reason == f"b has a baseline, but {B} passed without measuring it; if that is meant, accept a new baseline"
    )


def test_a_check_that_is_gone_takes_all_its_metrics_along():
    gone = missing(BOTH, asked(B, measured=["b"]))
    assert [(one.metric, one.check) for one in gone] == [("a", A), ("a.ttft", A)]
    assert gone[0].reason == (f"a has a baseline, but {A} is no longer there; if that is meant, accept a new baseline")


def test_a_check_that_failed_says_itself_why_its_metric_is_not_there():
    assert found(BOTH, asked(A, B, red=[B], measured=["a", "a.ttft"])) == []


def test_a_check_that_was_not_selected_is_not_expected():
    assert found(BOTH, asked(A, B, left=[B], measured=["a", "a.ttft"])) == []


@pytest.mark.parametrize("why", ["was skipped: not today", "is left out: no rerank in target here"])
def test_a_check_that_was_asked_for_and_not_made_is_said_without_a_new_name(why):
    (one,) = missing(BOTH, asked(A, B, red=[B], measured=["a", "a.ttft"], new={"bb": A}, unmade={B: why}))
    assert (one.metric, one.check) == ("b", B)
    assert one.reason == f"b has a baseline, but {B} {why}; if that is meant, accept a new baseline"


def test_a_baseline_accepted_without_a_skipped_check_ends_the_matter():
    later = accepted({A: ["a"], B: ["b"]}, {A: ["a"]})
    assert found(later, asked(A, B, red=[B], measured=["a"], unmade={B: "was skipped: slow"})) == []


def test_a_skipped_check_whose_metric_another_one_measured_is_not_missing():
    assert found(BOTH, asked(A, B, red=[B], measured=["a", "a.ttft", "b"], unmade={B: "was skipped: slow"})) == []


def test_a_metric_that_another_check_measures_now_is_not_missing():
    moved = "perf/test_it.py::test_moved"
    assert found(BOTH, asked(moved, B, measured=["a", "a.ttft", "b"])) == []


def test_a_metric_that_its_new_check_would_have_measured_is_not_missing():
    moved = "perf/test_it.py::test_moved"
    assert found(BOTH, asked(moved, B, red=[moved], measured=["b"], promised=["a"])) == []


def test_what_the_command_line_does_not_reach_is_not_expected():
    assert found(BOTH, asked(B, measured=["b"], reaches=lambda check: check == B)) == []


def test_a_baseline_accepted_without_the_check_ends_the_matter():
    later = accepted({A: ["a"], B: ["b"]}, {B: ["b"]})
    assert found(later, asked(B, measured=["b"])) == []


def test_a_baseline_accepted_without_the_metric_ends_the_matter():
    later = accepted({A: ["a", "a.ttft"]}, {A: ["a"]})
    assert found(later, asked(A, measured=["a"])) == []


def test_a_baseline_of_the_only_check_under_its_new_name_ends_the_matter():
    new = "perf/test_it.py::test_new"
    before, after = accepted({A: ["a"]}), accepted({A: ["a"]}, {new: ["n"]})
    run = asked(new, new={"n": new})
    assert found(before, run) == [("a", A)]
    assert found(after, run) == []


@pytest.mark.parametrize(("replaces", "gone"), [(0, [("a", A)]), (1, [])])
def test_a_part_that_replaces_what_was_accepted_ends_the_matter(tmp_path, replaces, gone):
    third = "perf/test_it.py::test_third"
    old, new = accepted({A: ["a"], B: ["b"], third: ["t"]}, {B: ["b"]})
    acceptance = Acceptance("new normal", "ada", new.recorded, "", "", replaces)
    runs = [replace(old, path=tmp_path / "0001_x.json"), replace(new, accepted=acceptance)]
    assert found(runs, asked(B, third, measured=["b", "t"])) == gone


def test_a_later_baseline_of_another_part_of_the_file_ends_nothing():
    runs = accepted({A: ["a"], B: ["b"]}, {"perf/test_it.py::test_weekly": ["w"]})
    weekly = "perf/test_it.py::test_weekly"
    assert found(runs, asked(B, weekly, left=[weekly], measured=["b"])) == [("a", A)]


@pytest.mark.parametrize(
    ("left", "gone"), [([], [("a", A), ("a.ttft", A)]), ([B], []), ([C], [("a", A), ("a.ttft", A)])]
)
def test_where_a_marker_selects_the_neighbours_tell_whether_it_was_meant(left, gone):
    run = asked(B, C, left=left, measured=["b"], by_marker=True)
    assert found(BOTH, run) == gone


def test_of_a_deleted_file_those_of_its_folder_are_the_neighbours():
    runs = accepted({A: ["a"], C: ["c"]})
    assert found(runs, asked(C, measured=["c"], by_marker=True)) == [("a", A)]
    assert found(accepted({A: ["a"], C: ["c"]}, {C: ["c"]}), asked(C, measured=["c"])) == []


@pytest.mark.parametrize(
    ("new", "named"),
    [
        ({"generation_time": B, "other": B}, "generation_time"),
        ({"speed": A}, "speed"),
        ({"speed": C}, ""),
        ({"speed": A, "pace": A}, ""),
        ({"speed.ttft": A}, ""),
    ],
)
def test_the_likely_new_name_is_the_nearest_or_the_only_one_in_its_place(new, named):
    (one,) = missing(accepted({A: ["generation_latency"]}), asked(A, B, C, new=new))
    assert one.reason.endswith(
        f"; renamed to {named!r}? Then accept a new baseline" if named else "; if that is meant, accept a new baseline"
    )
