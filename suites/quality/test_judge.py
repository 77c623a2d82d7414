"""Open-ended answers, as a judge model sees them: told with how far it agrees with itself, and gating nothing alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.golden.judged import Judged
    from pytest_llmops.plugin.passing import PassGate
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:judged-low")
def test_open_ended_answers_by_a_judge(
    judged_answers: Judged, record: Record, pass_gate: PassGate, documents: Documents
) -> None:
    """The share of answers that a judge passes, and of those that it judges both ways; a gate where that is wanted."""
    documents.write("judged-answers.md", judged_answers.document())
    record("judge_share", judged_answers.share_pct, "%", of=judged_answers.said)
    record("judge_disagreement", judged_answers.disagreement_pct, "%", of=judged_answers.said)
    if judged_answers.gates:
        pass_gate("judged_answers", judged_answers.answers)
