"""Which alerts fired, how often and how long, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.clients.watching import Fired


def written(fired: Sequence[Fired], last_s: float) -> str:
    """Markdown: one row an alert, those that fired longest first.

    Args:
        fired: within that time.
        last_s: seconds until now.
    """
    head = f"# Alerts that fired in the last {spoken(last_s)}\n\n"
    if not fired:
        return f"{head}None did.\n"
    rows = [
        f"| {one.name} | {one.times} | {spoken(one.seconds)} |" for one in sorted(fired, key=lambda one: -one.seconds)
    ]
    return "\n".join([f"{head}| alert | times | firing in all |", "|---|---:|---:|", *rows]) + "\n"
