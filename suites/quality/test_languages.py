"""Languages: answers are in the one that is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.golden.answers import GoldenAnswers

    PassGate = Callable[[str, GoldenAnswers], None]


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:wrong-language")
def test_answers_are_in_the_expected_language(golden_set: GoldenAnswers, pass_gate: PassGate) -> None:
    """Most of an answer's prose is in the language that it has to be in."""
    pass_gate("right_language", golden_set.expecting("language"))
