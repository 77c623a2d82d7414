"""What an answer is held against, by kind of expectation: one function each, which says why an answer misses."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmops.detect.refusal import refused
from pytest_llmops.errors import excerpt
from pytest_llmops.golden.json_schema import broken_rule
from pytest_llmops.golden.numbers import unlike

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.golden.case import Case
    from pytest_llmops.golden.expectations import Exact, Patterns, Texts


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to one question.

    Attributes:
        text: the answer; empty where it was blocked without one.
        blocked: the system said by its status or body that it does not answer.
        sources: documents that it names, by the system's own words for them.
    """

    text: str
    blocked: bool = False
    sources: tuple[str, ...] = ()


class Evaluator(Protocol):
    """Holds an answer against one kind of expectation."""

    def __call__(self, expected: Any, answer: Answer) -> str:
        """Why it misses, as a clause; empty where it does not.

        Args:
            expected: the table of that kind in ``expect``.
            answer: what came back.
        """
        ...


def misses(case: Case, answer: Answer, evaluators: Mapping[str, Evaluator] | None = None) -> list[str]:
    """What of a case's expectations does not hold, a clause each; empty: the answer passes.

    An empty answer that was not blocked misses all of them.

    Raises:
        KeyError: nothing holds answers against a kind that is expected; ``read`` refuses such a case.
    """
    known = EVALUATORS if evaluators is None else evaluators
    if not answer.text.strip() and not answer.blocked:
        return ["the answer is empty"]
    found = ((kind, known[kind](expected, answer)) for kind, expected in case.expect.given.items())
    return [f"{kind}: {why}" for kind, why in found if why]


def _exact(expected: Exact, answer: Answer) -> str:
    given = _plain(answer.text, ignore_case=expected.ignore_case)
    if any(given == _plain(one, ignore_case=expected.ignore_case) for one in expected.any_of):
        return ""
    return f"{_either(expected.any_of)} is expected, the answer is {excerpt(answer.text.strip())!r}"


def _contains(expected: Texts, answer: Answer) -> str:
    given = _plain(answer.text, ignore_case=expected.ignore_case)

    def stands(text: str) -> bool:
        return _plain(text, ignore_case=expected.ignore_case) in given

    lacking = [one for one in expected.all_of if not stands(one)]
    wrong = [one for one in expected.none_of if stands(one)]
    return _parts_said(lacking, expected.any_of if not any(map(stands, expected.any_of)) else [], wrong)


def _regex(expected: Patterns, answer: Answer) -> str:
    def found(pattern: str) -> bool:
        return re.search(pattern, answer.text) is not None

    lacking = [one for one in expected.all_of if not found(one)]
    wrong = [one for one in expected.none_of if found(one)]
    return _parts_said(lacking, expected.any_of if not any(map(found, expected.any_of)) else [], wrong)


def _refusal(expected: bool, answer: Answer) -> str:
    declined = answer.blocked or refused(answer.text)
    if declined == expected:
        return ""
    how = "blocked" if answer.blocked else f"{excerpt(answer.text.strip())!r}"
    return (
        f"a refusal is expected, the answer is {how}"
        if expected
        else f"an answer is expected, and it is refused: {how}"
    )


def _parts_said(lacking: list[str], either: list[str], wrong: list[str]) -> str:
    said = [f"lacks {' and '.join(map(repr, lacking))}"] if lacking else []
    said += [f"lacks {_either(either)}"] if either else []
    said += [f"has {' and '.join(map(repr, wrong))}"] if wrong else []
    return f"the answer {', '.join(said)}" if said else ""


def _either(texts: list[str]) -> str:
    return " or ".join(map(repr, texts))


def _plain(text: str, *, ignore_case: bool) -> str:
    """One way of writing what looks the same: composed letters, single blanks, none at the ends."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return plain.casefold() if ignore_case else plain


EVALUATORS: Mapping[str, Evaluator] = {
    "exact": _exact,
    "contains": _contains,
    "regex": _regex,
    "number": lambda expected, answer: unlike(expected, answer.text),
    "schema": lambda expected, answer: broken_rule(expected, answer.text),
    "refusal": _refusal,
}
"""Kinds that can be judged. ``read`` and ``misses`` take more of them, and a case that expects another is refused."""
