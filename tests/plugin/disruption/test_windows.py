"""Outside of its maintenance windows nothing disruptive runs on a target, and the plan says what would."""

import datetime as dt
import json
import re

from pytest_llmops.target.windows import DAYS

from .conftest import KEY, THREE_STEPS

SOME_OTHER_DAY, AND_THE_NEXT = (DAYS[(dt.datetime.now(dt.UTC).weekday() + days) % 7] for days in (3, 4))
CLOSED = f'allowed = true\nwindows = ["{SOME_OTHER_DAY} 02:00-04:00"]\ntimezone = "UTC"'
OPEN = f'allowed = true\nwindows = ["{SOME_OTHER_DAY} 02:00-04:00", "Mon-Sun 00:00-24:00"]\ntimezone = "UTC"'
NEXT = rf"{SOME_OTHER_DAY} \d{{4}}-\d\d-\d\d 02:00 UTC"


def test_a_closed_window_leaves_them_out_and_says_when_the_next_opens(stack, project, quick):
    project.write("test_it.py", THREE_STEPS)
    stack.describe(CLOSED)
    run = quick(KEY)
    assert run.status == 5
    ((reason, count),) = run.whole["not_applicable"].items()
    assert count == 1
    assert re.fullmatch(f"disruptive, outside of the maintenance windows: the next opens {NEXT}", reason)
    assert f"llmops: 1 left out: {reason}" in run.lines
    assert stack.acts == []


def test_an_open_one_lets_them_run_in_parallel_too(stack, project, quick):
    project.write("test_it.py", THREE_STEPS)
    stack.describe(OPEN)
    assert quick(KEY, "-n", "1").status == 0
    assert stack.is_as_before()
    assert len(stack.acts) == 6


def test_one_that_closed_before_the_tests_turn_came(stack, project, quick):
    """The run began while it was open; when the test begins it is not: pytest's clock is set back at the start."""
    project.write("test_it.py", THREE_STEPS)
    project.write(
        "conftest.py",
        """
        import time
        real = time.time
        ahead = [86400 * 3]
        time.time = lambda: real() + ahead[0]

        def pytest_runtestloop():
            ahead[0] = 0
        """,
    )
    stack.describe(f'allowed = true\nwindows = ["{SOME_OTHER_DAY},{AND_THE_NEXT} 00:00-24:00"]\ntimezone = "UTC"')
    run = quick(KEY)
    assert run.status == 1, run.out
    (check,) = run.whole["checks"]
    assert check["outcome"] == "error"
    assert re.match(
        r"llmops\.toml: \[targets\.here\.disruption\] windows: none is open any more, so nothing more is changed; "
        rf"the next opens {NEXT.replace('02:00', '00:00')}\.",
        check["reason"],
    )
    assert stack.acts == []


CLOSES = """
import time

def test_it(change):
    change.stop("openai")
    real = time.time
    time.time = lambda: real() + 3 * 86400
    change.stop("qdrant")
"""


def test_one_that_closes_while_a_test_runs(stack, project, quick):
    """That says nothing of the target: an error, and a word of its own."""
    project.write("test_it.py", CLOSES)
    today = dt.datetime.now(dt.UTC)
    days = f"{today:%a},{today + dt.timedelta(days=1):%a}"
    stack.describe(f'allowed = true\nwindows = ["{days} 00:00-24:00"]\ntimezone = "UTC"')
    run = quick(KEY)
    (check,) = run.whole["checks"]
    assert (run.status, check["outcome"], check["category"]) == (1, "error", "outside-window")
    assert stack.acts == ["stop openai", "start openai"]


PLANNED = """
import pytest

def bring_down(what):
    what.kill("redis")

@pytest.mark.parametrize("part", ["qdrant"])
def test_it(change, llm, part):
    change.stop("openai")
    assert llm.models()
    change.pause(part)
    bring_down(change)
    change.restart(str(part))

@pytest.mark.disruptive
def test_by_other_means(llmops_target):
    pass
"""
SHOWN = """\
test_it.py::test_it[qdrant]
  target   here (staging)
  action   stop openai (what '{hand} status openai' looks at)
  undo     start openai
  touches  openai
  action   pause qdrant (what '{hand} status qdrant' looks at)
  undo     resume qdrant
  touches  qdrant
  action   kill redis (what '{hand} status redis' looks at)
  undo     start redis, unless it is back by then
  touches  redis
  action   restart (a component that is known when it runs)
  undo     start it, should it not come back
  touches  a component that is known when it runs
  cost     about 1 call
  lacks    allowed = true in llmops.toml: [targets.here.disruption]
           --llmops-allow-disruption here typed on the command line

test_it.py::test_by_other_means
  target   here (staging)
  action   not by 'change': see the test
  cost     about 0 calls
  lacks    allowed = true in llmops.toml: [targets.here.disruption]
           --llmops-allow-disruption here typed on the command line
"""


def test_the_plan_shows_what_would_happen_without_keys(stack, project, quick):
    project.write("test_it.py", PLANNED)
    stack.describe(more="")
    run = quick("--llmops-plan", environ={"COLUMNS": "300"})
    assert run.status == 5
    assert SHOWN.format(hand=stack.hand) in "\n".join(run.lines)
    plan = json.loads((project.reports / "plan.json").read_text())
    would = [one["would"]["disruption"] for one in plan["left_out"]]
    assert would[0]["acts"][0] == {
        "act": "stop",
        "component": "openai",
        "what": f"what '{stack.hand} status openai' looks at",
        "driver": "command",
        "undo": "start openai",
        "touches": {},
    }
    assert would[1] == {
        "target": "here",
        "environment": "staging",
        "acts": [],
        "lacking": [
            "allowed = true in llmops.toml: [targets.here.disruption]",
            "--llmops-allow-disruption here typed on the command line",
        ],
    }
    assert stack.acts == []


def test_the_plan_shows_what_will_happen_with_them(stack, project, quick):
    project.write("test_it.py", THREE_STEPS)
    run = quick("--llmops-plan", KEY)
    assert run.status == 0
    plan = json.loads((project.reports / "plan.json").read_text())
    (check,) = plan["checks"]
    acts = [(act["act"], act["component"], act["undo"]) for act in check["disruption"]["acts"]]
    assert acts == [
        ("stop", "openai", "start openai"),
        ("pause", "qdrant", "resume qdrant"),
        ("kill", "redis", "start redis, unless it is back by then"),
    ]
    assert check["disruption"]["lacking"] == []
    assert check["alone"]
    assert stack.acts == []
