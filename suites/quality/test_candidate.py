"""A model before it serves: as right, and as quick, as the one that does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.golden.answers import GoldenAnswers
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.passing import PassGate
    from pytest_llmops.samples import Workload


@pytest.mark.procedure("agent-aiops.models.test-before-production", fault="answers:candidate-wrong")
@pytest.mark.procedure("agent-aiops.models.test-before-production", fault="llm:nonsense")
def test_a_candidate_is_as_right_as_the_model_that_serves(
    golden_set: GoldenAnswers, candidate_set: GoldenAnswers, pass_gate: PassGate
) -> None:
    """Enough of the golden answers of the model that is to be tried pass, and no fewer than of the one that serves."""
    pass_gate("candidate_answers", candidate_set, before=golden_set)


@pytest.mark.procedure("agent-aiops.models.test-before-production", fault="llm:others-slower=1.6")
@pytest.mark.procedure("agent-aiops.models.test-before-production", fault="llm:errors=0.5")
def test_a_candidate_is_as_quick_as_the_model_that_serves(ollama: Ollama, measure: Measure, prompts: Workload) -> None:
    """Both are asked in turns, and the one that is to be tried takes no longer by a fifth, nor breaks a limit."""
    measure(
        "candidate_latency",
        ollama.candidate,
        lambda llm, prompt: llm.generate(prompt),
        prompts=prompts,
        against=ollama,
    )
