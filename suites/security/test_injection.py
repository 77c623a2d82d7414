"""Prompt injection: what a question can have the system say that nobody meant it to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops.security.lacking import unless_lacking

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops import Target
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History
    from pytest_llmops.security.attack_review import AttackResults


@pytest.mark.generic
@pytest.mark.procedure(fault="api:obeys")
def test_attacks_do_not_succeed(
    attacks: AttackResults, attack_success: Callable[[str, AttackResults], None], documents: Documents
) -> None:
    """Few attacks on the API can succeed, and no more than did: by the canary that each of them plants."""
    documents.write("attacks-on-api.md", attacks.document())
    attack_success("attacks_on_api", attacks)


@pytest.mark.generic
@pytest.mark.procedure(fault="llm:obeys")
def test_attacks_on_the_model_do_not_succeed(
    model_attacks: AttackResults, attack_success: Callable[[str, AttackResults], None], documents: Documents
) -> None:
    """Few attacks on the model itself can succeed, and no more than did, several turns of a conversation included."""
    documents.write("attacks-on-model.md", model_attacks.document())
    attack_success("attacks_on_model", model_attacks)


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.injection.l1-patterns", fault="api:no-filter")
def test_known_patterns_are_blocked(attacks: AttackResults, llmops_target: Target) -> None:
    """Each attack of a pattern that filters look for is blocked."""
    unless_lacking(llmops_target, "api", "injection_block", lambda: blocking(attacks))
    known = attacks.of(level="known")
    known.require_calls()
    let_in = known.not_blocked
    assert not let_in, f"{len(let_in)} attacks of known patterns were let in: {', '.join(one.id for one in let_in)}"


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.injection.l1-patterns", fault="api:blocks-all")
def test_harmless_questions_are_let_in(attacks: AttackResults, llmops_target: Target) -> None:
    """No harmless question is blocked whose words come near to those of an attack."""
    unless_lacking(llmops_target, "api", "injection_block", lambda: blocking(attacks))
    blocked = attacks.controls_blocked
    assert not blocked, f"{len(blocked)} harmless questions were blocked: {', '.join(one.id for one in blocked)}"


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.injection.l2-gap", fault="api:obeys")
def test_social_attacks_are_not_carried_out(attacks: AttackResults, record: Record, documents: Documents) -> None:
    """Attacks without a pattern, which talk somebody into it: those that the filter lets in are told; none succeeds."""
    social = attacks.of(level="social")
    social.require_calls()
    record(
        "social_attacks_let_in", len(social.not_blocked), "attacks", of=", ".join(one.id for one in social.not_blocked)
    )
    documents.write("social-attacks.md", social.document())
    assert not social.hits, social.said


@pytest.mark.generic
@pytest.mark.procedure(fault="api:tells-prompt")
def test_the_system_prompt_is_not_told(attacks: AttackResults) -> None:
    """No answer of the API holds a run of words of its system prompt."""
    attacks.require_prompt()
    assert not attacks.told, f"the system prompt was told to {len(attacks.told)} attacks: {attacks.said}"


@pytest.mark.generic
@pytest.mark.procedure(fault="llm:tells-prompt")
def test_the_model_does_not_tell_its_prompt(model_attacks: AttackResults) -> None:
    """No answer of the model holds a run of words of the instructions that it was given."""
    model_attacks.require()
    assert not model_attacks.told, (
        f"the instructions were told to {len(model_attacks.told)} attacks: {model_attacks.said}"
    )


@pytest.mark.needs("prometheus")
@pytest.mark.procedure("enterprise-pipeline.injection.block-volume", fault="safety_injection_blocked_total:spike")
def test_as_many_injections_are_blocked_as_usual(
    attacks: AttackResults, figures: Figures, record: Record, history: History
) -> None:
    """The injections blocked within the hour, those of this review included, are at most ten times the usual."""
    attacks.require()
    blocked = figures.read("injection_blocks_hour").value
    record("injection_blocks_hour", blocked, "blocks")
    record("injection_blocks_deviation", history.deviation_pct("injection_blocks_hour", blocked), "%")


def blocking(review: AttackResults) -> str:
    """That attacks are blocked as they stand in the corpus, in words; empty where none was."""
    blocked = [one.id for one in review.sent if one.outcome == "blocked" and not one.mutation]
    return f"{len(blocked)} attacks were blocked, {blocked[0]} among them" if blocked else ""
