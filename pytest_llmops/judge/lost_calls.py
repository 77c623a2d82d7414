"""Runs of which so many calls failed that nothing can be judged against them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.judge.verdict import SURVIVORSHIP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.judge.recording import BaselineRun, Recording


def lost_calls(run: BaselineRun) -> Iterator[Recording]:
    """The whole calls of which more than ``SURVIVORSHIP`` failed; their parts share the failures and go unnamed."""
    lost = {one.metric.name: one for one in run.recordings if _share(one) > SURVIVORSHIP}
    yield from (one for name, one in lost.items() if name.rpartition(".")[0] not in lost)


def _share(one: Recording) -> float:
    series = one.metric.series
    return series.failures / series.calls if series.calls else 0.0
