"""What the history adds to a board: values up to the run, procedures as they stand; or why it adds nothing."""

import pytest

from pytest_llmops.report.board.remembered import remembered
from pytest_llmops.report.board.rows import procedures_of
from pytest_llmops.report.board.writing import html
from pytest_llmops.state.history.lately import AT_ONCE, RUNS, lately
from pytest_llmops.state.history.place import place_of
from pytest_llmops.state.history.writing import keep
from pytest_llmops.target.load import load

from ....recorded import recorded

TARGET = "sandbox:voyageur"
DAY_S = 86400.0
KEEP = '[history]\nkeep = "99999 d"\n'


@pytest.fixture
def target(tmp_path):
    file = tmp_path / "llmops.toml"
    file.write_text(KEEP)
    return load(file, TARGET, tmp_path)


@pytest.fixture
def run():
    return recorded("healthy")


def earlier(run, days, *, factor=1.0, outcome="passed"):
    """The same run some days ago, with all its values that many times as large."""
    checks = [
        {
            **check,
            "outcome": outcome if check["outcome"] == "passed" else check["outcome"],
            "metrics": [
                {**one, "value": one["value"] * factor if isinstance(one["value"], float) else one["value"]}
                for one in check["metrics"]
            ],
        }
        for check in run["checks"]
    ]
    return {**run, "id": f"{days}", "started": run["started"] - days * DAY_S, "checks": checks}


def test_values_come_oldest_first_up_to_the_run_and_no_further(target, run):
    place = place_of(target)
    for days, factor, outcome in ((3, 1.0, "passed"), (1, 3.0, "failed"), (2, 2.0, "passed"), (-1, 9.0, "passed")):
        keep(place, earlier(run, days, factor=factor, outcome=outcome))
    keep(place, run)
    known = remembered(target, run)
    found = known.values["generation_latency"]
    now = next(one for check in run["checks"] for one in check["metrics"] if one["name"] == "generation_latency")
    assert [round(one.value / now["value"], 6) for one in found] == [1.0, 2.0, 3.0, 1.0]
    assert known.lacking == ""


def test_a_value_is_not_good_by_what_was_held_against_it_and_not_by_its_check(target, run):
    """Each run's check is red, over whichever metric; a second check of the same run merely records the value."""
    place, name = place_of(target), "generation_latency"
    check = next(one for one in run["checks"] if one["metrics"] and one["metrics"][0]["name"] == name)
    ok = {**check["metrics"][0], "state": "recorded", "threshold": {"target": "< 3 s"}}
    against = [{}, {"state": "regression"}, {"threshold": {"target": "< 1 s", "broken": "< 1 s"}}, {"suspect": True}]
    for number, one in enumerate(against):
        red = {**check, "outcome": "failed", "metrics": [{**ok, **one}]}
        checks = [red, {**check, "test": "other", "metrics": [ok]}]
        keep(place, {**run, "id": f"{number}", "started": run["started"] + number, "checks": checks})
    found = lately(place, TARGET, [name], run["started"] + 9)[name]
    assert [one.good for one in found] == [True, False, False, True]


def test_only_the_newest_are_asked_for_and_only_of_this_target(target, run):
    place = place_of(target)
    for days in range(5):
        keep(place, earlier(run, days))
    keep(place, {**earlier(run, 0), "id": "other", "target": "another"})
    found = lately(place, TARGET, ["generation_latency", "nothing"], run["started"], 3)
    assert [round((run["started"] - one.at) / DAY_S) for one in found["generation_latency"]] == [2, 1, 0]
    assert list(found) == ["generation_latency"]


def test_more_metrics_than_fit_into_one_question(target, run):
    place = place_of(target)
    many = [f"metric_{number}" for number in range(2 * AT_ONCE + 1)]
    check = next(check for check in run["checks"] if check["metrics"])
    metrics = [{**check["metrics"][0], "name": name} for name in many]
    keep(place, {**run, "checks": [{**check, "metrics": metrics}]})
    assert sorted(lately(place, TARGET, many, run["started"])) == sorted(many)
    assert lately(place, TARGET, [], run["started"]) == {}


def test_each_question_is_a_walk_along_an_index(target, run):
    """However many runs there are, the newest values are read, and no others."""
    from pytest_llmops.state.history.connecting import read
    from pytest_llmops.state.history.lately import _newest

    place = place_of(target)
    keep(place, run)
    chosen = _newest(TARGET, ["a", "b"], run["started"], RUNS)

    def explain(connection):
        text = str(chosen.compile(connection, compile_kwargs={"literal_binds": True}))
        return [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]

    plan = read(place, explain, [])
    assert sum("llmops_metrics_newest" in line for line in plan) == 4
    assert not [line for line in plan if "TEMP B-TREE" in line or line.startswith("SCAN llmops")]


def test_without_any_earlier_run_there_is_nothing_and_nothing_is_made(target, run):
    known = remembered(target, run)
    assert (known.values, known.system, known.lacking) == ({}, "voyageur", "")
    assert not place_of(target).file.exists()
    assert procedures_of(known, run)["ever"] == 0


def test_a_history_that_cannot_be_read_is_said_and_stops_nothing(target, run):
    file = place_of(target).file
    file.parent.mkdir()
    file.write_text("this is no database" * 100)
    known = remembered(target, run)
    assert "is no database that can be read" in known.lacking
    assert known.procedures is None
    assert "is no database that can be read" in html(run, known)


def test_procedures_are_counted_and_what_is_overdue_has_its_suite(target, run):
    place = place_of(target)
    keep(place, run)
    found = procedures_of(remembered(target, run), run)
    carried = {name for check in run["checks"] if check["outcome"] == "passed" for name in check["procedures"]}
    assert found["now"] == found["ever"] == len(carried)
    assert sum(one["all"] for one in found["rows"]) == found["all"]
    assert sum(one["overdue"] for one in found["rows"]) == found["overdue"]
    assert sum(len(late) for late in found["late"].values()) == found["overdue"]
    assert list(found["late"])[-1] == ""
    assert {one.procedure.suite[0] for one in found["late"]["weekly"]} == {"weekly"}
    assert found["to_sign"] <= len(found["late"][""])


def test_a_target_of_no_runbook_says_so(tmp_path, run):
    file = tmp_path / "llmops.toml"
    file.write_text('[targets.mine]\ncomponents.redis.url = "redis://cache.example"\n')
    known = remembered(load(file, "mine", tmp_path), run)
    assert (known.system, list(known.procedures)) == ("", [])
    assert "follows no runbook of the catalogue" in html(run, known)
