"""Upkeep of a Qdrant collection by its real interface: its optimizer is steered by configuration, and watched."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import StepFailed, Unsupported, Vacuous
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.settings import Configured, endpoint_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.samples import Workload

THRESHOLD = "optimizers_config.deleted_threshold"
FEWEST = "optimizers_config.vacuum_min_vector_number"
BREADTH = "hnsw_config.ef_construct"

LEAST_VECTORS = 100
"""The least that Qdrant takes for ``vacuum_min_vector_number``."""

QUIET_S = 0.5
"""How long a collection is green before its optimizer counts as done: it begins a moment after it was told to."""

LONGEST_PAUSE_S = 5.0
NEAREST = 10
"""Points of a search whose quality is looked at."""

WORSE = 1.2
"""The plugin's rule: times worse from which it matters."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a collection has, and what it is worth.

    Attributes:
        points: counted.
        recall: share of the nearest points that searches through the index find.
    """

    points: int
    recall: float

    def lost_since(self, before: Kept) -> str:
        """What it does not have any more, as a sentence's end; empty: nothing."""
        wrong = []
        if self.points != before.points:
            wrong.append(f"{before.points} points have become {self.points}")
        if self.recall * WORSE < before.recall:
            wrong.append(f"searches find {self.recall:.0%} of the nearest points, and found {before.recall:.0%} before")
        return "; ".join(wrong)


class Upkeep:
    """The upkeep of the target's collection; what is not accepted is taken back at the end of the test.

    Qdrant has no call that optimises, vacuums or rebuilds an index: its optimizer does so by itself where the
    configuration asks for it. So the configuration is changed for as long as that takes (PATCH /collections/NAME).

    Args:
        client: of the server.
        change: makes the changes.

    Raises:
        Unsupported: the target does not say which of several collections it is.
    """

    def __init__(self, client: Vectors, change: Change) -> None:
        self._client = client
        self._change = change
        self._collection = client.kept()
        self._setting = f"collection {self._collection.name}"
        self._within_s = client.config.optimise_deadline / change.target.table.faster
        endpoint = endpoint_of(change.target.component(client.component))
        setting = Configured(
            driver="collection",
            component=client.component,
            endpoint=endpoint,
            collection=self._collection.name,
            keys=sorted({THRESHOLD, FEWEST, BREADTH, *self._wanted()}),
            deadline=self._within_s,
        )
        change.also(self._setting, setting)

    def look(self, prompts: Workload) -> Kept:
        """How many points there are, and how well they are found by as many searches as there are prompts.

        Raises:
            CallFailed: a search failed, or the collection is empty.
        """
        shares = []
        for vector in self._client.stored(prompts).values():
            nearest = {hit.id for hit in self._client.search(vector, limit=NEAREST, exact=True)}
            found = {hit.id for hit in self._client.search(vector, limit=NEAREST)}
            shares.append(len(found & nearest) / len(nearest))
        return Kept(self._collection.count(), sum(shares) / len(shares))

    def configure(self) -> dict[str, float | None]:
        """Have the target's ``optimizers`` in effect, and the collection green; what differs still.

        Raises:
            Unsupported: the target names none.
            ControlError: it was refused, or not seen.
            StepFailed: the collection is not green in time.
        """
        wanted = self._wanted()
        if not wanted:
            component = self._client.component
            raise Unsupported(
                f"{component}: nothing says how its optimizer is to be configured; "
                f"give components.{component}.optimizers, such as {{ deleted_threshold = 0.2 }}."
            )
        self._set(wanted)
        now = self._collection.configuration()
        return {key: now.get(key) for key, value in wanted.items() if now.get(key) != value}

    def optimise(self) -> float:
        """Have the optimizer look at all segments, with half the share of dead vectors allowed; seconds until green.

        Then the configuration is as the target's ``optimizers`` say, where they say something, else as it was.

        Raises:
            Unsupported: the threshold is unset, or zero, so nothing is half of it.
            ControlError: a change was refused, or not seen.
            StepFailed: the collection is not green in time.
        """
        before = self._collection.configuration()
        allowed = before.get(THRESHOLD)
        if not allowed:
            raise Unsupported(f"{self._setting}: {THRESHOLD} is {allowed}, so nothing is stricter.")
        start = time.perf_counter()
        self._set({THRESHOLD: allowed / 2})
        self._set({THRESHOLD: allowed, **self._wanted()})
        return time.perf_counter() - start

    def vacuum(self) -> tuple[int, int]:
        """Have all dead vectors taken out of the segments; how many there were, and are.

        Raises:
            Unsupported: the telemetry does not tell of them.
            Vacuous: there are none, or too few for Qdrant to take them out.
            ControlError: a change was refused, or not seen.
            StepFailed: the collection is not green in time.
        """
        before, points = self._collection.segments().dead, self._collection.count()
        if not before or before + points < LEAST_VECTORS:
            raise Vacuous(
                f"{self._setting}: {before} dead vectors among {points} points: there is nothing that Qdrant would "
                f"take out; it needs {LEAST_VECTORS} vectors in a segment."
            )
        was = self._collection.configuration()
        share = before / (before + points)
        self._set({THRESHOLD: share / 10, FEWEST: LEAST_VECTORS})
        after = self._collection.segments().dead
        self._set({key: was[key] for key in (THRESHOLD, FEWEST)})
        return before, after

    def maintain(self) -> float:
        """The whole of it: dead vectors are taken out, where any can be, then it is optimised; seconds until green.

        Raises:
            Unsupported, ControlError, StepFailed: as `optimise`.
        """
        start = time.perf_counter()
        with suppress(Vacuous, Unsupported):  # nothing lies dead, or nobody knows
            self.vacuum()
        self.optimise()
        return time.perf_counter() - start

    def rebuild(self) -> int:
        """Have the index built anew, by a configuration that it does not fit, and again by its own; how often it was.

        Raises:
            Unsupported: the telemetry does not tell of optimisations, or ``ef_construct`` is unset.
            Vacuous: no vector has an index.
            ControlError: a change was refused, or not seen.
            StepFailed: the collection is not green in time.
        """
        if not self._client.statistics(self._collection.name)["indexed_vectors"]:
            raise Vacuous(f"{self._setting}: no vector of it has an index, so there is none to build anew.")
        before, was = self._collection.segments().runs, self._collection.configuration().get(BREADTH)
        if was is None:
            raise Unsupported(f"{self._setting}: {BREADTH} is unset, and could not be made so again.")
        self._set({BREADTH: was + 1})
        self._set({BREADTH: was})
        return self._collection.segments().runs - before

    def accept(self) -> None:
        """Let the configuration stay as it is now."""
        self._change.keep(self._setting)

    def _wanted(self) -> dict[str, float]:
        return {f"optimizers_config.{key}": value for key, value in self._client.config.optimizers.items()}

    def _set(self, values: Mapping[str, float]) -> None:
        self._change.set(self._setting, **values)
        self._settle([f"{key} = {value:g}" for key, value in values.items()])

    def _settle(self, after: Sequence[str]) -> None:
        """Wait until the collection is green, and stays so.

        Raises:
            StepFailed: its optimizer stopped at an error, or is at work still when time is up.
        """
        start, green_since, pause_s = time.monotonic(), None, QUIET_S / 4
        where = f"{self._client.component}: after {', '.join(after)} the collection {self._collection.name}"
        while True:
            found, now = self._client.collection(self._collection.name), time.monotonic()
            if found.status == "red":
                raise StepFailed(f"{where} is red, its optimizer stopped: {found.optimizer}.")
            if found.status != "green":
                green_since = None
            elif green_since is None:
                green_since = now
            elif now - green_since >= QUIET_S:
                return
            if found.status != "green" and now - start >= self._within_s:
                raise StepFailed(
                    f"{where} is {found.status} still after {spoken(self._within_s)}: its optimizer comes to no end. "
                    "Look at its log, and at the room on disk and in memory; optimise_deadline is how long it may take."
                )
            time.sleep(pause_s)
            pause_s = QUIET_S / 4 if green_since else min(2 * pause_s, LONGEST_PAUSE_S)
