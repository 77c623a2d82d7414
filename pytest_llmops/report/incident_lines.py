"""What is said of an incident at the terminal: how bad it is, why, and where the bundle lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.report.metric import so_many

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INDENT = " " * 13


def incident_lines(incident: Mapping[str, Any] | None, folder: str) -> Iterator[str]:
    """The lines; none where triage was not asked for.

    Args:
        incident: as in ``run.json``.
        folder: of the bundle, as it is shown; empty where there is none.
    """
    if incident is None:
        return
    failed = f"{so_many(len(incident['evidence']), 'check')} failed" if incident["evidence"] else "no check failed"
    yield f"incident     {incident['title']}, {failed}"
    for met in incident["met"]:
        yield f"{INDENT}{met}"
    if folder:
        yield f"{INDENT}bundle and report: {folder}"
