"""Pictures of load: documents of the check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmops.load.judging import objectives
from pytest_llmops.report.documents import Documents
from pytest_llmops.report.load_picture import over_time_picture, points_of, rate_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.load.result import LoadResult
    from pytest_llmops.plugin.this_test import ThisTest


class Drawing:
    """Draws the load of one test.

    Args:
        test: which.
    """

    def __init__(self, test: ThisTest) -> None:
        run, written = test.run, test.check.documents.append
        self._run = run
        self._documents = Documents(run.report_folder, run.declared.name, run.redactor, written)

    def over_time(self, result: LoadResult) -> None:
        """What calls took over time, and at each rate where it changed; of very many calls, only counted, nothing."""
        if not result.recording.raw or not result.calls:
            return
        name = result.plan.name
        self._keep(f"{name}-over-time", over_time_picture(result, self._limit(name)))
        if len(result.plan.stages) > 1 or any(stage.end_rate != stage.rate for stage in result.plan.stages):
            self.rates(name, [result])

    def rates(self, name: str, results: Sequence[LoadResult]) -> None:
        """What calls took at each rate."""
        if points := points_of(results):
            self._keep(f"{name}-rates", rate_picture(points, name, self._limit(name)))

    def _limit(self, name: str) -> float | None:
        """Seconds that a call is to keep; None where nothing says it."""
        return objectives(name, self._run.declared.table.thresholds).get("response")

    def _keep(self, name: str, picture: str) -> None:
        plain = re.sub(r"[^\w.-]+", "-", name).strip("-.")
        self._documents.write(f"{plain}.svg", picture)
