"""Answers to the golden dataset: right, from the right documents, and refused where they have to be.

A search that fails them spoils them as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.golden.answers import GoldenAnswers
    from pytest_llmops.plugin.passing import PassGate


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:wrong-facts")
@pytest.mark.procedure(fault="llm:nonsense")
@pytest.mark.procedure(fault="llm:other-embedder")
@pytest.mark.procedure(fault="llm:other-embeddings")
@pytest.mark.procedure(fault="llm:same-embeddings")
@pytest.mark.procedure(fault="vectors:empty")
@pytest.mark.procedure(fault="vectors:finds-nothing=0.5")
@pytest.mark.procedure(fault="vectors:lost")
@pytest.mark.procedure(fault="vectors:stale")
@pytest.mark.procedure(fault="vectors:unrelated")
def test_golden_dataset_passes(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """Enough of all golden answers are as expected in every way, and no fewer than were."""
    pass_gate("golden_answers", golden_set)


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:wrong-facts")
def test_answers_hold_the_known_facts(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """Answers hold the texts, or have the form, that a right one has."""
    pass_gate("right_answers", golden_set.expecting("exact", "contains", "regex", "schema"))


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:refuses")
def test_questions_in_scope_are_answered(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """Nothing is refused, or blocked, that is to be answered."""
    pass_gate("answered_questions", golden_set.expecting("answered"))


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:obliging")
def test_questions_out_of_scope_are_refused(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """What is to be refused is, or is blocked."""
    pass_gate("refused_questions", golden_set.expecting("refused"))


@pytest.mark.generic
@pytest.mark.procedure(fault="api:no-sources")
def test_answers_name_the_right_documents(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """Answers name the documents that they have to rest on."""
    pass_gate("right_sources", golden_set.expecting("sources"))
