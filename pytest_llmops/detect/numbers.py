"""Whether the figures of an answer are those of its facts: none invented, none altered, none that it needs left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from pytest_llmops.detect.number_words import SCALES
from pytest_llmops.detect.quantities import Quantity, find, readings_of
from pytest_llmops.detect.subjects import Told, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Defect = Literal["invented", "altered", "dropped"]

NEAR = Decimal("0.02")
"""By so much of the value a figure of one digit may be rounded."""

BOUND = Decimal("0.15")
"""So far a figure that is told as "over" or "under" may lie from the value."""

_OF = r"(?:[A-Z]{3}|[€$£¥])?"
_SCALED_TABLE = re.compile(
    rf"\((?:in )?{_OF}\s?(?:{'|'.join(SCALES)})s?\s?{_OF}\)|\bin (?:thousands|millions|billions|Tsd|Mio|Mrd)",
    re.IGNORECASE,
)
"""A heading that gives the figures below it their scale: ``(€m)``, ``in thousands``."""

_QUESTION = re.compile(r"[^.!?。！？\n]*[?？]")


@dataclass(frozen=True, slots=True)
class NumberFinding:
    """One defect of an answer's figures.

    Attributes:
        defect: ``invented`` (no fact is near), ``altered`` (a fact of the same subject or unit says otherwise) or
            ``dropped`` (a required fact that the answer does not give).
        found: the figure as the answer writes it; empty where it is dropped.
        expected: the fact as the facts write it; empty where the figure is invented.
        start, end: of the answer's characters; both 0 where it is dropped.
        why: what is wrong with it, in a few words.
    """

    defect: Defect
    found: str
    expected: str
    start: int
    end: int
    why: str

    def __str__(self) -> str:
        if self.defect == "dropped":
            return f"dropped: {self.expected!r} is required and not in the answer"
        beside = f", the facts say {self.expected!r}" if self.expected else ""
        return f"{self.defect}: {self.found!r} at character {self.start}{beside} ({self.why})"


@dataclass(frozen=True, slots=True)
class NumberReview:
    """What became of an answer's figures.

    Attributes:
        findings: the defects, in the answer's order, dropped facts last.
        figures: how many the answer has.
        required: how many facts it had to give.
    """

    findings: tuple[NumberFinding, ...]
    figures: int
    required: int

    @property
    def dropped(self) -> tuple[NumberFinding, ...]:
        """The required facts that it does not give."""
        return tuple(one for one in self.findings if one.defect == "dropped")

    @property
    def faithful(self) -> bool:
        """Whether there is no defect."""
        return not self.findings


def check(answer: str, facts: str, required: Sequence[str] = ()) -> NumberReview:
    """Hold an answer's figures against facts.

    A figure is faithful when a fact has its value and unit in whichever notation, or when it is the fact rounded to the
    digits that it shows. What the answer works out by itself is in no fact, and is told as invented. Figures in
    questions, code, addresses, citations and numbers of lists are none.

    Args:
        answer: what is looked through.
        facts: text, or lines of names and values, that hold every figure that the answer may give.
        required: facts that the answer has to give, each with at least one figure, or a text that it has to hold.

    Raises:
        ConfigError: a package that this needs is not installed; says how to install it.
    """
    said = _QUESTION.sub(lambda question: re.sub(r"\d", " ", question[0]), answer)
    given, figures = find(facts), find(said)
    known = list(told(facts, given))
    findings = [
        finding
        for one in _with_subjects(said, figures)
        if (finding := _judged(one, known, [fact for fact in given if fact.day], facts))
    ]
    findings += [finding for line in required for finding in _dropped(line, answer, figures)]
    return NumberReview(tuple(findings), len(figures), len(required))


def _with_subjects(text: str, figures: Sequence[Quantity]) -> Iterator[Told]:
    subjects = {one.quantity.start: one for one in told(text, figures)}
    nothing: frozenset[str] = frozenset()
    for one in figures:
        yield subjects.get(one.start) or Told(one, nothing, nothing, nothing, frozenset(), 0)


def _judged(one: Told, known: Sequence[Told], days: Sequence[Quantity], facts: str) -> NumberFinding | None:
    figure = one.quantity
    if figure.day:
        return _dated(figure, known, days)
    same = [fact for fact in known if _same(figure, fact.quantity)]
    if not same:
        if _SCALED_TABLE.search(facts) and any(_same_numeral(figure, fact.quantity) for fact in known):
            return None
        if _literal(figure, facts) or _date_number(figure, days):
            return None
        return _otherwise(one, known)
    if all(_opposite(one, fact) for fact in same):
        return _finding("altered", figure, same[0].quantity, "the facts say the opposite direction")
    other = next((fact for fact in known if all(_is_of(one, mine, fact) for mine in same)), None)
    return _finding("altered", figure, other.quantity, "the value is another fact's") if other else None


def _dated(figure: Quantity, known: Sequence[Told], days: Sequence[Quantity]) -> NumberFinding | None:
    day = figure.day
    if day is None or any(day.within(fact.day) for fact in days if fact.day):
        return None
    if any(_same(figure, fact.quantity) for fact in known if figure.readings):
        return None
    if not days:
        return _finding("invented", figure, None, "the facts have no date")
    return _finding("altered", figure, max(days, key=lambda fact: _alike(figure, fact)), "the facts have another date")


def _alike(figure: Quantity, fact: Quantity) -> int:
    """In how many parts two dates agree."""
    if not (figure.day and fact.day):
        return 0
    return max(
        sum(a is not None and a == b for a, b in zip(mine, theirs, strict=True))
        for mine in figure.day.choices
        for theirs in fact.day.choices
    )


def _otherwise(one: Told, known: Sequence[Told]) -> NumberFinding:
    """A figure that no fact has: altered, where a fact is near, else invented."""
    figure = one.quantity
    of_kind = [fact for fact in known if _kind(fact.quantity) == _kind(figure)]
    near = [fact for fact in of_kind if (one.before | one.after) & (fact.before | fact.after)]
    digits = sorted(re.sub(r"\D", "", figure.text))
    near = near or [fact for fact in known if sorted(re.sub(r"\D", "", fact.quantity.text)) == digits]
    if not near:
        return _finding("invented", figure, None, "no fact has it")
    best = max(
        near,
        key=lambda fact: (len((one.before | one.after) & (fact.before | fact.after)), -_gap(figure, fact.quantity)),
    )
    return _finding("altered", figure, best.quantity, "the value or unit differs")


def _gap(figure: Quantity, fact: Quantity) -> Decimal:
    """How far apart two values are, by the larger of them."""
    return min(
        (
            abs(mine.value - theirs.value) / max(abs(mine.value), abs(theirs.value), Decimal(1))
            for mine in figure.readings
            for theirs in fact.readings
        ),
        default=Decimal(1),
    )


def _finding(defect: Defect, figure: Quantity, fact: Quantity | None, why: str) -> NumberFinding:
    return NumberFinding(defect, figure.text, fact.text if fact else "", figure.start, figure.end, why)


def _kind(one: Quantity) -> str:
    return "money" if one.money else one.unit


def _same(figure: Quantity, fact: Quantity) -> bool:
    """Whether a figure tells a fact: in value and unit."""
    if fact.day and not fact.readings:
        return False
    if figure.unit == fact.unit or (not figure.unit and fact.money) or (not fact.unit and figure.money):
        return _told_alike(figure, fact, Decimal(1))
    if {figure.unit, fact.unit} == {"%", ""}:
        return _told_alike(figure, fact, Decimal(100) if figure.unit else Decimal("0.01"), share=True)
    if not figure.unit or not fact.unit:
        return _same_numeral(figure, fact)
    return False


def _same_numeral(figure: Quantity, fact: Quantity) -> bool:
    """Whether both have the same digits, and the fact leaves scale and unit to a heading."""
    bare = not fact.unit and readings_of(fact) == fact.readings
    mine, theirs = readings_of(figure), readings_of(fact)
    return (bare or figure.readings == mine) and bool({one.value for one in mine} & {one.value for one in theirs})


def _told_alike(figure: Quantity, fact: Quantity, factor: Decimal, *, share: bool = False) -> bool:
    return any(
        _rounds(mine.value, mine.step, theirs.value * factor, figure.hedge)
        for mine in figure.readings
        for theirs in fact.readings
        if not share or abs(theirs.value * min(factor, Decimal(1))) <= 1
    )


def _rounds(value: Decimal, step: Decimal, exact: Decimal, hedge: str) -> bool:
    if value == exact:
        return True
    off = abs(value - exact)
    if hedge == "over" and 0 < exact - value <= BOUND * abs(exact):
        return True
    if hedge == "under" and 0 < value - exact <= BOUND * abs(exact):
        return True
    digits = len(str(abs(int(value / step)))) if step else 1
    return off <= step / 2 and (digits > 1 or off <= NEAR * abs(exact))


def _literal(figure: Quantity, facts: str) -> bool:
    """Whether it stands in the facts as a part of a name: ``SMA50``, ``2024-0117``."""
    digits = re.match(r"\d+", figure.text)
    bare = figure.text.isdigit() or "-" in figure.text
    return bool(digits and bare and re.search(rf"(?<!\d|[.,])(?:(?<=[A-Za-z])|(?<=-)){digits[0]}(?![\d.,])", facts))


def _date_number(figure: Quantity, days: Sequence[Quantity]) -> bool:
    return bool(re.fullmatch(r"\d{4}", figure.text)) and any(figure.text in fact.text for fact in days)


def _opposite(one: Told, fact: Told) -> bool:
    return one.direction * fact.direction < 0


def _is_of(one: Told, mine: Told, other: Told) -> bool:
    """Whether what is told of one fact is told with the value of another of the same kind."""
    if other is mine or _kind(other.quantity) != _kind(mine.quantity) or _same(one.quantity, other.quantity):
        return False
    if one.moves * mine.moves < 0 and other.moves == one.moves:
        return True
    if not (mine.before or mine.after) or mine.years & one.years:
        return False
    if one.years & other.years:
        series = bool(other.before & (one.before | mine.before)) and bool(mine.years)
        return series or not other.before
    own, theirs = mine.subject - other.subject, other.subject - mine.subject
    if len(mine.before) == 1 and sum(not word.isdigit() for word in other.before) > 1:
        theirs -= mine.earlier
    said = one.before if one.before & (own | theirs) else one.of
    return bool(said & theirs) and not (one.before | one.after) & own


def _dropped(line: str, answer: str, figures: Sequence[Quantity]) -> Iterator[NumberFinding]:
    wanted = find(line)
    given = wanted and all(any(_gives(figure, fact) for figure in figures) for fact in wanted)
    if not (given if wanted else line.casefold() in answer.casefold()):
        yield NumberFinding("dropped", "", line, 0, 0, "it is required")


def _gives(figure: Quantity, fact: Quantity) -> bool:
    if fact.day:
        return bool(figure.day and fact.day.within(figure.day))
    return _same(figure, fact)
