"""Languages: answers are in the one that is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops.golden.consistency import lost

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.golden.answers import GoldenAnswers
    from pytest_llmops.plugin.passing import PassGate


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:wrong-language")
def test_answers_are_in_the_expected_language(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """Most of an answer's prose is in the language that it has to be in."""
    pass_gate("right_language", golden_set.expecting("language"))


@pytest.mark.procedure("voyageur.monday-health.french-translation-quality", fault="answers:untranslated")
@pytest.mark.procedure("voyageur.monday-health.french-translation-quality", fault="answers:drops-names")
@pytest.mark.procedure("voyageur.monday-health.french-translation-quality", fault="llm:empty")
def test_french_explanations_keep_figures_and_names(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """Explanations that are translated are there, are French, and hold the figures and names of the English ones."""
    pass_gate("french_explanations", golden_set.tagged("translation"))


@pytest.mark.procedure("voyageur.monday-health.french-translation-quality", fault="answers:untranslated")
def test_the_application_explains_in_french(api: Api) -> None:
    """The explanation of the newest analysis, asked for in French, is French, and holds its figures and symbol."""
    english, french = (api.explain(level="standard", fresh=False, language=one) for one in ("en", "fr"))
    wrong = lost(french.text, english.text, "fr", [english.values["symbol"]])
    assert not wrong, f"api: the French explanation: {'; '.join(wrong)}"


@pytest.mark.procedure("voyageur.friday-qa.translation-consistency", fault="answers:other-advice")
@pytest.mark.procedure("voyageur.friday-qa.translation-consistency", fault="answers:other-terms")
@pytest.mark.procedure("voyageur.friday-qa.translation-consistency", fault="answers:drops-figures")
def test_translations_agree_at_all_levels_of_detail(golden_set: GoldenAnswers) -> None:
    """What one explanation is translated to at each level agrees in its recommendation, figures and terms."""
    differing = golden_set.disagreements("detail-levels")
    assert not differing, f"translations: {'; '.join(differing)}"
