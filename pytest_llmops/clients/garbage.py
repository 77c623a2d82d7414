"""What a Python process collected as garbage, as its page of metrics tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import Unsupported

if TYPE_CHECKING:
    from pytest_llmops.clients.exposition import MetricsPage

COLUMNS = {
    "collections": "python_gc_collections_total",
    "objects collected": "python_gc_objects_collected_total",
    "uncollectable": "python_gc_objects_uncollectable_total",
}
"""What is counted of each generation since the process' start, and its series."""


def garbage(page: MetricsPage) -> str:
    """A page of Markdown: a row for each generation.

    Raises:
        Unsupported: one of the counts is not on the page.
    """
    for series in COLUMNS.values():
        if series not in page.names:
            raise Unsupported(f"{page.component}: its metrics do not have {series}.")
    counted = set(COLUMNS.values())
    generations = sorted({point.labels.get("generation", "") for point in page.points if point.name in counted})
    lines = [
        f"# Garbage collected by {page.component}",
        "",
        "Since its process started.",
        "",
        f"| generation | {' | '.join(COLUMNS)} |",
        "| --- | ---: | ---: | ---: |",
    ]
    for one in generations:
        counts = [f"{page.total(name, generation=one):.0f}" for name in COLUMNS.values()]
        lines.append(f"| {one} | {' | '.join(counts)} |")
    return "\n".join(lines) + "\n"
