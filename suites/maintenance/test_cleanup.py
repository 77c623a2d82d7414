"""Clean-ups: planned first and written down, then carried out; what is to stay is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.cleanup import CleanUp
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents

names = pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "old-logs",
            marks=pytest.mark.procedure(
                "voyageur.maintenance.delete-old-logs",
                "document-enhancer.log-cleanup.old-logs",
                "aegis-rag.monthly.clean-up",
                fault="old_logs:linked",
            ),
        ),
        pytest.param(
            "temporary-files",
            marks=pytest.mark.procedure("aegis-rag.monthly.clean-up", fault="temporary:linked"),
        ),
        pytest.param(
            "old-compressed-logs",
            marks=pytest.mark.procedure(
                "document-enhancer.log-cleanup.old-compressed-logs", fault="old_compressed_logs:linked"
            ),
        ),
        pytest.param(
            "old-outputs",
            marks=[
                pytest.mark.procedure("document-enhancer.disk-full.clean-outputs", fault="output_backups:missing"),
                pytest.mark.procedure("document-enhancer.disk-full.clean-outputs", fault="output_backups:partial"),
            ],
        ),
        pytest.param(
            "week-old-logs",
            marks=pytest.mark.procedure("document-enhancer.disk-full.clean-logs", fault="old_logs:linked"),
        ),
        pytest.param(
            "old-benchmarks",
            marks=pytest.mark.procedure("voyageur.maintenance.delete-old-benchmarks", fault="benchmarks:linked"),
        ),
        pytest.param(
            "old-responses",
            marks=pytest.mark.procedure(
                "document-enhancer.log-cleanup.old-response-cache",
                "document-enhancer.weekly-maintenance.cache-cleanup",
                fault="responses:linked",
            ),
        ),
        pytest.param(
            "abandoned-sessions",
            marks=pytest.mark.procedure("agent-aiops.sessions.cleanup-abandoned", fault="sessions:linked"),
        ),
    ],
)


def told(stuck: Mapping[str, str]) -> str:
    """Each file that is old enough and cannot go, with why."""
    return "; ".join(f"{name} is {why}" for name, why in stuck.items())


@pytest.mark.needs("files")
@names
def test_cleanup_is_planned(name: str, cleanup: Callable[[str], CleanUp], documents: Documents, record: Record) -> None:
    """What would go is written down, file by file, and nothing that is old enough is kept by anything but a rule."""
    plan = cleanup(name).plan(some=True)
    documents.write(f"cleanup-{name}.md", plan.document())
    record(f"cleanup_size[{name}]", plan.megabytes, "MB", of=f"{len(plan.going)} files")
    assert not plan.stuck, f"{name}: old enough, and cannot go: {told(plan.stuck)}"


@pytest.mark.needs("files")
@names
def test_cleanup_is_carried_out(
    name: str, cleanup: Callable[[str], CleanUp], change: Change, documents: Documents, record: Record
) -> None:
    """What is old enough is gone, and is listed; everything else is as it was."""
    old = cleanup(name)
    old.plan(some=True)
    gone = old.set_aside(change)
    old.finish()
    documents.write(f"cleanup-{name}-done.md", gone.document(done=True))
    record(f"space_freed[{name}]", gone.megabytes, "MB", of=gone.said)
    left = old.plan()
    assert not left.going, f"{name}: still there: {', '.join(fact.name for fact in left.going)}"
    lost = {fact.name for fact in gone.kept} - {fact.name for fact in left.kept}
    assert not lost, f"{name}: gone, and was to stay: {', '.join(sorted(lost))}"
    record(f"oldest_kept[{name}]", left.oldest_s, "s", of=told(left.stuck))


@pytest.mark.needs("files")
@pytest.mark.procedure("voyageur.maintenance.delete-old-benchmarks", fault="benchmarks:baseline-inside")
def test_baselines_lie_where_nothing_is_deleted(cleanup: Callable[[str], CleanUp]) -> None:
    """No baseline lies among the benchmarks that go by their age, where the runbook's command would delete it, too."""
    among = list(cleanup("old-benchmarks").plan().spared)
    assert not among, f"old-benchmarks: baselines among what goes by its age: {', '.join(among)}; move them elsewhere"
