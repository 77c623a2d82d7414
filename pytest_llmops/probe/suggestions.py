"""What else a target may say: settings that are written behind a #, to be switched on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pytest_llmops.probe.proposal import Entry, Section
from pytest_llmops.probe.route_tables import QUERY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmops.probe.proposal import Found

WAIVED = dt.timedelta(days=30)


def sections(found: Iterable[Found]) -> Iterator[Section]:
    """Thresholds, questions, a waiver and a budget, as far as they mean something for these components."""
    kinds = {one.kind: one for one in found}
    asks = "api" in kinds and any(one.path == QUERY and one.on for one in kinds["api"].sections)
    times = _timed(kinds, asks=asks)
    if times:
        yield from _thresholds(times)
        yield _questions(asks=asks)
    yield _waiver()
    yield _budget()


def _timed(kinds: dict[str, Found], *, asks: bool) -> list[tuple[str, str]]:
    """The timed metrics that this target has, by one call after the other and under load, each with a limit."""
    generates = bool({"ollama", "openai"} & set(kinds))
    return [
        *([("generation_latency.ttft", "< 2 s"), ("sustained_generation.p95", "< 10 s")] if generates else []),
        *(
            [(metric, "< 3 s") for metric in ("query_latency.p90", "sustained_queries.p95", "questions.p95")]
            if asks
            else []
        ),
    ]


def _thresholds(times: list[tuple[str, str]]) -> Iterator[Section]:
    note: tuple[str, ...] = ("Your own limits. Without any, what is timed is compared with its baseline alone.",)
    for metric, limit in times:
        yield Section(
            ("thresholds", metric), (Entry("target", limit, "missed: the check fails"),), note, on=False
        )  # fmt: skip
        note = ()


def _questions(*, asks: bool) -> Section:
    said = "words that a right answer holds" if asks else "read where an api answers questions"
    return Section(
        ("prompts",),
        (
            Entry("id", "refunds", "stable: runs are compared question by question"),
            Entry("text", "How long is the refund window?"),
            Entry("expect", "30 days", said),
        ),
        ("Your own questions; the first one replaces the general ones that are asked now. Ten make a good set.",),
        on=False,
        many=True,
    )


def _waiver() -> Section:
    return Section(
        ("waivers",),
        (
            Entry("check", "daily/test_models.py::test_every_model_generates", "as the summary names it"),
            Entry("reason", "a model is being replaced"),
            Entry("owner", "me"),
            Entry("until", dt.datetime.now(dt.UTC).date() + WAIVED, "from this day on it is red again"),
        ),
        ("A check that may be red for a while: it is measured, and shown as waived.",),
        on=False,
        many=True,
    )


def _budget() -> Section:
    return Section(
        ("budget",),
        (Entry("seconds", 600, "of measuring"), Entry("requests", 2000), Entry("tokens", 200_000)),
        ("What one run may cost at most.",),
        on=False,
    )
