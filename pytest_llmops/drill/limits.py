"""A figure as a probe: it fails while the limits of the figure are broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.judge.thresholds import breach, no_limit, threshold_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.target.thresholds import Threshold


def within_limits(name: str, figures: Figures, thresholds: Mapping[str, Threshold]) -> Callable[[], None]:
    """What reads a figure, and raises ``CallFailed`` where a limit of it is broken, at this very look.

    Args:
        name: of the figure.
        figures: the target's.
        thresholds: its limits.

    Raises:
        Unsupported: nothing limits it, so nobody would learn of anything by it; or the target has no such figure.
        ConfigError: it has none of that name, and a similar one.
    """
    figures.table(name)
    threshold = threshold_for(name, thresholds)
    if threshold is None:
        raise Unsupported(f"""{name}: {no_limit(name, "critical = '> 90 %'")}; until then nobody would learn of it.""")

    def look() -> None:
        now = figures.read(name)
        broken = breach(name, now.value, now.unit, threshold.at_once)
        if broken is not None and broken.fails:
            raise CallFailed("", "over", f"{broken.reason} ({now.source})")

    return look
