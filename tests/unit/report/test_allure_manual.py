"""Human steps as Allure's manual items."""

import json

from pytest_llmops.procedures.catalogue import Procedure
from pytest_llmops.report.allure_manual import manual_items, write
from pytest_llmops.report.procedure_states import ProcedureState
from pytest_llmops.state.history.signing import SignOff

AT = 1_796_000_000.0
LONG = "Hold the quarterly review of the runbook with all who are on call and write down what is to change in it. More."


def state(name="review", kind="human", suite=("monthly",), signed=None, overdue_s=None):
    step = Procedure(
        f"voyageur.runbook.{name}", "voyageur", "Reviews", "quarterly", "", suite, kind, "team", LONG, (), False, ""
    )
    return ProcedureState(step, (), None, None, signed, overdue_s)


def signed(target="prod"):
    return SignOff("voyageur.runbook.review", target, "Ada", "all read", AT - 60)


def test_only_human_steps_of_the_suites_that_were_run():
    states = [state("one"), state("two", kind="check"), state("three", suite=("daily",))]
    assert [item["fullName"] for item in manual_items(states, "prod", {"monthly"}, AT)] == ["voyageur.runbook.one"]


def test_a_step_that_was_signed_off_in_time_is_passed_and_says_by_whom():
    (item,) = manual_items([state(signed=signed())], "prod", {"monthly"}, AT)
    assert item["status"] == "passed"
    assert item["statusDetails"]["message"].endswith("by Ada: all read")
    assert item["start"] == int((AT - 60) * 1000)


def test_a_step_that_waits_says_how_to_sign_it_off():
    (item,) = manual_items([state(signed=signed(), overdue_s=5.0)], "prod", {"monthly"}, AT)
    assert item["status"] == "skipped"
    assert item["statusDetails"]["message"].endswith("; due again")
    assert "llmops sign-off voyageur.runbook.review --target prod --by NAME" in item["statusDetails"]["trace"]
    assert item["statusDetails"]["trace"].endswith("category: human step")


def test_a_step_that_nobody_signed_off_waits_though_no_cadence_makes_it_overdue():
    (item,) = manual_items([state()], "prod", {"monthly"}, AT)
    assert (item["status"], item["statusDetails"]["message"]) == ("skipped", "never signed off")


def test_names_are_short_and_items_are_marked_manual():
    (item,) = manual_items([state()], "prod", {"monthly"}, AT)
    assert len(item["name"]) < 95
    assert item["name"].endswith("…")
    assert {"name": "ALLURE_MANUAL", "value": "true"} in item["labels"]


def test_a_step_is_the_same_from_run_to_run_and_another_on_another_target():
    ((one,), (again,), (other,)) = (manual_items([state()], name, {"monthly"}, at) for name, at in
                                    (("prod", AT), ("prod", AT + 9), ("stage", AT)))  # fmt: skip
    assert (one["historyId"], one["uuid"]) == (again["historyId"], again["uuid"])
    assert one["historyId"] != other["historyId"]
    assert one["testCaseId"] == other["testCaseId"]


def test_they_are_written_over_their_earlier_selves(tmp_path):
    items = manual_items([state()], "prod", {"monthly"}, AT)
    assert (write(tmp_path, items), write(tmp_path, items), write(tmp_path, [])) == (1, 1, 0)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["fullName"] == "voyageur.runbook.review"
