"""Grounding: answers rest on the documents that they came with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.golden.answers import GoldenAnswers
    from pytest_llmops.plugin.passing import PassGate


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:invents-figures")
@pytest.mark.procedure(fault="answers:invents-names")
@pytest.mark.procedure(fault="answers:drifts-off")
@pytest.mark.procedure(fault="answers:alters-figures")
@pytest.mark.procedure(fault="llm:nonsense")
@pytest.mark.procedure(fault="api:no-sources")
@pytest.mark.procedure(fault="llm:other-embedder")
@pytest.mark.procedure(fault="llm:other-embeddings")
@pytest.mark.procedure(fault="llm:same-embeddings")
@pytest.mark.procedure(fault="vectors:empty")
@pytest.mark.procedure(fault="vectors:finds-nothing=0.5")
@pytest.mark.procedure(fault="vectors:stale")
@pytest.mark.procedure(fault="vectors:unrelated")
def test_answers_rest_on_their_sources(grounded_answers: GoldenAnswers, pass_gate: PassGate) -> None:
    """No figure, name or whole sentence of an answer is from elsewhere than the documents that it names."""
    pass_gate("grounded_answers", grounded_answers)
