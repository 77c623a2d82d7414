"""The golden dataset itself: how many cases there are, from where, and of what there are too few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.operate.flywheel import Flywheel
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("enterprise-pipeline.monthly.golden-stats", fault="golden_stats:disagreeing")
@pytest.mark.procedure("enterprise-pipeline.monthly.golden-stats", fault="golden_stats:fails")
def test_golden_cases_are_counted(flywheel: Flywheel, record: Record) -> None:
    """How many golden cases the application counts, in total and from each source."""
    sources = flywheel.golden_cases()
    record("golden_cases", sum(sources.values()), "cases")
    for source, count in sources.items():
        record(f"golden_cases[{source}]", count, "cases")


@pytest.mark.procedure("enterprise-pipeline.monthly.golden-coverage", fault="golden_coverage:gap")
@pytest.mark.procedure("enterprise-pipeline.monthly.golden-coverage", fault="golden_coverage:garbage")
def test_every_kind_of_failure_has_golden_cases(flywheel: Flywheel, record: Record) -> None:
    """How many golden cases there are of each kind of failure: one without a case is tested by nobody."""
    with record.to_the_end():
        for category, count in flywheel.coverage().items():
            record(f"golden_coverage[{category}]", count, "cases")
