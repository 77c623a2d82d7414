"""A series: one metric's values of one run, in time order, with the prompt that each belongs to."""

from __future__ import annotations

from dataclasses import dataclass

ONCE = "once"
"""In the place of a prompt's id: the run has this one value, which may be 0."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one metric in one run.

    Attributes:
        values: in the metric's unit, in time order, successes only, warm-up already dropped.
        prompts: the prompt id of each value; as long as ``values``.
        failures: failed calls of the same run (they are no values).
    """

    values: tuple[float, ...]
    prompts: tuple[str, ...] = ()
    failures: int = 0

    def __post_init__(self) -> None:
        if self.prompts and len(self.prompts) != len(self.values):
            raise ValueError(f"{len(self.values)} values, but {len(self.prompts)} prompt ids")

    @property
    def once(self) -> bool:
        """Whether it is the one value of its run."""
        return self.prompts == (ONCE,)

    @property
    def calls(self) -> int:
        """All calls of the run, failed ones included."""
        return len(self.values) + self.failures
