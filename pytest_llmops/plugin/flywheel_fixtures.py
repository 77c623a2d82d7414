"""The fixtures for whether answers stay right over time: what a round of them looks like, and the weekly flywheel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.operate.answered import Answered
    from pytest_llmops.operate.flywheel import Flywheel
    from pytest_llmops.plugin.run import Run


@pytest.fixture
def answered(traffic: Traffic) -> Answered:
    """What the run's round of answers looks like, whatever they say: ``declined declined_pct lengths said``.

    Declined is a question that was blocked, or whose answer was withheld, or refuses (the detector ``refusal``);
    lengths are in words. Questions that failed are no part of it. No question is asked for it.

    Example:
        def test_answers_are_not_long(answered, record):
            answered.require_answers()
            record.statistics("answer_length", answered.lengths, "words")
    """
    from pytest_llmops.operate.answered import answered

    return answered(traffic)


@pytest.fixture(scope="session")
def flywheel(_llmops: Run) -> Flywheel:
    """The weekly flywheel of the application: ``week rehearsed() report() weeks() queue() scratch() scores()``.

    By the target's commands ``triage_rehearsal triage_reports annotations flywheel_scratch_holds quality_eval
    golden_stats golden_coverage``; ``golden_cases()`` and ``coverage()`` are of its golden dataset. Weeks are those of
    ISO 8601 in UTC. What counts nothing is *vacuous*, and says why.

    Example:
        def test_new_kinds_of_failure(flywheel, record):
            new = flywheel.weeks().new_clusters
            record("new_failure_clusters", len(new), "clusters", of="; ".join(map(str, new)))
    """
    from pytest_llmops.operate.flywheel import Flywheel

    return Flywheel(cast("AppCommands", _llmops.own.serving("app_command")), time.time)
