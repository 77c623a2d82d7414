"""In which language an answer is, by its prose alone: code, addresses, names and quotations do not count."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pytest_llmops.detect.packages import needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from py3langid.langid import LanguageIdentifier

LANGUAGES = (
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "gl", "he", "hi", "hr", "hu", "id",
    "it", "ja", "ko", "lt", "lv", "mr", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th", "tr", "uk", "vi",
    "zh",
)  # fmt: skip
"""ISO 639-1 codes of what is told apart."""

ENOUGH = 2 / 3
"""So much of an answer's prose has to be in the language that is expected."""

SURE = 0.7
"""From this probability on a sentence is in a language."""

LIKELY = 0.55
"""The same for a language against an expected one that is next to impossible."""

IMPOSSIBLE = 0.05
"""Up to this probability the expected language is so."""

FEWEST_WORDS = 3
"""A sentence of fewer words in Latin letters is in no language that could be told."""

_DROPPED = re.compile(
    r"<think>.*?</think>|```.*?(?:```|\Z)|`[^`\n]*`|\$[^$\n]+\$|https?://\S+|www\.\S+|\S+@\S+\.\w+|<[^<>\n]{1,200}>|&\w+;",
    re.DOTALL,
)
_QUOTED = re.compile(r'"[^"\n]*"|“[^”\n]*”|„[^“”"\n]*[“”"]|«[^»\n]*»|「[^」\n]*」|『[^』\n]*』|《[^》\n]*》')
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+|(?<=[。！？])|\n+|\s*\|\s*")
_SYMBOL = re.compile(r"\S*[\d_/\\@#=<>{}]\S*|(?<!\w)[A-ZÄÖÜ]{2,}(?!\w)")
_MARKS = r"\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f"
_WORD = re.compile(rf"(?:[^\W\d_][{_MARKS}]*)+(?:['’-](?:[^\W\d_][{_MARKS}]*)+)*")
_SCRIPTS = {
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence or line of prose.

    Attributes:
        text: as it was read, without what does not count.
        language: its ISO 639-1 code; ``und`` where it is too short or could be of several languages.
        weight: how many letters it counts for; a Chinese, Japanese or Korean one counts thrice.
    """

    text: str
    language: str
    weight: int


@dataclass(frozen=True, slots=True)
class LanguageReview:
    """In which languages an answer is.

    Attributes:
        expected: the language that it should be in.
        language: the one that most of it is in; ``und`` where nothing could be told.
        share: of its prose that is in the expected language, from 0 to 1; what is undetermined is left out.
        strays: passages in other languages.
    """

    expected: str
    language: str
    share: float
    strays: tuple[Passage, ...]

    @property
    def wrong(self) -> bool:
        """Whether too little of it is in the expected language; never so where nothing could be told."""
        return self.language != "und" and self.share < ENOUGH

    def __str__(self) -> str:
        if not self.wrong:
            return f"in {self.language}, {self.share:.0%} of it in {self.expected} as expected"
        stray = self.strays[0]
        return f"only {self.share:.0%} of it is in {self.expected}, as expected; in {stray.language}: {stray.text!r}"


def check(answer: str, expected: str) -> LanguageReview:
    """Hold an answer's language against the expected one.

    Args:
        answer: text, Markdown or JSON.
        expected: an ISO 639-1 code; a region (``pt-BR``) is left out of account.

    Raises:
        ConfigError: a package that this needs is not installed; says how to install it.
        ValueError: the expected language is none that is told apart.
    """
    wanted = code_of(expected)
    if wanted not in LANGUAGES:
        raise ValueError(f"{expected!r} is no language that is told apart; known: {', '.join(LANGUAGES)}.")
    passages = [one for one in _passages(answer, wanted) if one.language != "und"]
    total = sum(one.weight for one in passages)
    if not total:
        return LanguageReview(wanted, "und", 1.0, ())
    weights: Counter[str] = Counter()
    for one in passages:
        weights[one.language] += one.weight
    strays = tuple(one for one in passages if one.language != wanted)
    return LanguageReview(wanted, weights.most_common(1)[0][0], weights[wanted] / total, strays)


def code_of(language: str) -> str:
    """A language's code without its region: ``pt`` of ``pt-BR``; both kinds of Norwegian are ``no``."""
    code = re.split(r"[-_]", language.lower())[0]
    return "no" if code in {"nb", "nn"} else code


def detected(text: str) -> str:
    """The ISO 639-1 code of the language that most of a text is in; ``und`` where it cannot be told."""
    return check(text, "en").language


def _passages(answer: str, expected: str) -> Iterator[Passage]:
    prose = _DROPPED.sub(" ", answer)
    if _is_json(prose):
        return
    unquoted = _QUOTED.sub(" ", prose)
    prose = unquoted if len(_WORD.findall(unquoted)) >= FEWEST_WORDS or _cjk(unquoted) else prose
    sentences = [re.sub(r"[*_#>`~]+", " ", one).strip() for one in _SENTENCE.split(prose)]
    for sentence in _joined([one for one in sentences if one]):
        yield Passage(sentence, _language(sentence, expected), _weight(sentence))


def _is_json(text: str) -> bool:
    if not text.strip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _joined(sentences: list[str]) -> Iterator[str]:
    """Sentences, short lines with those after them: a list's items tell together what none of them tells alone."""
    held = ""
    for one in sentences:
        held = f"{held} {one}" if held else one
        if len(_WORD.findall(held)) >= 2 * FEWEST_WORDS or _cjk(held):
            yield held
            held = ""
    if held:
        yield held


def _cjk(text: str) -> int:
    return sum(len(_SCRIPTS[code].findall(text)) for code in ("ko", "ja", "zh"))


def _weight(text: str) -> int:
    return len(_LATIN.findall(text)) + 3 * _cjk(text) + sum(one.isalpha() and not one.isascii() for one in text)


def _language(sentence: str, expected: str) -> str:
    letters = sum(one.isalpha() for one in sentence)
    counts = {code: len(pattern.findall(sentence)) for code, pattern in _SCRIPTS.items()}
    east = counts["ko"] + counts["ja"] + counts["zh"]
    if letters and 3 * east > letters - east:
        if east < 4:
            return "und"
        if counts["ko"] > counts["ja"]:
            return "ko"
        if counts["ja"]:
            return "ja" if counts["ja"] * 10 > counts["zh"] else "zh"
        return _han(sentence, expected)
    for code in ("el", "he", "th"):
        if counts[code] * 2 > letters:
            return code if counts[code] >= 8 else "und"
    return _by_words(sentence, expected)


def _han(sentence: str, expected: str) -> str:
    """Chinese characters alone: Chinese, but Japanese in a headline of a Japanese answer."""
    return "und" if expected == "ja" and len(_SCRIPTS["zh"].findall(sentence)) < 8 else "zh"


def _by_words(sentence: str, expected: str) -> str:
    plain = _SYMBOL.sub(" ", sentence)
    found = _WORD.findall(plain)
    if len(found) < FEWEST_WORDS or sum(not word[0].isupper() for word in found) < 2:
        return "und"
    common = [word for at, word in enumerate(found) if at == 0 or not word[0].isupper()]
    ranked = [(code, float(share)) for code, share in _identifier().rank(" ".join(found))]
    best, share = ranked[0]
    mine = dict(ranked).get(expected, 0.0)
    if len(common) >= FEWEST_WORDS and best != expected:
        best, share = _identifier().rank(" ".join(common))[0]
    if best == expected or mine > 1 - SURE:
        return expected
    limit = LIKELY if mine <= IMPOSSIBLE else SURE
    return str(best) if share >= limit else "und"


@cache
def _identifier() -> LanguageIdentifier:
    needed("py3langid", extra="quality", to="telling the language of an answer")
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier
