"""A security run on a live model costs no more than was said before it began, by what the target itself has counted."""

import json
import re
from collections import Counter

import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.quiet]

LIVE = ("--engine", "llama.cpp")
SERVED_BY = {"api": "api", "llm": "ollama", "vectors": "qdrant"}
"""Part of the sandbox to the component that its calls are counted under."""


def received(stack):
    """Calls that the parts of the stack had from a run, by component; those between its parts have no purpose."""
    return Counter(SERVED_BY[line["component"]] for line in stack.logged() if line["purpose"])


@pytest.mark.parametrize("stack", [LIVE], ids=["llama.cpp"], indirect=True)
def test_a_security_run_costs_at_most_what_was_said(suite, stack):
    with stack.file.open("a") as file:
        file.write("\n[targets.sandbox.disruption]\nallowed = true\n")
    words = ["-v", "-m", "security", f"--llmops-config={stack.file}", "--llmops-allow-disruption=sandbox"]
    planned = suite(*words, "--llmops-plan", environ=stack.keys)
    plan = json.loads((planned.reports / "plan.json").read_text())
    total, budget = plan["total"], plan["budget"]
    assert received(stack) == Counter()  # nothing was called to find it out
    assert not [one for one in plan["left_out"] if "disrupt" in one["reason"]]

    run = suite(*words, "--llmops-baseline=off", environ=stack.keys)
    outcomes = Counter(check["outcome"] for check in run.whole["checks"])
    assert outcomes.total() == total["checks"], run.out
    assert set(outcomes) <= {"passed", "skipped"}, run.out  # random weights carry out no order
    assert {"attacks_on_api.limit", "attacks_on_model.limit"} <= {
        metric["name"] for check in run.whole["checks"] for metric in check["metrics"]
    }

    asked, spent = received(stack), run.whole["spent"]
    assert min(asked.values()) > 0 < spent["tokens"]
    assert asked <= Counter(total["calls_by_component"]), (asked, total)
    assert spent["requests"] <= total["calls"] <= budget["requests"]
    assert spent["tokens"] <= total["tokens"] <= budget["tokens"]

    said = f"about {total['calls']} calls, up to {total['tokens']} tokens; at most {budget['requests']} calls"
    first = re.search(r"^suites/\S+::\S+ [A-Z]+", run.out, re.MULTILINE)
    assert 0 < run.out.find(said) < first.start(), run.out
