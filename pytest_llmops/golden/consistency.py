"""Do answers that say the same agree: in their figures, and in the words for what must be called one thing?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmops.detect import language as language_of
from pytest_llmops.detect import numbers, quantities

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llmops.target.golden import Consistent


def disagreements(answers: Mapping[str, str], table: Consistent) -> list[str]:
    """What is wrong, a clause each; empty where all agree.

    Args:
        answers: label to text.
        table: the figures that each has to give, and the terms that all have to choose alike.

    Raises:
        ConfigError: a package that reads figures is not installed.
    """
    found = [
        f"{label} does not give {fact}"
        for label, text in answers.items()
        for fact in table.figures
        if numbers.check(text, fact, [fact]).dropped
    ]
    for name, ways in table.terms.items():
        found += _of_term(name, ways, answers)
    return found


def lost(translated: str, source: str, language: str, names: Iterable[str] = ()) -> list[str]:
    """What is wrong with a translation, a clause each; empty where it says the same in that language.

    Args:
        translated: it.
        source: what it is of: each figure of it, and no other, has to be there.
        language: its code, ``fr``.
        names: that have to stay as they are, where the source has them.

    Raises:
        ConfigError: a package that tells languages, or reads figures, is not installed.
    """
    if not translated.strip():
        return ["it is empty"]
    spoken = language_of.check(translated, language)
    figures = numbers.check(translated, source, [one.text for one in quantities.find(source)]).findings
    wrong = [str(spoken)] if spoken.wrong else []
    wrong += [str(one) for one in figures]
    return wrong + [f"it lacks {name}" for name in names if name in source and name not in translated]


def _of_term(name: str, ways: Sequence[str], answers: Mapping[str, str]) -> Iterator[str]:
    """Which answers have no way of saying it, and between whom the ways differ."""
    chosen = {label: _said(ways, text) for label, text in answers.items()}
    yield from (f"{label} has no {name} ({', '.join(ways)})" for label, way in chosen.items() if not way)
    users: dict[str, list[str]] = {}
    for label, used in chosen.items():
        for way in used:
            users.setdefault(way, []).append(label)
    if len(users) > 1:
        yield f"{name} is not the same: " + "; ".join(
            f"{way!r} in {', '.join(labels)}" for way, labels in users.items()
        )


def _said(ways: Sequence[str], text: str) -> list[str]:
    """The ways that stand in a text as words of their own, in capitals or not."""
    return [way for way in ways if re.search(rf"(?<!\w)(?:{way})(?!\w)", text, re.IGNORECASE)]
