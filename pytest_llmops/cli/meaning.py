"""What a comparison means, in a person's words: what became slower or faster, what is gone, what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.judge.thresholds import fits, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmops.cli.judged import Judged
    from pytest_llmops.judge.recording import BaselineRun
    from pytest_llmops.target.load import Target


def changes(judged: Sequence[Judged]) -> Iterator[tuple[str, str]]:
    """A sentence for each metric that matters, after the state that it is about; worst first."""
    for state in ("regression", "improvement"):
        yield from ((state, _change(one)) for one in judged if one.state == state)
        yield from ((state, _failing(one)) for one in judged if one.errors and one.errors.state == state)
    for state in ("suspect", "inconclusive"):
        yield from ((state, f"{one.name}: {one.verdict.reason}") for one in judged if one.state == state)


def _change(one: Judged) -> str:
    """``generation_latency is 1.6 times slower: 124 ms now, 78 ms then``."""
    if one.verdict.ratio is None or one.then is None:  # of golden cases: each is compared with itself
        return f"{one.name}: {one.verdict.reason}"
    slower, unit = one.state == "regression", one.recording.metric.unit
    ratio = one.verdict.ratio if slower else 1 / one.verdict.ratio
    word, before = "slower" if slower else "faster", "then" if one.point is None else "expected"
    return f"{one.name} is {ratio:.3g} times {word}: {said(one.now, unit)} now, {said(one.then, unit)} {before}"


def _failing(one: Judged) -> str:
    """``generation_latency: 4 of 34 calls failed now, 0 of 150 then``."""
    now, then = one.series, one.match.series
    failures, calls = sum(series.failures for series in then), sum(series.calls for series in then)
    return f"{one.name}: {now.failures} of {now.calls} calls failed now, {failures} of {calls} then"


def unlike(judged: Sequence[Judged]) -> Iterator[str]:
    """Why metrics were not compared, and what of the others was taken as like: once for all that share it."""
    sharing: dict[str, list[str]] = {}
    for one in judged:
        words = one.differs or ("" if one.point is not None else one.match.taken)
        if words:
            sharing.setdefault(words, []).append(one.name)
    yield from (f"{', '.join(names)}: {words}" for words, names in sharing.items())


def gone(target: Target, run: BaselineRun, expecting: Sequence[BaselineRun]) -> list[str]:
    """Metrics that the runs have whose metrics are expected of it, and the candidate lacks."""
    known = dict.fromkeys(one.metric.name for before in expecting for one in before.recordings)
    alone = target.table.baseline.recorded
    return [name for name in known if not run.find(name) and not any(fits(pattern, name) for pattern in alone)]


def new(run: BaselineRun, accepted: Sequence[BaselineRun]) -> list[str]:
    """Metrics that the candidate has, and no accepted run."""
    known = {one.metric.name for before in accepted for one in before.recordings}
    return [one.metric.name for one in run.recordings if one.metric.name not in known]
