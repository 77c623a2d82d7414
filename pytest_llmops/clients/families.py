"""The families of a metrics page: what is declared there, and which of them have had no value but 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.answer import Answer


@dataclass(frozen=True, slots=True)
class Family:
    """One metric of a page.

    Attributes:
        name: as its first series is called: a counter's with ``_total``, a histogram's without ``_bucket``.
        series: names of its series; empty where it has not a single one.
        silent: whether it has no series, or all of them are 0.
        bounds: finite upper bounds of a histogram, by the name of its ``_bucket`` series.
    """

    name: str
    series: frozenset[str]
    silent: bool
    bounds: Mapping[str, tuple[float, ...]]


def families_of(answer: Answer) -> dict[str, Family]:
    """The families of a metrics page, by name.

    Raises:
        CallFailed: it cannot be had, or is not in the text format (kind ``bad-answer``).
    """
    try:
        read = list(text_string_to_metric_families(answer.ok().text))
    except ValueError as error:
        said = f"{answer.component}: {answer.asked} is no page of metrics: {error}."
        raise CallFailed(answer.component, "bad-answer", said) from None
    found = {}
    for family in read:
        if family.name.endswith("_created"):
            continue
        samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
        bounds: dict[str, set[float]] = {}
        for sample in samples:
            if sample.name.endswith("_bucket") and sample.labels.get("le", "+Inf") not in {"+Inf", "inf"}:
                bounds.setdefault(sample.name, set()).add(float(sample.labels["le"]))
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found[name] = Family(
            name,
            frozenset(sample.name for sample in samples),
            not any(sample.value for sample in samples),
            {series: tuple(sorted(several)) for series, several in bounds.items()},
        )
    return found
