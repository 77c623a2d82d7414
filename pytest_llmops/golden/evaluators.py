"""What an answer is held against, by kind of expectation: one function each, which says why an answer misses."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmops.detect import grounding, language, numbers
from pytest_llmops.detect.refusal import refused
from pytest_llmops.errors import NotInstalled, excerpt
from pytest_llmops.golden.json_schema import broken_rule
from pytest_llmops.golden.numbers import unlike

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.golden.case import Case
    from pytest_llmops.golden.expectations import Exact, Figures, Grounded, Patterns, Sources, Texts


EMPTY = "the answer is empty"
BLOCKED = "the answer is blocked"

OF_TEXT = ("contains", "regex")
"""Kinds that may expect that something is not there, which says nothing where no text is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to one question.

    Attributes:
        text: the answer; empty where it was blocked without one.
        blocked: the system said by its status or body that it does not answer.
        sources: documents that it names, by the system's own words for them.
        texts: of these documents, or those that it was given.
    """

    text: str
    blocked: bool = False
    sources: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


class Evaluator(Protocol):
    """Holds an answer against one kind of expectation."""

    def __call__(self, expected: Any, answer: Answer) -> str:
        """Why it misses, as a clause; empty where it does not.

        Args:
            expected: the table of that kind in ``expect``.
            answer: what came back.
        """
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """An answer that was held against all that its case expects.

    Attributes:
        missed: why each kind of expectation that does not hold does not.
        unjudged: why each that cannot be judged here cannot: a package that its evaluator rests on is not installed.
    """

    missed: dict[str, str]
    unjudged: dict[str, str]


def held(case: Case, answer: Answer, evaluators: Mapping[str, Evaluator] | None = None) -> Held:
    """Hold an answer against each kind of expectation; where nothing is missed, and nothing unjudged, it passes.

    An empty answer that was not blocked misses all of them; one that was, and was not to be refused, those of a text.

    Raises:
        KeyError: nothing holds answers against a kind that is expected; ``read`` refuses such a case.
    """
    known = EVALUATORS if evaluators is None else evaluators
    if not answer.text.strip() and not answer.blocked:
        return Held(dict.fromkeys(case.expect.given, EMPTY), {})
    silent = not answer.text.strip() and case.expect.refusal is not True
    found = Held({}, {})
    for kind, expected in case.expect.given.items():
        if silent and kind in OF_TEXT:
            found.missed[kind] = BLOCKED
            continue
        try:
            if why := known[kind](expected, answer):
                found.missed[kind] = why
        except NotInstalled as error:
            found.unjudged[kind] = str(error)
    return found


def misses(case: Case, answer: Answer, evaluators: Mapping[str, Evaluator] | None = None) -> list[str]:
    """What is missed as clauses, one for each kind; of an empty answer one for all.

    Raises:
        NotInstalled: a kind cannot be judged here.
    """
    found = held(case, answer, evaluators)
    for why in found.unjudged.values():
        raise NotInstalled(why)
    return said(found.missed)


def said(found: Mapping[str, str]) -> list[str]:
    """Clauses of what is missed."""
    return list(dict.fromkeys(why if why == EMPTY else f"{kind}: {why}" for kind, why in found.items()))


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


def _figures(expected: Figures, answer: Answer) -> str:
    """An answer without any figure has none that could be wrong, which is no faithful one."""
    review = numbers.check(answer.text, "\n".join(expected.facts), expected.required)
    if not review.figures and not review.findings:
        return f"the answer gives no figure: {excerpt(answer.text.strip())!r}"
    return "; ".join(map(str, review.findings))


def _language(expected: str, answer: Answer) -> str:
    review = language.check(answer.text, expected)
    if review.language == "und":
        return f"it cannot be told whether {excerpt(answer.text.strip())!r} is in {review.expected}"
    return str(review) if review.wrong else ""


def _sources(expected: Sources, answer: Answer) -> str:
    lacking = [one for one in expected.all_of if one not in answer.sources]
    either = [] if set(expected.any_of) & set(answer.sources) else expected.any_of
    why = _parts_said(lacking, either, [])
    return f"{why}; it names {', '.join(answer.sources) or 'none'}" if why else ""


def _grounded(expected: Grounded, answer: Answer) -> str:
    """An answer that declines claims nothing; one that came without a text claims what nobody can hold it against."""
    if answer.blocked or refused(answer.text):
        return ""
    if not answer.texts:
        return f"no text of a source came with the answer: {excerpt(answer.text.strip())!r}"
    return str(grounding.check(answer.text, answer.texts, expected.words))


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
    "numbers": _figures,
    "schema": lambda expected, answer: broken_rule(expected, answer.text),
    "refusal": _refusal,
    "language": _language,
    "sources": _sources,
    "grounded": _grounded,
}
"""Kinds that can be judged. ``read`` and ``misses`` take more of them, and a case that expects another is refused."""
