"""One side of a comparison: its runs, checked, and what becomes of lost calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.estimate import Values
    from pytest_llmops.judge.pairing import PromptedRun

    Runs = Sequence[Sequence[float]]
    PromptIds = Sequence[Sequence[str]]

_LOST = 10.0  # times the slowest value: above all others, and finite


class Side:
    """The runs of one side, checked.

    Raises:
        ValueError: a value that is not above zero, prompt ids that do not fit their run.
    """

    def __init__(self, name: str, runs: Runs | Sequence[Values], prompts: PromptIds | None) -> None:
        self.runs: list[Values] = [np.asarray(run, dtype=np.float64) for run in runs]
        self.prompts = prompts
        self.name = name
        for number, run in enumerate(self.runs, 1):
            wrong = np.flatnonzero(~(run > 0))
            if wrong.size:
                value, place = run[wrong[0]], wrong[0] + 1
                raise ValueError(f"value {place} of {name} run {number} is {value:g}; it must be above zero")
        if prompts is not None and [len(ids) for ids in prompts] != [len(run) for run in self.runs]:
            raise ValueError(f"the prompt ids of the {name} runs do not fit their values, one id for each")

    @property
    def n(self) -> int:
        """All values."""
        return sum(map(len, self.runs))

    @property
    def shortest(self) -> int:
        """Values of the shortest run."""
        return min(map(len, self.runs), default=0)

    @property
    def lost(self) -> float:
        """Share of values that are infinite."""
        return sum(int(np.isinf(run).sum()) for run in self.runs) / self.n

    @property
    def came_back(self) -> int:
        """Finite values of the run that has the fewest."""
        return min((int(np.isfinite(run).sum()) for run in self.runs), default=0)

    @property
    def slowest(self) -> float:
        """The largest finite value; 0 if there is none."""
        return max((float(run[np.isfinite(run)].max(initial=0)) for run in self.runs), default=0.0)

    def reciprocal(self) -> Side:
        """Rates as times a unit; a lost call stays one."""
        return Side(self.name, [np.where(np.isinf(run), run, 1 / run) for run in self.runs], self.prompts)

    def ranked(self, metric: str, slowest: float) -> Side:
        """Lost calls out of a mean; for all else, where their rank counts, above the ``slowest`` of both sides."""
        return self._finite() if metric == "mean" else self._replacing(_LOST * slowest)

    def _finite(self) -> Side:
        kept = [np.isfinite(run) for run in self.runs]
        prompts = self.prompts and [
            [one for one, keep in zip(ids, mask, strict=True) if keep]
            for ids, mask in zip(self.prompts, kept, strict=True)
        ]
        return Side(self.name, [run[mask] for run, mask in zip(self.runs, kept, strict=True)], prompts)

    def _replacing(self, lost: float) -> Side:
        return Side(self.name, [np.where(np.isinf(run), lost, run) for run in self.runs], self.prompts)

    def prompted(self) -> list[PromptedRun]:
        """Each run with its prompt ids."""
        return list(zip(self.runs, self.prompts or [], strict=True))
