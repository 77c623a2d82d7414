"""How much of a machine is in use: off a node exporter's page, or by psutil on this machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_llmops.clients import links
from pytest_llmops.errors import Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.clients.exposition import MetricsPage
    from pytest_llmops.clients.links import Counted


@dataclass(frozen=True, slots=True)
class Usage:
    """Shares of what there is, in %; ``load`` is the mean number of runnable processes of the last minute.

    ``memory_mb`` is all the memory that there is, in 10^6 bytes.
    """

    cpu_pct: float
    memory_pct: float
    swap_pct: float
    load: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Space:
    """A file system.

    Attributes:
        mount: where it is mounted.
        total_bytes: its size.
        free_bytes: what an ordinary user may still fill.
    """

    mount: str
    total_bytes: float
    free_bytes: float

    @property
    def free_gb(self) -> float:
        """In GB (1e9 bytes)."""
        return self.free_bytes / 1e9

    @property
    def free_pct(self) -> float:
        """Of its size, in %."""
        return 100 * self.free_bytes / self.total_bytes

    @property
    def used_pct(self) -> float:
        """Of its size, in %; what is reserved for root counts as used, for nobody else may fill it."""
        return 100 - self.free_pct


class Source(Protocol):
    """Where a machine's figures come from."""

    def usage(self, interval_s: float) -> Usage:
        """How much is in use; of the processors over the interval."""
        ...

    def links(self) -> dict[str, Counted]:
        """What each network link has counted, by its name."""
        ...

    def spaces(self) -> list[Space]:
        """The file systems that hold data and can be written: one that is read only, as a snap's, is full for ever."""
        ...


class NodeExporter:
    """The page of a node exporter.

    Args:
        page: asks for it.
    """

    def __init__(self, page: Callable[[], MetricsPage]) -> None:
        self._page = page

    def usage(self, interval_s: float) -> Usage:
        """As in :class:`Source`.

        Raises:
            Unsupported: the page lacks a series.
            Vacuous: its counters of processor time did not move.
        """
        before = self._page()
        time.sleep(interval_s)
        page = self._page()
        risen = page.since(before, ["node_cpu_seconds_total"])
        whole = risen.total("node_cpu_seconds_total")
        if not whole:
            raise Vacuous(f"{page.component}: node_cpu_seconds_total did not move within {interval_s:g} s.")
        waiting = risen.total("node_cpu_seconds_total", mode="idle|iowait")
        swap = page.total("node_memory_SwapTotal_bytes")
        return Usage(
            cpu_pct=100 * (whole - waiting) / whole,
            memory_pct=_used(_one(page, "node_memory_MemTotal_bytes"), _one(page, "node_memory_MemAvailable_bytes")),
            swap_pct=_used(swap, page.total("node_memory_SwapFree_bytes")) if swap else 0.0,
            load=_one(page, "node_load1"),
            memory_mb=_one(page, "node_memory_MemTotal_bytes") / 1e6,
        )

    def links(self) -> dict[str, Counted]:
        """As in :class:`Source`."""
        return links.of_page(self._page())

    def spaces(self) -> list[Space]:
        """As in :class:`Source`."""
        page = self._page()
        sizes, free, fixed = (
            {point.labels.get("mountpoint", ""): point.value for point in page.points if point.name == name}
            for name in ("node_filesystem_size_bytes", "node_filesystem_avail_bytes", "node_filesystem_readonly")
        )
        mounts = [mount for mount, size in sizes.items() if size and mount in free and not fixed.get(mount)]
        return [Space(mount, sizes[mount], free[mount]) for mount in mounts]


class ThisMachine:
    """The machine that this runs on."""

    def usage(self, interval_s: float) -> Usage:
        """As in :class:`Source`."""
        import psutil

        return Usage(
            cpu_pct=psutil.cpu_percent(interval_s),
            memory_pct=psutil.virtual_memory().percent,
            swap_pct=psutil.swap_memory().percent,
            load=psutil.getloadavg()[0],
            memory_mb=psutil.virtual_memory().total / 1e6,
        )

    def links(self) -> dict[str, Counted]:
        """As in :class:`Source`."""
        return links.of_this_machine()

    def spaces(self) -> list[Space]:
        """As in :class:`Source`."""
        import psutil

        parts = [part for part in psutil.disk_partitions() if "ro" not in part.opts.split(",")]
        mounts = dict.fromkeys(["/", *(part.mountpoint for part in parts)])
        return [space for mount in mounts if (space := self.space(mount)).total_bytes]

    def space(self, mount: str) -> Space:
        """The file system that is mounted there, whatever its kind."""
        import psutil

        found = psutil.disk_usage(mount)
        return Space(mount, found.total, found.free)


def mount_of(folder: Path) -> str:
    """Where the file system is mounted that holds a folder of this machine, links followed.

    Raises:
        OSError: it is not there, or cannot be looked at.
    """
    path = folder.resolve(strict=True)
    return str(next(one for one in (path, *path.parents) if one.is_mount()))


def _one(page: MetricsPage, series: str) -> float:
    if series not in page.names:
        raise Unsupported(f"{page.component}: its page has no {series}; is it a node exporter's?")
    return page.total(series)


def _used(total: float, free: float) -> float:
    return 100 * (1 - free / total)
