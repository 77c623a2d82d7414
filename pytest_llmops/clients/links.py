"""What goes through a machine's network links, and how much could: off a node exporter's page, or by psutil here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmops.errors import Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.clients.exposition import MetricsPage

OWN = "lo"
"""The link of a machine to itself, which no wire limits."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a link has counted since the machine's start.

    Attributes:
        received: bytes.
        sent: bytes.
        capacity: bytes a second that it could carry each way; None where nobody says.
    """

    received: float
    sent: float
    capacity: float | None


@dataclass(frozen=True, slots=True)
class Link:
    """How busy a network link was for a while; it carries as much either way at once.

    Attributes:
        name: of the interface.
        mean: bytes a second, of the busier direction.
        peak: the same, between the two looks that had most.
        capacity: bytes a second that it could carry each way; None where nobody says.
    """

    name: str
    mean: float
    peak: float
    capacity: float | None

    @property
    def used_pct(self) -> float:
        """The peak, of its capacity.

        Raises:
            Unsupported: nobody says what it could carry, as of many a virtual link.
        """
        if not self.capacity:
            raise Unsupported(
                f"machine: nothing tells how much {self.name} could carry, so its {self.peak:.4g} bytes a second are "
                "no share of anything."
            )
        return 100 * self.peak / self.capacity


def links(looks: Sequence[tuple[float, Mapping[str, Counted]]]) -> list[Link]:
    """The links that carried anything, the busiest first.

    Args:
        looks: when, in seconds, and what each link had counted by then; two at least.

    Raises:
        Vacuous: nothing went through any of them.
    """
    names = dict.fromkeys(name for _, seen in looks for name in seen if name != OWN)
    found = [link for name in names if (link := _link(name, [(at, seen[name]) for at, seen in looks if name in seen]))]
    if not found:
        raise Vacuous(
            f"machine: no byte went through any of its links meanwhile ({', '.join(names) or 'it has none'})."
        )
    return sorted(found, key=lambda one: -one.peak)


def _link(name: str, looks: Sequence[tuple[float, Counted]]) -> Link | None:
    """One that was there for two looks, and carried something; None else."""
    if len(looks) < 2:
        return None
    (began, first), (ended, last) = looks[0], looks[-1]
    mean = max(last.received - first.received, last.sent - first.sent) / (ended - began)
    peak = max(
        max(now.received - was.received, now.sent - was.sent) / (at - earlier)
        for (earlier, was), (at, now) in pairwise(looks)
    )
    return Link(name, mean, peak, last.capacity) if peak > 0 else None


def of_page(page: MetricsPage) -> dict[str, Counted]:
    """The links of a node exporter's page.

    Raises:
        Unsupported: it has none.
    """
    received, sent, speed = (
        {point.labels.get("device", ""): point.value for point in page.points if point.name == name}
        for name in (
            "node_network_receive_bytes_total",
            "node_network_transmit_bytes_total",
            "node_network_speed_bytes",
        )
    )
    if not received:
        raise Unsupported(
            f"{page.component}: its page has no node_network_receive_bytes_total; is it a node exporter's?"
        )
    return {
        name: Counted(value, sent.get(name, 0.0), per_s if (per_s := speed.get(name, 0.0)) > 0 else None)
        for name, value in received.items()
    }


def of_this_machine() -> dict[str, Counted]:
    """The links of this machine; of one whose speed is not known psutil says 0."""
    import psutil

    stats = psutil.net_if_stats()
    return {
        name: Counted(
            counted.bytes_recv,
            counted.bytes_sent,
            stats[name].speed * 1e6 / 8 if name in stats and stats[name].speed > 0 else None,
        )
        for name, counted in psutil.net_io_counters(pernic=True).items()
    }
