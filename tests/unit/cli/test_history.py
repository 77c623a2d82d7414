"""llmops history, sign-off and procedures: what they show, and what they refuse."""

import datetime as dt
import json
import time
from pathlib import Path

import pytest

from pytest_llmops.procedures import catalogue
from pytest_llmops.procedures.bindings import bindings
from pytest_llmops.state.history.place import place_of
from pytest_llmops.state.history.unwritten import put_aside
from pytest_llmops.state.history.writing import keep
from pytest_llmops.target.load import load

FILE = """
[targets.shop]
system = "voyageur"
components.redis.url = "redis://cache.example"
[targets.shop-eu]
components.redis.url = "redis://cache.eu.example"
[history]
keep = "99999 d"
"""
ROOT = Path(__file__).parents[3]
SERVICE = "voyageur.morning-health.service-status"
MODELS = "voyageur.morning-health.model-availability"
REVIEW = "voyageur.runbook.quarterly-review"
MONDAY = dt.datetime(2026, 3, 2, 9, 30).astimezone().timestamp()
DAY_S = 86400.0
UNKNOWN = f"unknown procedure 'voyageur.runbook.quarterly-revue'. Did you mean '{REVIEW}'?"
AHEAD = "--at 2999-01-01 00:00 lies ahead; what was not carried out yet cannot be signed off."


@pytest.fixture
def here(tmp_path, llmops):
    """The history of a project with two targets."""
    file = tmp_path / "llmops.toml"
    file.write_text(FILE)
    return place_of(load(file, "shop", tmp_path))


def check(name, outcome="passed", procedures=(SERVICE,), value=0.1, reason="", suite="daily"):
    metric = {
        "name": f"speed_{name}", "unit": "s", "value": value, "baseline": 0.1, "ratio": value / 0.1, "low": 0.9,
        "high": 1.1, "n": 30, "state": "ok" if outcome == "passed" else "regression", "suspect": False,
        "threshold": None,
    }  # fmt: skip
    return {
        "test": f"{suite}/test_it.py::test_{name}", "suite": suite, "section": "Morning",
        "procedures": list(procedures), "outcome": outcome,
        "category": "", "severity": "", "reason": reason, "duration_s": 1.0,
        "metrics": [metric],
    }  # fmt: skip


@pytest.fixture
def kept(here):
    """Keeps a run of some checks."""

    def kept(name, *checks, started=MONDAY, target="shop", exit_status=0, **more):
        run = {
            "id": name, "version": "0.1.0", "target": target, "profile": "none", "environment": "staging",
            "against": None, "started": started, "duration_s": 61.5, "exit_status": exit_status, "checks": list(checks),
            "spent": {"requests": 31, "tokens": 4, "seconds": 5.0}, **more,
        }  # fmt: skip
        keep(here, run)
        return run

    return kept


@pytest.fixture
def three(kept):
    kept("one", check("fast"), check("slow"))
    kept("two", check("fast"), check("slow", "failed", value=0.3, reason="too slow\n  at x:1"), started=MONDAY + DAY_S,
         exit_status=1)  # fmt: skip
    kept("three", check("fast", suite="weekly"), target="shop-eu", started=MONDAY + 2 * DAY_S, against="shop")


def lines(output):
    return [" ".join(line.split()) for line in output.splitlines()]


def test_nothing_yet(llmops, here):
    assert llmops("history") == (
        0,
        f"{here.file} holds no run yet: each run of pytest with checks of llmops adds one.\n",
    )
    assert llmops("history", "--json") == (0, "[]\n")
    assert not here.folder.exists()


def test_the_newest_runs_one_a_line(llmops, three):
    assert lines(llmops("history")[1]) == [
        "when target checks exit took calls",
        "2026-03-04 09:30 shop-eu against shop 1 passed 0 61.5 s 31",
        "2026-03-03 09:30 shop 1 failed, 1 passed 1 61.5 s 31",
        "2026-03-02 09:30 shop 2 passed 0 61.5 s 31",
    ]
    assert lines(llmops("history", "--limit", 1, "--target", "shop")[1])[1:] == [
        "2026-03-03 09:30 shop 1 failed, 1 passed 1 61.5 s 31"
    ]
    assert len(lines(llmops("history", "--suite", "weekly")[1])) == 2


def test_a_run_that_left_the_target_changed_says_so(llmops, kept):
    kept("one", check("fast"), exit_status=1, left_changed=[{"component": "redis"}])
    kept("two", check("fast"), exit_status=1, left_changed=[{"component": "redis"}, {"component": "ollama"}])
    said = lines(llmops("history")[1])[1:]
    assert sorted(said) == [
        "2026-03-02 09:30 shop 1 passed 1 61.5 s 31",
        "2026-03-02 09:30 shop 1 passed 1 61.5 s 31",
        "target left changed: 1 component",
        "target left changed: 2 components",
    ]
    newest, oldest = json.loads(llmops("history", "--json")[1])
    assert (newest["left_changed"], oldest["left_changed"]) == (2, 1)


def test_an_outcome_of_a_newer_version_is_shown_last(llmops, kept):
    kept("one", check("fast"), check("odd", "postponed"))
    assert "1 passed, 1 postponed" in lines(llmops("history")[1])[1]


def test_a_check_is_shown_once_however_many_procedures_it_carries_out(llmops, kept):
    many = list(catalogue())[:9]
    for number in range(6):
        kept(f"run {number}", check("fast", procedures=many), started=MONDAY + number)
    found = json.loads(llmops("history", "--procedure", "*", "--limit", "5", "--json")[1])
    assert [one["run"] for one in found] == [f"run {number}" for number in (5, 4, 3, 2, 1)]


def test_since_and_until_are_on_the_readers_own_clock(llmops, three):
    since = lines(llmops("history", "--since", "2026-03-03", "--until", "2026-03-03 09:30")[1])
    assert since[1:] == ["2026-03-03 09:30 shop 1 failed, 1 passed 1 61.5 s 31"]
    assert len(lines(llmops("history", "--since", "9000d")[1])) == 4
    status, said = llmops("history", "--since", "yesterday")
    assert status == 2
    assert said.endswith(
        "Error: Invalid value for '--since': 'yesterday' is no moment; write '2026-11-28', '2026-11-28 09:00' "
        "(your own clock), or how long ago: '7d'.\n"
    )


def test_checks_by_name_outcome_and_procedure(llmops, three):
    red = ["when target outcome check", "2026-03-03 09:30 shop failed daily/test_it.py::test_slow", "too slow"]
    assert lines(llmops("history", "--outcome", "failed")[1]) == red
    assert lines(llmops("history", "--procedure", SERVICE, "--outcome", "failed")[1]) == red
    assert len(lines(llmops("history", "--check", "test_slow")[1])) == 4
    assert len(lines(llmops("history", "--check", "*test_fast", "--until", "2026-03-03")[1])) == 2
    assert len(lines(llmops("history", "--procedure", "morning-health", "--limit", 2)[1])) == 3


def test_a_metric_over_time(llmops, three):
    assert lines(llmops("history", "--metric", "speed_slow")[1]) == [
        "when metric value times worse verdict target",
        "2026-03-03 09:30 speed_slow 300 ms 3.00 (0.90-1.10) regression shop",
        "2026-03-02 09:30 speed_slow 100 ms 1.00 (0.90-1.10) ok shop",
    ]


def test_nothing_that_matches_names_the_nearest(llmops, three, here):
    none = f"{here.file} holds nothing that matches."
    assert llmops("history", "--metric", "sped_slow")[1] == f"{none} Did you mean 'speed_slow'?\n"
    assert llmops("history", "--target", "nowhere")[1] == f"{none}\n"
    status, said = llmops("history", "--metric", "x", "--outcome", "failed")
    assert status == 2
    assert said.endswith("Error: --metric goes with --target, --check, --since, --until and --limit alone.\n")


def test_json_is_in_utc(llmops, three):
    utc = f"{dt.datetime.fromtimestamp(MONDAY + DAY_S, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    (run,) = json.loads(llmops("history", "--json", "--target", "shop", "--limit", 1)[1])
    assert run == {
        "id": "two", "target": "shop", "profile": "none", "environment": "staging", "against": None, "started": utc,
        "duration_s": 61.5, "exit_status": 1, "version": "0.1.0", "checks": {"failed": 1, "passed": 1},
        "spent": {"requests": 31, "tokens": 4, "seconds": 5.0}, "left_changed": 0,
        "commit": "",
    }  # fmt: skip
    (found,) = json.loads(llmops("history", "--json", "--outcome", "failed")[1])
    assert (found["run"], found["test"], found["reason"]) == (
        "two",
        "daily/test_it.py::test_slow",
        "too slow\n  at x:1",
    )
    newest, oldest = json.loads(llmops("history", "--json", "--metric", "speed_slow")[1])
    assert (newest["run"], newest["value"], newest["good"], oldest["good"]) == ("two", 0.3, False, True)


def test_runs_that_were_put_aside_go_in_first(llmops, here, kept):
    put_aside(here, kept("one", check("fast")))
    here.file.unlink()
    assert lines(llmops("history")[1])[0] == "1 earlier run imported into the history"
    assert len(lines(llmops("history")[1])) == 2


def test_a_history_that_cannot_be_read_is_an_error(llmops, here):
    here.folder.mkdir()
    here.file.write_text("no database at all" * 99)
    said = (
        f"Error: {here.file} is no database that can be read (file is not a database). It was left as it is; "
        "move it away, or name another with [history] url.\n"
    )
    for words in (["history"], ["procedures"], ["sign-off", SERVICE, "--by", "Ana", "--note", "x"]):
        assert llmops(*words, *(["--target", "shop"] if words[0] != "history" else [])) == (1, said)


def state_of(llmops, name, *words):
    return next(one for one in json.loads(llmops("procedures", "--json", *words)[1]) if one["id"] == name)


def test_all_procedures_whatever_the_target(llmops, here):
    found = json.loads(llmops("procedures", "--json", "--target", "shop-eu")[1])
    assert [one["id"] for one in found] == list(catalogue())
    assert len(found) == 657
    assert found[1] == {
        "id": MODELS,
        "system": "voyageur",
        "suite": ["daily", "monitor"],
        "kind": "check",
        "disruptive": False,
        "tests": ["daily/test_models.py::test_enough_models"],
        "fault": "llm:one-model",
        "last": None,
        "overdue": True,
        "signed_off": None,
    }


def test_the_newest_verdict_and_tests_of_the_projects_own(llmops, kept):
    now = time.time()
    own = check("own", "failed", [MODELS], suite="tests")
    kept("old", own, started=now - 3 * DAY_S)
    shop = ("--target", "shop")
    assert state_of(llmops, MODELS, *shop)["overdue"]
    kept("new", check("own", "passed", [MODELS], suite="tests"), started=now - 60)
    kept("left out", check("own", "skipped", [MODELS], suite="tests"), started=now - 30)
    kept("elsewhere", own, started=now, target="shop-eu")
    found = state_of(llmops, MODELS, *shop)
    assert found["tests"] == ["daily/test_models.py::test_enough_models", "tests/test_it.py::test_own"]
    when = f"{dt.datetime.fromtimestamp(now - 60, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert found["last"] == {"outcome": "passed", "when": when, "test": "tests/test_it.py::test_own"}
    assert not found["overdue"]


def test_an_error_is_a_verdict_and_no_carrying_out(llmops, kept):
    kept("red", check("own", "error", [MODELS], suite="tests"), started=time.time())
    found = state_of(llmops, MODELS, "--target", "shop")
    assert (found["last"]["outcome"], found["overdue"]) == ("error", True)


def test_the_table_of_the_targets_system(llmops, kept):
    kept("new", check("own", "passed", [SERVICE]), started=time.time())
    status, said = llmops("procedures", "--target", "shop")
    today = f"{dt.datetime.now().astimezone():%Y-%m-%d}"
    assert status == 0
    assert lines(said)[0] == "procedure cadence tests last"
    # The project's own test carries out the first of them, too.
    tests = {name: sum(name in one.procedures for one in bindings(ROOT / "suites")) for name in (SERVICE, MODELS)}
    assert f"morning-health.service-status daily {tests[SERVICE] + 1} passed {today}" in lines(said)[1]
    assert lines(said)[2] == f"morning-health.model-availability daily {tests[MODELS]} never overdue"
    assert "runbook.quarterly-review quarterly 0 never sign off" in lines(said)
    assert lines(said)[-1].startswith("103 procedures of voyageur on shop: ")
    due = lines(llmops("procedures", "--target", "shop", "--due")[1])
    assert not [line for line in due if line.startswith("morning-health.service-status")]
    assert len(json.loads(llmops("procedures", "--target", "shop", "--due", "--json")[1])) == len(due) - 1


def test_where_there_is_little_room_a_name_folds_between_its_parts(llmops, kept, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    kept("new", check("own", "passed", [SERVICE]), started=time.time())
    printed = llmops("procedures", "--target", "shop")[1].splitlines()
    assert max(map(len, printed[:-1])) <= 80
    place = next(number for number, line in enumerate(printed) if line.startswith("monday-health.model"))
    assert [line.split(" ")[0] for line in printed[place : place + 3]] == [
        "monday-health.model-",
        "performance-by-detail-",
        "level",
    ]


def test_a_target_without_a_runbook(llmops, here):
    assert llmops("procedures", "--target", "shop-eu")[1] == (
        "shop-eu (profile none) has no runbook of the catalogue: system in its table names one (voyageur, "
        "document-enhancer, agent-aiops, enterprise-pipeline, aegis-rag). To see such a runbook, try --target "
        "sandbox:voyageur; llmops procedures --json lists those of all systems.\n"
    )


@pytest.mark.parametrize(
    ("system", "near"),
    [
        ("voyagr", "Did you mean 'voyageur'?"),
        ("shop", "It has those of voyageur, document-enhancer, agent-aiops, enterprise-pipeline, aegis-rag."),
    ],
)
@pytest.mark.parametrize("words", [[], ["--due"], ["--due", "--json"]])
def test_of_a_system_without_a_runbook_nothing_is_called_in_time(llmops, tmp_path, system, near, words):
    (tmp_path / "llmops.toml").write_text(FILE.replace('system = "voyageur"', f'system = "{system}"'))
    said = f"Error: shop names the system {system!r}, whose runbook is not in the catalogue. {near}\n"
    assert llmops("procedures", "--target", "shop", *words) == (1, said)
    assert len(json.loads(llmops("procedures", "--target", "shop", "--json")[1])) == 657


def test_a_sign_off_counts_as_carried_out(llmops, here):
    shop = ("--target", "shop")
    assert state_of(llmops, REVIEW, *shop)["overdue"]
    words = ("sign-off", REVIEW, "--by", "Ana", "--note", "read it all", *shop, "--at", "2026-11-01 10:00")
    assert llmops(*words) == (
        0,
        f"signed off: {REVIEW} on shop at 2026-11-01 10:00 by Ana: read it all\n",
    )
    found = state_of(llmops, REVIEW, *shop)
    at = dt.datetime(2026, 11, 1, 10).astimezone(dt.UTC)
    assert found["signed_off"] == {"by": "Ana", "when": f"{at:%Y-%m-%dT%H:%M:%SZ}", "note": "read it all"}
    assert found["overdue"] is (time.time() > at.timestamp() + 99 * DAY_S)
    assert state_of(llmops, REVIEW, "--target", "shop-eu")["signed_off"] is None


def test_what_a_test_can_do_may_be_signed_off_and_that_is_said(llmops, here):
    status, said = llmops("sign-off", SERVICE, "--by", "Ana", "--note", "looked", "--target", "shop-eu", "--at", "1h")
    assert status == 0
    assert said.splitlines()[1:] == [
        "note: this step is of voyageur, and shop-eu (profile none) has no runbook of the catalogue",
        "note: a test can carry this out (it is of kind check); it now counts as carried out by hand",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["voyageur.runbook.quarterly-revue", "--note", "x"], UNKNOWN),
        ([REVIEW, "--note", " "], "--note is empty; say what was found."),
        ([REVIEW, "--note", "x", "--at", "2999-01-01"], AHEAD),
        ([REVIEW], "Missing option '--note'."),
    ],
)  # fmt: skip
def test_what_cannot_be_signed_off(llmops, here, words, said):
    status, output = llmops("sign-off", *words, "--by", "Ana", "--target", "shop")
    assert status != 0
    assert output.splitlines()[-1] == f"Error: {said}"
    assert not here.file.exists()
