"""A security run on a live model costs no more than was said before it began, by what the target itself has counted."""

import json
import re
from collections import Counter

import pytest

from ..conftest import in_turn

pytestmark = [pytest.mark.acceptance, pytest.mark.quiet]

LIVE = ("--engine", "llama.cpp")
PATIENT_S = 30
"""For an answer: what a run costs is looked at here, and not how quick a busy machine generates."""

SERVED_BY = {"api": "api", "llm": "ollama", "vectors": "qdrant"}
"""Part of the sandbox to the component that its calls are counted under."""


def received(stack):
    """Calls that the parts of the stack had from a run, by component; those between its parts have no purpose."""
    return Counter(SERVED_BY[line["component"]] for line in stack.logged() if line["purpose"])


@pytest.mark.parametrize("stack", [LIVE], ids=["llama.cpp"], indirect=True)
@in_turn(0, of=3)
def test_a_security_run_costs_at_most_what_was_said(suite, stack):
    text = re.sub(
        r"(?m)^(\[targets\.sandbox\.components\.(?:api|ollama)\]\n)",
        rf"\1deadline = {PATIENT_S}\n",
        stack.file.read_text(),
    )
    stack.file.write_text(f"{text}\n[targets.sandbox.disruption]\nallowed = true\n")
    words = ["-v", "-m", "security", f"--llmops-config={stack.file}", "--llmops-allow-disruption=sandbox"]
    planned = suite(*words, "--llmops-plan", environ=stack.keys)
    plan = json.loads((planned.reports / "plan.json").read_text())
    total, budget = plan["total"], plan["budget"]
    assert received(stack) == Counter()  # nothing was called to find it out
    assert not [one for one in plan["left_out"] if "disrupt" in one["reason"]]

    run = suite(*words, "--llmops-baseline=off", environ=stack.keys)
    assert len(run.checks) == total["checks"], run.out
    wrong = {test: one["reason"] for test, one in run.checks.items() if one["outcome"] not in {"passed", "skipped"}}
    assert wrong == {}  # random weights carry out no order
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
