"""A round of labelled queries beside the accepted canary: each query is compared with itself."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmops.errors import Vacuous
from pytest_llmops.judge.retrieval import SIGNIFICANT, fall, worse_pct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.judge.canary import Canary
    from pytest_llmops.judge.retrieval import Retrieved

FEWEST = 5
"""Queries below which no turning of their differences is rare enough to be none of chance."""


@dataclass(frozen=True, slots=True)
class Change:
    """By how much one number is worse than that of the accepted canary.

    Attributes:
        name: of the metric, with ``.worse`` behind it.
        pct: in % of the accepted one; 0 where it is not worse.
        said: both numbers, in words.
    """

    name: str
    pct: float
    said: str


def changes(canary: Canary, now: Retrieved, unlike: list[str]) -> Iterator[Change]:
    """What has become worse: recall and reciprocal rank beyond doubt, the median similarity by whatever it has fallen.

    Args:
        canary: accepted.
        now: of this run.
        unlike: ids of the canary's queries that are others now, or are asked no longer: they are left out.

    Raises:
        Vacuous: none of its queries is asked as it was.
    """
    then = canary.retrieved(unlike)
    now = now.only(one.query for one in then.rankings)
    order = {one.query: one for one in now.rankings}
    pairs = [(one, order[one.query]) for one in then.rankings]
    left_out = f"; not compared, for they are others now: {', '.join(unlike)}" if unlike else ""
    about = f"{len(pairs)} queries, {canary.said}{left_out}"
    recall = fall([one.recall(now.k) for one, _ in pairs], [one.recall(now.k) for _, one in pairs])
    yield Change("retrieval_recall", recall.surely_pct, f"{recall}; {about}")
    reciprocal = fall([one.reciprocal for one, _ in pairs], [one.reciprocal for _, one in pairs])
    yield Change("retrieval_mrr", reciprocal.surely_pct, f"{reciprocal}; {about}")
    if then.similarities and now.similarities and then.similarity_p50 > 0:
        was, is_now = then.similarity_p50, now.similarity_p50
        said = f"median similarity {is_now:.4g}, accepted {was:.4g}; {about}"
        yield Change("retrieval_similarity_p50", worse_pct(was, is_now), said)


def score_change(canary: Canary, now: Retrieved, unlike: list[str]) -> Change:
    """By how many % the queries' mean scores are surely others, up or down, each query compared with itself.

    Raises:
        Vacuous: too few queries have results with a score, then and now.
    """
    then = canary.retrieved(unlike)
    scored = {one.query: fmean(one.scores) for one in now.rankings if one.scores}
    pairs = [(fmean(one.scores), scored[one.query]) for one in then.rankings if one.scores and one.query in scored]
    if len(pairs) < FEWEST:
        raise Vacuous(f"{len(pairs)} queries have results with a score now and in the accepted canary: too few.")
    before, after = [was for was, _ in pairs], [is_now for _, is_now in pairs]
    down, up = fall(before, after), fall(after, before)
    off_pct = down.surely_pct or (max(0.0, -down.pct) if up.p <= SIGNIFICANT else 0.0)
    return Change("retrieval_score", off_pct, f"mean score {down}, {up.p:.2g} of a rise; {canary.said}")
