"""Figures of answers: those of the facts, none invented, none altered, none left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.golden.answers import GoldenAnswers
    from pytest_llmops.plugin.passing import PassGate
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.over_time import History


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:invents-figures")
@pytest.mark.procedure(fault="answers:alters-figures")
@pytest.mark.procedure(fault="answers:drops-figures")
@pytest.mark.procedure(fault="llm:nonsense")
def test_every_figure_is_one_of_the_facts(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """Answers give the figures that they have to, and no other that is in none of the facts."""
    pass_gate("right_figures", golden_set.expecting("numbers"))


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:alters-figures")
def test_the_number_that_is_asked_for_is_given(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """Answers give the one number that is asked for, in its unit and within its tolerance."""
    pass_gate("right_numbers", golden_set.expecting("number"))


@pytest.mark.procedure("voyageur.friday-qa.financial-accuracy", fault="answers:misstates")
def test_financial_figures_match_the_reference(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """Every figure in the answers to financial questions is that of the reference data."""
    pass_gate("financial_figures", golden_set.tagged("finance").expecting("numbers"))


@pytest.mark.procedure("voyageur.friday-qa.response-quality-metrics", fault="dashboard:critical")
@pytest.mark.procedure("voyageur.friday-qa.response-quality-metrics", fault="dashboard:poorer")
def test_quality_by_the_dashboards_own_account(
    app_command: AppCommands, figures: Figures, history: History, record: Record
) -> None:
    """The mean quality of answers, as the application's dashboard has it, and beside what earlier runs read there."""
    app_command.report("dashboard")
    quality = figures.read("response_quality").value
    record("response_quality", quality, of="the mean of what its process has counted")
    usual = history.usual("response_quality")
    worse_pct = history.deviation_pct("response_quality", quality)
    record("response_quality_deviation", worse_pct, "%", of=f"quality {quality:.2f}, usually {usual:.2f}")
