"""What an Alertmanager is told: an alert for each check that is red, the same labels for as long as it is as severe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.target.moments import utc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.state.news import Red

NAME = "LlmopsCheckFailed"


def alerts(
    known: Mapping[str, Red],
    after: Mapping[str, Red],
    labels: Mapping[str, str],
    *,
    expires_s: float,
    at: float,
    link: str,
) -> list[dict[str, Any]]:
    """The body of ``POST /api/v2/alerts``.

    What is red is said anew by every run: an Alertmanager keeps alerts in memory alone, and knows by their labels
    that it has told of them.

    Args:
        known: what it was told before that is red, by check.
        after: what is red now.
        labels: of every alert.
        expires_s: an alert ends so many seconds after the last run that made its check.
        at: the run's end, seconds since the epoch.
        link: where more is read; empty: none.
    """
    over = [
        _alert(check, red, labels, at, link)
        for check, red in known.items()
        if check not in after or after[check].severity != red.severity
    ]
    firing = [_alert(check, red, labels, red.seen + expires_s, link) for check, red in after.items()]
    return [*over, *firing]


def _alert(check: str, red: Red, labels: Mapping[str, str], ends: float, link: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": NAME, **labels, "check": check, "severity": red.severity},
        "annotations": {"summary": f"{check}: {red.kind}", "description": red.said, "kind": red.kind},
        "startsAt": utc(red.severe_since),
        "endsAt": utc(ends),
        **({"generatorURL": link} if link else {}),
    }
