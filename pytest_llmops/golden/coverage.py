"""What a golden set covers, and what of what is wanted it does not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError, did_you_mean
from pytest_llmops.golden.expectations import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmops.golden.case import Case, GoldenSet

UNTOLD = "not told"
"""The language or origin of a case that tells none; the tag of one that has none."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a set must cover.

    Attributes:
        tags: that must have cases; with ``languages`` each in each of them.
        languages: of questions: ``pt`` is covered by ``pt-BR`` too.
        kinds: of expectations.
        fewest: cases that each must have.

    Raises:
        ConfigError: a kind is none; names the nearest.
    """

    tags: Sequence[str] = ()
    languages: Sequence[str] = ()
    kinds: Sequence[str] = ()
    fewest: int = 1

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                near = did_you_mean(kind, KINDS) or f" There are {', '.join(KINDS)}."
                raise ConfigError(f"{kind!r} is no kind of expectation.{near}")


@dataclass(frozen=True, slots=True)
class Gap:
    """Something wanted that has too few cases.

    Attributes:
        what: ``tag``, ``language``, ``kind``, or ``tag in language``.
        name: which: ``finance``, ``fr``, ``number``, ``finance in fr``.
        cases: that it has.
        fewest: that are wanted.
    """

    what: str
    name: str
    cases: int
    fewest: int

    def __str__(self) -> str:
        return f"{self.what} {self.name}: {self.cases or 'no'} case{'s' * (self.cases > 1)}, {self.fewest} wanted"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many cases there are, by what; ``gaps`` is what is lacking."""

    cases: int
    tags: Mapping[str, int]
    languages: Mapping[str, int]
    kinds: Mapping[str, int]
    origins: Mapping[str, int]
    files: Mapping[str, int]
    gaps: tuple[Gap, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        gaps = [{"what": one.what, "name": one.name, "cases": one.cases, "fewest": one.fewest} for one in self.gaps]
        counts = {key: dict(getattr(self, key)) for key in ("tags", "languages", "kinds", "origins", "files")}
        return {"cases": self.cases, **counts, "gaps": gaps}


def coverage(golden: GoldenSet, wanted: Wanted) -> Coverage:
    """Count the cases of a set; kinds that have none are named with 0."""
    kinds = dict.fromkeys(KINDS, 0) | _counted(kind for case in golden for kind in case.expect.given)
    return Coverage(
        cases=len(golden),
        tags=_counted(tag for case in golden for tag in (case.tags or [UNTOLD])),
        languages=_counted(case.language or UNTOLD for case in golden),
        kinds=kinds,
        origins=_counted(case.origin or UNTOLD for case in golden),
        files=_counted(str(golden.places[case.id][0]) for case in golden),
        gaps=tuple(_gaps(golden.cases, wanted, kinds)),
    )


def alike(golden: GoldenSet) -> list[tuple[str, ...]]:
    """Ids of cases that ask the same, word for word and of the same texts: they count as several, and tell as one."""
    found: dict[tuple[str, ...], list[str]] = {}
    for case in golden:
        found.setdefault((" ".join(case.prompt.casefold().split()), *case.context), []).append(case.id)
    return [tuple(ids) for ids in found.values() if len(ids) > 1]


def _gaps(cases: Sequence[Case], wanted: Wanted, kinds: Mapping[str, int]) -> Iterable[Gap]:
    tags = _counted(tag for case in cases for tag in case.tags)
    counted = [("tag", tag, tags.get(tag, 0)) for tag in wanted.tags]
    counted += [("language", one, sum(_speaks(case, one) for case in cases)) for one in wanted.languages]
    counted += [("kind", kind, kinds[kind]) for kind in wanted.kinds]
    counted += [
        ("tag in language", f"{tag} in {one}", sum(tag in case.tags and _speaks(case, one) for case in cases))
        for tag in wanted.tags
        for one in wanted.languages
        if tags.get(tag)  # without any it is a gap already
    ]
    return (Gap(*one, wanted.fewest) for one in counted if one[2] < wanted.fewest)


def _speaks(case: Case, language: str) -> bool:
    return case.language == language or (case.language or "").startswith(f"{language}-")


def _counted(words: Iterable[str]) -> dict[str, int]:
    """Word to how often, in alphabetical order."""
    return dict(sorted(Counter(words).items()))
