"""Qdrant's optimizer of one collection: its configuration, what lies dead in its segments, and when it is at work."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.sandbox.faults import Faults

WORK_S = 0.2
"""How long it takes to rebuild the segments."""

DEAD = 150
"""Vectors of documents that were replaced: more than the threshold, of a segment that is too small to be vacuumed."""

REBUILDS = ("m", "ef_construct", "full_scan_threshold", "payload_m", "on_disk")
"""The keys of ``hnsw_config`` after whose change an index does not fit any more."""

_OPTIMIZERS = {
    "deleted_threshold": 0.5,  # somebody set it once; Qdrant's own is 0.2
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 0,
    "max_segment_size": None,
    "memmap_threshold": None,
    "indexing_threshold": 1,  # kB: so few points have an index
    "flush_interval_sec": 5,
    "max_optimization_threads": None,
}
_HNSW = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0, "on_disk": False}


@dataclass
class Optimizer:
    """The optimizer of one collection.

    Args:
        faults: that are on.
        lose: takes one point out of the collection.

    Attributes:
        optimizers, hnsw: the configuration that is in effect.
        dead: vectors that were deleted, and lie in the segments still.
        segments: how many there are.
        runs: optimisations that were carried out.
    """

    faults: Faults
    lose: Callable[[], object]
    dead: int = DEAD
    segments: int = 3
    runs: int = 0
    optimizers: dict[str, Any] = field(default_factory=_OPTIMIZERS.copy)
    hnsw: dict[str, Any] = field(default_factory=_HNSW.copy)
    _busy_until: float = 0.0
    _patches: int = 0

    @property
    def status(self) -> str:
        """``yellow`` while it is at work."""
        stuck = self._patches and "vectors:stuck" in self.faults
        return "yellow" if stuck or time.monotonic() < self._busy_until else "green"

    @property
    def slower_s(self) -> float:
        """By how much each search takes longer."""
        return self._patches * self.faults.number("vectors:slower-after", 0.0)

    @property
    def missed(self) -> int:
        """How many of the nearest points a search through the index misses."""
        return self._patches if "vectors:worse-after" in self.faults else 0

    def deleted(self, count: int) -> None:
        """So many points were deleted; they lie in their segments until these are rebuilt."""
        self.dead += count

    def patch(self, live: int, optimizers: dict[str, Any], hnsw: dict[str, Any]) -> None:
        """Change the configuration; what is None stays, and work that follows from it is begun.

        Args:
            live: points of the collection.
            optimizers: of ``optimizers_config``, and
            hnsw: of ``hnsw_config``.
        """
        if "vectors:config-ignored" in self.faults:
            return
        before = [self.hnsw.get(key) for key in REBUILDS]
        self.optimizers |= {key: value for key, value in optimizers.items() if value is not None}
        self.hnsw |= {key: value for key, value in hnsw.items() if value is not None}
        self._patches += 1
        vacuums = self._vacuums(live)
        if vacuums and "vectors:no-vacuum" not in self.faults:
            self.dead, self.segments = 0, 2
        if vacuums or before != [self.hnsw.get(key) for key in REBUILDS]:
            self.runs += 1
            self._busy_until = time.monotonic() + WORK_S
        if "vectors:loses-points" in self.faults:
            self.lose()

    def _vacuums(self, live: int) -> bool:
        """Whether so much is dead that the segments are rebuilt, and they are large enough for it."""
        held = live + self.dead
        share = self.dead / held if held else 0.0
        large = held >= self.optimizers["vacuum_min_vector_number"]
        return bool(large and share > self.optimizers["deleted_threshold"])
