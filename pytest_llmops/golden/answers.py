"""What became of a golden set that was asked: each answer, and what of its expectations did not hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llmops.detect.refusal import refused
from pytest_llmops.errors import NotInstalled, Unsupported, Vacuous, excerpt
from pytest_llmops.golden.consistency import disagreements
from pytest_llmops.golden.evaluators import said
from pytest_llmops.judge.pass_rate import CaseRuns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmops.target.golden import Consistent

HALVES = ("refused", "answered")
"""What a case that expects of an answer whether it refuses can expect."""

SHOWN = 5
"""Failing cases that a sentence names."""


@dataclass(frozen=True, slots=True)
class Given:
    """One answer.

    Attributes:
        text: all of it.
        missed: why a kind of expectation does not hold, by kind.
        lost: why no answer came; empty where one did.
        unjudged: why a kind of expectation cannot be judged here, by kind.
    """

    text: str
    missed: Mapping[str, str]
    lost: str = ""
    unjudged: Mapping[str, str] = field(default_factory=dict)

    @property
    def declines(self) -> bool:
        """Whether it was blocked without a text, or refuses; an empty one that was not blocked misses all."""
        return not self.text.strip() or refused(self.text)

    def failing(self, kinds: Sequence[str]) -> dict[str, str]:
        """What of these kinds it misses; without any kind, of all.

        Raises:
            NotInstalled: one of them cannot be judged without a package that is lacking.
        """
        for why in _of(self.unjudged, kinds).values():
            raise NotInstalled(why)
        return _of(self.missed, kinds)


@dataclass(frozen=True, slots=True)
class CaseAnswers:
    """One case, and what was answered each time.

    Attributes:
        id, prompt, tags, digest: of the case.
        expects: its kinds of expectation; ``refusal`` is ``refused`` or ``answered`` by what is expected.
        given: in the order in which they came.
    """

    id: str
    prompt: str
    tags: tuple[str, ...]
    digest: str
    expects: tuple[str, ...]
    given: tuple[Given, ...]

    def runs(self, kinds: Sequence[str] = ()) -> CaseRuns:
        """How many of the answers passed, by these kinds of expectation alone; without any by all.

        Raises:
            NotInstalled: one of them cannot be judged without a package that is lacking.
        """
        came = [one for one in self.given if not one.lost]
        passes = sum(not one.failing(kinds) for one in came)
        return CaseRuns(self.id, passes, len(came), len(self.given) - len(came), self.tags, self.digest)


@dataclass(frozen=True)
class GoldenAnswers:
    """A golden set that was asked, or some of its cases.

    Attributes:
        component: who was asked.
        cases: each with its answers.
        kinds: of expectation that count; all of them where it is empty.
        called: what these cases are, in words; empty for all.
        consistent: the target's tables of answers that have to agree, by name.
    """

    component: str
    cases: tuple[CaseAnswers, ...]
    kinds: tuple[str, ...] = ()
    called: str = ""
    consistent: Mapping[str, Consistent] = field(default_factory=dict)

    @classmethod
    def read(cls, fact: Mapping[str, Any], consistent: Mapping[str, Consistent] | None = None) -> GoldenAnswers:
        """What was kept as plain JSON, with the target's tables of answers that have to agree."""
        cases = tuple(
            CaseAnswers(
                case["id"],
                case["prompt"],
                tuple(case["tags"]),
                case["digest"],
                tuple(case["expects"]),
                tuple(Given(**one) for one in case["given"]),
            )
            for case in fact["cases"]
        )
        return cls(fact["component"], cases, consistent=consistent or {})

    def as_json(self) -> dict[str, Any]:
        """Plain JSON of all of it."""
        return {"component": self.component, "cases": [asdict(case) for case in self.cases]}

    def expecting(self, *kinds: str) -> GoldenAnswers:
        """The cases that expect one of these kinds, judged by those alone, whatever else is wrong with an answer.

        Args:
            *kinds: as in a golden file; of ``refusal`` the two halves are ``refused`` and ``answered``.

        Raises:
            Vacuous: no case does.
        """
        found = tuple(case for case in self.cases if not set(kinds).isdisjoint(case.expects))
        return self._some(found, f"expects {' or '.join(kinds)}", kinds)

    def tagged(self, tag: str) -> GoldenAnswers:
        """The cases with a tag, judged by all that they expect.

        Raises:
            Vacuous: none has it.
        """
        return self._some(tuple(case for case in self.cases if tag in case.tags), f"has the tag {tag!r}", self.kinds)

    def rated(self, kinds: Iterable[str]) -> dict[str, GoldenAnswers]:
        """Of a tag's cases that are judged by all that they expect, those of each of these kinds, by that kind alone.

        Of the whole dataset none: :meth:`expecting` is what asks there.
        """
        if self.kinds or not self.called:
            return {}
        ways = {kind: HALVES if kind == "refusal" else (kind,) for kind in kinds}
        known = {kind for case in self.cases for kind in case.expects}
        return {kind: self.expecting(*some) for kind, some in ways.items() if not known.isdisjoint(some)}

    def unless_all_declined(self) -> GoldenAnswers:
        """These, where one of the answers claims something.

        Raises:
            Vacuous: all that came decline, so that none could be wrong.
        """
        came = [one for case in self.cases for one in case.given if not one.lost]
        if came and all(not _of(one.missed, self.kinds) and one.declines for one in came):
            raise Vacuous("golden dataset: every answer was blocked or declines, so none claims what could be wrong.")
        return self

    def disagreements(self, name: str) -> list[str]:
        """In what answers differ, or fall short, that have to agree (``golden.consistent``), a clause each.

        Also what a figure of theirs is that is none of their own case's.

        Raises:
            Unsupported: the target has no such table.
            Vacuous: one of the cases was not answered, or there are fewer than two, and the others agree.
            NotInstalled: a package that reads figures is lacking.
        """
        if name not in self.consistent:
            raise Unsupported(f"golden dataset: nobody says in what answers agree; add golden.consistent.{name}.")
        table = self.consistent[name]
        cases = self.tagged(table.tag).cases
        given = {
            f"{case.id} ({number})": one for case in cases for number, one in enumerate(case.given, 1) if not one.lost
        }
        found = disagreements({label: one.text for label, one in given.items()}, table)
        found += [f"{label}: {why}" for label, one in given.items() if (why := one.failing(["numbers"]).get("numbers"))]
        unanswered = [case.id for case in cases if all(one.lost for one in case.given)]
        if not found and (unanswered or len(cases) < 2):
            were = "was" if len(unanswered) == 1 else "were"
            said = f"{', '.join(unanswered)} {were} not answered" if unanswered else "there are fewer than two"
            raise Vacuous(f"golden dataset: of the cases with the tag {table.tag!r} {said}, so that they may differ.")
        return found

    @property
    def runs(self) -> list[CaseRuns]:
        """What the gate judges.

        Raises:
            NotInstalled: it cannot be judged without a package that is lacking.
        """
        return [case.runs(self.kinds) for case in self.cases]

    def said(self, ids: Sequence[str]) -> list[str]:
        """Of each of these cases, why its first wrong answer is wrong, with how many more cases there are."""
        known = {case.id: case for case in self.cases}
        lines = [f"  {name}: {self._why(known[name])}" for name in ids[:SHOWN]]
        return lines + ([f"  and {len(ids) - SHOWN} more cases"] if len(ids) > SHOWN else [])

    def document(self, title: str, verdict: str, notes: Sequence[str]) -> str:
        """All of it as a page of Markdown."""
        head = [f"# {title}", "", f"{verdict}.", "", *(f"- {note}" for note in notes), *([""] if notes else [])]
        rows = ["| case | tags | passed | what did not hold |", "|---|---|---|---|"]
        for case in self.cases:
            runs = case.runs(self.kinds)
            lost = f", {runs.lost} lost" if runs.lost else ""
            why = self._why(case).replace("|", "\\|").replace("\n", " ")
            rows.append(f"| {case.id} | {', '.join(case.tags)} | {runs.passes} of {runs.answers}{lost} | {why} |")
        return "\n".join([*head, *rows, ""])

    def _why(self, case: CaseAnswers) -> str:
        wrong = [found for one in case.given if not one.lost and (found := _of(one.missed, self.kinds))]
        lost = [one.lost for one in case.given if one.lost]
        return "; ".join(said(wrong[0])) if wrong else excerpt(lost[0]) if lost else ""

    def _some(self, found: tuple[CaseAnswers, ...], which: str, kinds: tuple[str, ...]) -> GoldenAnswers:
        if not found:
            raise Vacuous(f"golden dataset: no case {which}, so none could fail; write some.")
        return replace(self, cases=found, kinds=kinds, called=which)


def kinds_of(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The kinds of a case's expectations, those of ``refusal`` apart."""
    return tuple(HALVES[not one] if kind == "refusal" else kind for kind, one in given.items())


def halved(case_kinds: Sequence[str], found: Mapping[str, str]) -> dict[str, str]:
    """What an answer was ``held`` against, under the words of ``kinds_of``."""
    half = next((kind for kind in case_kinds if kind in HALVES), "refusal")
    return {half if kind == "refusal" else kind: why for kind, why in found.items()}


def _of(missed: Mapping[str, str], kinds: Sequence[str]) -> dict[str, str]:
    return {kind: why for kind, why in missed.items() if not kinds or kind in kinds}
