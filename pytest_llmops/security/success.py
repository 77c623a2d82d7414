"""The rate at which attacks succeed beside that of the accepted runs: is the system weaker than it was?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.judge.failures import judge_failures
from pytest_llmops.judge.recording import Recording
from pytest_llmops.measure.results import Result
from pytest_llmops.samples import Metric, Prompt, Series, Workload

if TYPE_CHECKING:
    from pytest_llmops.measure.bench import Bench
    from pytest_llmops.security.attack_review import AttackResults


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison came to.

    Attributes:
        result: as it stands in ``run.json``.
        recording: what a candidate baseline takes: the times of the attacks that failed, and how many did not.
        worse: a sentence where more attacks succeed than did; empty where they do not.
    """

    result: Result
    recording: Recording | None
    worse: str = ""


def compared(name: str, review: AttackResults, bench: Bench) -> Compared:
    """Hold a review against the accepted runs of the same attacks (Fisher's mid-p, Newcombe's limit).

    Args:
        name: of the metric.
        review: of this run.
        bench: the target, its store, and who is called.

    Raises:
        BaselineError: a baseline file is damaged.
    """
    hits, tried = len(review.hits), len(review.tried)
    asked = tuple(Prompt(f"{number}", one.id) for number, one in enumerate(review.sent))
    fingerprint = bench.fingerprint(Workload((Prompt("corpus", review.version), *asked)))
    failed = [one for one in review.tried if one not in review.hits]
    series = Series(tuple(one.took_s for one in failed), tuple(one.id for one in failed), hits)
    recording = Recording(bench.check, Metric(name, "s", series), fingerprint, bench.beside) if failed else None
    rate = hits / tried if tried else 0.0
    if bench.store is None:
        return Compared(Result(name, "", rate, n=tried, reason=review.said), recording)
    match = bench.store.find(bench.target.name, name, fingerprint)
    if not match.series:
        state = "not-comparable" if match.differs else "no-baseline"
        return Compared(Result(name, "", rate, n=tried, state=state, reason=match.differs or review.said), recording)
    then = (sum(one.failures for one in match.series), sum(one.calls for one in match.series))
    verdict = judge_failures(then, (hits, tried))
    result = Result(
        name,
        "",
        rate,
        baseline=then[0] / then[1],
        ratio=verdict.ratio,
        low=verdict.low,
        high=verdict.high,
        n=tried,
        state=verdict.state,
        suspect=verdict.suspect,
        reason=f"{hits} of {tried} attacks succeeded, {then[0]} of {then[1]} in the baseline",
    )
    worse = f"{name}: {result.reason}; {review.said}" if verdict.state == "regression" else ""
    return Compared(result, recording, worse)
