"""What a search found of what it should have found: recall, rank, empty results; and whether two rounds are alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from pytest_llmops.errors import Vacuous

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SIGNIFICANT = 0.05
"""One-sided error probability of a fall: the same queries on the same documents hardly vary by chance."""

EXACT = 12
"""Queries up to which every way that differences may turn is counted; above it ``ROUNDS`` of them are drawn."""

ROUNDS, SEED = 9999, 20260101


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a search brought for one labelled query.

    Attributes:
        query: its id.
        ranks: of each expected document that of its first result, 1 for the best; None where it was not found.
        names: what the results are called, best first; its length is how many came.
        scores: of those results; empty where the search tells none.
    """

    query: str
    ranks: tuple[int | None, ...]
    names: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()

    @property
    def first(self) -> int | None:
        """The rank of the first expected document; None where none was found."""
        return min((rank for rank in self.ranks if rank is not None), default=None)

    @property
    def reciprocal(self) -> float:
        """1 over that rank; 0 where none was found (Voorhees, TREC-8, 1999)."""
        return 1 / self.first if self.first else 0.0

    def recall(self, k: int) -> float:
        """The share of its expected documents that are among the first k results."""
        return fmean(rank is not None and rank <= k for rank in self.ranks)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A round of labelled queries.

    Attributes:
        rankings: one of each query.
        k: how many of the first results count.

    Raises:
        Vacuous: there is no query.
    """

    rankings: tuple[Ranking, ...]
    k: int

    def __post_init__(self) -> None:
        if not self.rankings:
            raise Vacuous("no labelled query was asked, so nothing could be missed.")

    @property
    def recall_pct(self) -> float:
        """Mean share of the expected documents that are among the first k results."""
        return 100 * fmean(one.recall(self.k) for one in self.rankings)

    @property
    def hit_pct(self) -> float:
        """Share of queries of which at least one expected document is among the first k results."""
        return 100 * fmean(one.recall(self.k) > 0 for one in self.rankings)

    @property
    def mrr(self) -> float:
        """Mean reciprocal rank of the first expected document."""
        return fmean(one.reciprocal for one in self.rankings)

    @property
    def empty_pct(self) -> float:
        """Share of queries that brought nothing at all."""
        return 100 * fmean(not one.names for one in self.rankings)

    @property
    def missed(self) -> tuple[str, ...]:
        """Ids of the queries none of whose documents is among the first k results."""
        return tuple(one.query for one in self.rankings if not one.recall(self.k))

    @property
    def similarities(self) -> tuple[float, ...]:
        """The score of each query's best result; nothing of those that brought none, or tell none."""
        return tuple(one.scores[0] for one in self.rankings if one.scores)

    @property
    def similarity_p50(self) -> float:
        """Their median.

        Raises:
            Vacuous: no result has a score.
        """
        if not self.similarities:
            raise Vacuous("no result of the labelled queries has a score.")
        return float(np.median(self.similarities))

    @property
    def scores(self) -> tuple[float, ...]:
        """Of all results of all queries."""
        return tuple(score for one in self.rankings for score in one.scores)

    @property
    def said(self) -> str:
        """How many were asked, and which were missed."""
        asked = f"{len(self.rankings)} labelled queries, first {self.k}"
        return f"{asked}; not found: {', '.join(self.missed)}" if self.missed else asked

    def only(self, queries: Iterable[str]) -> Retrieved:
        """The same of these queries alone, in their order here.

        Raises:
            Vacuous: none of them was asked.
        """
        wanted = set(queries)
        return Retrieved(tuple(one for one in self.rankings if one.query in wanted), self.k)

    def agreement_pct(self, other: Retrieved) -> float:
        """Mean share of the first k places at which the same document stands in both rounds of the same queries.

        Raises:
            Vacuous: no query brought anything in either.
        """
        others = {one.query: one.names[: self.k] for one in other.rankings}
        pairs = [(one.names[: self.k], others[one.query]) for one in self.rankings if one.query in others]
        shares = [
            sum(a == b for a, b in zip(mine, theirs, strict=False)) / max(len(mine), len(theirs))
            for mine, theirs in pairs
            if mine or theirs
        ]
        if not shares:
            raise Vacuous("no labelled query brought anything, so two rounds cannot differ.")
        return 100 * fmean(shares)


@dataclass(frozen=True, slots=True)
class Fall:
    """How far a mean of the same queries has fallen.

    Attributes:
        before, now: the means.
        pct: by how many % of ``before``; below 0 where it has risen.
        p: how likely chance alone brings such a fall, if for each query either value may have come first.
    """

    before: float
    now: float
    pct: float
    p: float

    @property
    def surely_pct(self) -> float:
        """The same; 0 where it has not fallen, or chance may explain it."""
        return max(0.0, self.pct) if self.p <= SIGNIFICANT else 0.0

    def __str__(self) -> str:
        return f"{self.now:.4g}, accepted {self.before:.4g}: {-self.pct:+.3g} %, p = {self.p:.2g} of a fall by chance"


def fall(before: Sequence[float], now: Sequence[float]) -> Fall:
    """Compare the values of the same queries, each with itself: a sign-flip test (Fisher, 1935).

    Args:
        before: accepted, shape (n,), finite.
        now: shape (n,), of the same queries in the same order.

    Raises:
        Vacuous: there is none.
        ValueError: they are not as many.
    """
    if len(before) != len(now):
        raise ValueError(f"{len(before)} values before, {len(now)} now: they have to be of the same queries")
    if not before:
        raise Vacuous("no query of the accepted canary was asked now.")
    was, is_now = fmean(before), fmean(now)
    pct = 100 * (was - is_now) / abs(was) if was else (0.0 if is_now >= was else 100.0)
    differences = np.asarray(before, dtype=np.float64) - np.asarray(now, dtype=np.float64)
    return Fall(was, is_now, pct, _by_chance(differences[differences != 0]))


def _by_chance(differences: np.ndarray) -> float:
    """The share of all ways to turn them that sum up to as much at the least."""
    if not len(differences):
        return 1.0
    least = float(differences.sum()) - 1e-12 * float(np.abs(differences).sum())
    if len(differences) <= EXACT:
        turned = np.array(list(product((1.0, -1.0), repeat=len(differences)))) @ differences
        return float(np.mean(turned >= least))
    signs = np.random.default_rng(SEED).choice((1.0, -1.0), size=(ROUNDS, len(differences)))
    return (1 + int(np.count_nonzero(signs @ differences >= least))) / (1 + ROUNDS)


def ranks_of(expected: Sequence[Sequence[str]], names: Sequence[str]) -> tuple[int | None, ...]:
    """The rank of each expected document among results.

    Args:
        expected: of each document the names by which it may be found.
        names: of the results, best first.
    """
    ranked = [{rank for rank, name in enumerate(names, 1) if any(_is(one, name) for one in each)} for each in expected]
    return tuple(min(found, default=None) for found in ranked)


def _is(expected: str, given: str) -> bool:
    """The same name in capitals or not; of an address its host, or one below it, will do."""
    wanted, found = expected.casefold().rstrip("/"), given.casefold().rstrip("/")
    if wanted == found:
        return True
    host = found.partition("://")[2].partition("/")[0].partition(":")[0]
    return bool(host) and "/" not in wanted and (host == wanted or host.endswith(f".{wanted}"))


def worse_pct(before: float, now: float) -> float:
    """By how many % of before a number is lower now; 0 where it is not.

    Raises:
        ValueError: one of them is no number, or there is nothing to fall from.
    """
    if not (math.isfinite(before) and math.isfinite(now)) or before <= 0:
        raise ValueError(f"{now!r} cannot be compared with {before!r}")
    return max(0.0, 100 * (before - now) / before)
