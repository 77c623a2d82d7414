"""Where the parts of a system are from here, and how far."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.target.proxies import loopback

if TYPE_CHECKING:
    from pytest_llmops.target.component import Component
    from pytest_llmops.target.load import Target

TRIES = 5
"""Connections to each component."""

WITHIN_S = 5.0
"""How long each may take."""

PORTS = {"https": 443, "redis": 6379, "rediss": 6379}


@dataclass(frozen=True, slots=True)
class Way:
    """How far a component is.

    Attributes:
        connect_s: the median time to open a connection; None where none was opened.
        lost_pct: of the attempts, that came to nothing.
        ends: from where to where it leads: ``from runner-1 to qdrant.example:6333``.
    """

    connect_s: float | None
    lost_pct: float
    ends: str


def ways(target: Target, but: str) -> dict[str, Way]:
    """The way to each component that has an address, by name.

    Args:
        target: the deployment.
        but: a component that is left out.
    """
    parts = target.table.components.configured()
    places = {name: urlsplit(part.url) for name, part in parts.items() if part.url and name != but}
    return {
        name: way(place.hostname, place.port or PORTS.get(place.scheme, 80))
        for name, place in places.items()
        if place.hostname
    }


def way(host: str, port: int) -> Way:
    """Open connections from this machine, one after the other, and close them again."""
    times = []
    for _ in range(TRIES):
        start = time.perf_counter()
        try:
            with socket.create_connection((host, port), timeout=WITHIN_S):
                times.append(time.perf_counter() - start)
        except OSError:
            continue
    ends = f"from {socket.gethostname()} to {host}:{port}"
    return Way(median(times) if times else None, 100 * (TRIES - len(times)) / TRIES, ends)


def elsewhere(target: Target, part: Component) -> str:
    """The host that a machine is, if it is not this one: by its own address, else by those of the other components."""
    parts = target.table.components.configured().values()
    urls = [part.url] if part.url else [one.url for one in parts if one.url]
    away = (urlsplit(url).hostname for url in urls if not loopback(url))
    return next((host for host in away if host), "")
