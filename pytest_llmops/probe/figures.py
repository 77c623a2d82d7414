"""Figures of a metrics page that the daily suite reads, where its series have well-known names."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.exposition import MetricsPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PATHS = ("/metrics", "/actuator/prometheus", "/api/metrics", "/prometheus")
"""Where the page usually is."""

STATUS_LABELS = (
    "status", "status_code", "code", "http_status", "http_status_code", "http_response_status_code", "response_code",
)  # fmt: skip
PATH_LABELS = ("handler", "path", "route", "endpoint", "uri", "http_route", "url", "path_template", "http_target")

FROM = {"from": "metrics"}

_COUNTER = re.compile(r"(?!promhttp|prometheus_|python_).*requests?(_received|_handled|_served|_processed)?_total")
_TIMED = re.compile(
    r"(?!promhttp|prometheus_).*(request|response|http|query|chat).*?"
    r"(_seconds|_milliseconds|_ms)_(bucket|count|sum)"
)
_CLASS = re.compile(r"[1-5](\d\d|xx|XX)")
_SPECIAL = re.compile(r"[.^$*+?{}\[\]\\|()]")


@dataclass(frozen=True, slots=True)
class Routed:
    """Where the questions go, for series that tell paths apart.

    Attributes:
        path: of the query route, below the component's url.
        seen: a path that was certainly asked, and so must be among the values of the label.
        base: the path of the component's url.
    """

    path: str
    seen: str
    base: str = ""


def page(text: str) -> MetricsPage | None:
    """The page, or None for what is none: HTML, JSON, or without a single line."""
    if text.lstrip()[:1] in {"<", "{", "["}:
        return None
    try:
        found = MetricsPage.parse("api", text)
    except ValueError:
        return None
    return found if found.points else None


def propose(found: MetricsPage, routed: Routed | None = None) -> dict[str, dict[str, Any]]:
    """The ``figures`` tables that this page can fill, by name.

    Args:
        found: the page, after the service was asked something.
        routed: where the questions go; then series that tell paths apart are narrowed to it.
    """
    figures: dict[str, dict[str, Any]] = {}
    counter, label = _counter(found)
    if counter:
        here = _narrowed(found, counter, routed)
        figures["requests_total"] = {**FROM, "metric": [counter], **({"where": here} if here else {})}
        if label:
            figures["api_error_rate"] = _share(counter, {label: "5.."}, here)
            figures["api_success_rate"] = _share(counter, {label: "[234].."}, here)
    figures |= _latency(found, routed)
    if "process_resident_memory_bytes" in found.names:
        figures["resident_memory"] = {**FROM, "metric": ["process_resident_memory_bytes"], "scale": 1e-6, "unit": "MB"}
    return figures


def _counter(found: MetricsPage) -> tuple[str, str]:
    """The counter of requests and its label with the status; empty where there is none."""
    labels = {name: _label(found, name, STATUS_LABELS, _CLASS.fullmatch) for name in found.names}
    sums = _sums(found)
    counters = [name for name in found.names if _COUNTER.fullmatch(name)]
    counters += [name for name in found.names if _TIMED.fullmatch(name) and name.endswith("_count") and labels[name]]
    if not counters:
        return "", ""
    best = max(counters, key=lambda name: (bool(labels[name]), name.endswith("_total"), sums[name], name))
    return best, labels[best]


def _latency(found: MetricsPage, routed: Routed | None) -> dict[str, dict[str, Any]]:
    """Mean and 95th percentile of the best histogram, or the mean alone of a summary."""
    bases = {name.removesuffix("_sum") for name in found.names if _TIMED.fullmatch(name) and name.endswith("_sum")}
    bases = {base for base in bases if f"{base}_count" in found.names}
    if not bases:
        return {}
    sums = _sums(found)
    where = {base: _narrowed(found, f"{base}_count", routed) for base in bases}
    base = max(
        bases,
        key=lambda one: (bool(where[one]), f"{one}_bucket" in found.names, sums[f"{one}_count"], one),
    )
    scale: dict[str, Any] = {} if base.endswith("_seconds") else {"scale": 1e-3}
    here: dict[str, Any] = {"where": where[base]} if where[base] else {}
    over: dict[str, Any] = {"over_where": where[base]} if where[base] else {}
    mean = {**FROM, "metric": [f"{base}_sum"], **here, "over": [f"{base}_count"], **over, **scale, "unit": "s"}
    figures = {"api_latency_mean": mean}
    if f"{base}_bucket" in found.names:
        figures["api_latency_p95"] = {
            **FROM,
            "metric": [f"{base}_bucket"],
            **here,
            "quantile": 0.95,
            **scale,
            "unit": "s",
        }
    return figures


def _share(counter: str, where: dict[str, str], here: dict[str, str]) -> dict[str, Any]:
    over = {"over_where": here} if here else {}
    return {
        **FROM,
        "metric": [counter],
        "where": {**here, **where},
        "over": [counter],
        **over,
        "scale": 100,
        "unit": "%",
    }


def _narrowed(found: MetricsPage, name: str, routed: Routed | None) -> dict[str, str]:
    """The label that tells paths apart, with the query route's path; empty where none does so provably."""
    if routed is None:
        return {}
    for base in dict.fromkeys(("", routed.base)):
        label = _label(found, name, PATH_LABELS, (base + routed.seen).__eq__)
        if label:
            return {label: _SPECIAL.sub(r"\\\g<0>", base + routed.path)}
    return {}


def _label(found: MetricsPage, name: str, known: Iterable[str], fits: Callable[[str], object]) -> str:
    """The first of these labels that has a value which fits; empty for none."""
    values: dict[str, list[str]] = {}
    for point in found.points:
        if point.name == name:
            for label, value in point.labels.items():
                values.setdefault(label, []).append(value)
    return next((one for one in known if any(fits(value) for value in values.get(one, ()))), "")


def _sums(found: MetricsPage) -> Counter[str]:
    sums: Counter[str] = Counter()
    for point in found.points:
        sums[point.name] += point.value  # type: ignore[assignment]
    return sums
