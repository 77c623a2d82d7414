"""Restarts: what was told to start again works again, and how long that took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.recovery import Recovered
    from pytest_llmops.operate.serving import Served
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.parametrize(
    "component",
    [
        pytest.param(
            "ollama",
            marks=[
                pytest.mark.procedure(
                    "voyageur.incident.restart-ollama",
                    "agent-aiops.ollama-failure.restart",
                    "aegis-rag.llm-issues.restart",
                    fault="llm:slow-start=12",
                ),
                pytest.mark.procedure("aegis-rag.llm-issues.restart", fault="llm:wont-start"),
                pytest.mark.needs("ollama"),
            ],
        ),
        pytest.param(
            "api",
            marks=[
                pytest.mark.procedure(
                    "document-enhancer.down.restart", "enterprise-pipeline.http-500.restart", fault="api:slow-start=12"
                ),
                pytest.mark.procedure("enterprise-pipeline.http-500.restart", fault="api:degraded"),
                pytest.mark.needs("api"),
            ],
        ),
        pytest.param(
            "ui",
            marks=[
                pytest.mark.procedure("agent-aiops.agent-failure.restart", fault="ui:slow-start=12"),
                pytest.mark.needs("ui"),
            ],
        ),
    ],
)
def test_component_is_restarted(component: str, restarted: Callable[[str], Recovered]) -> None:
    """A new process does the component's work, also where none ran before; recorded is how long that took."""
    restarted(component)


@pytest.mark.procedure("enterprise-pipeline.hallucination.restart", fault="api:no-score")
@pytest.mark.procedure("enterprise-pipeline.hallucination.restart", fault="hhem_scores:blind")
def test_restart_loads_the_hallucination_model_afresh(
    restarted: Callable[[str], Recovered], traffic: Traffic, app_command: AppCommands, record: Record
) -> None:
    """A new process scores its answers, and the model tells a faithful answer from a made-up one."""
    restarted("api")
    scores = traffic.again().each("faithfulness", route="rag_knowledge_base")
    if None in scores:  # the first ones may fail: by now it is warm
        scores = traffic.again().each("faithfulness", route="rag_knowledge_base")
    record("unscored_answers", scores.count(None), "answers", of=f"of {len(scores)} out of documents")
    pair = app_command.json("hhem_scores")
    record("hhem_score[faithful]", pair["faithful"])
    record("hhem_score[invented]", pair["invented"])


@pytest.mark.needs("api")
@pytest.mark.procedure("aegis-rag.api-failure.rolling-restart", fault="api:gap")
@pytest.mark.procedure("aegis-rag.api-failure.rolling-restart", fault="api:wont-start")
def test_api_is_replaced_without_a_gap(
    change: Change, served: Callable[[str, Callable[[], object]], Served], record: Record
) -> None:
    """New processes do the API's work, and no request fails meanwhile; where one ends first, that is unsupported."""
    seen = served("api", lambda: change.roll("api"))
    change.keep("api")
    record("rolling_restart_time[api]", seen.acted_s, "s", of=f"{seen.asked} requests meanwhile")
    record("rolling_restart_failed[api]", len(seen.failed), "requests", of=seen.said)
    assert not seen.failed, f"api: while its processes were replaced {seen.said}"


@pytest.mark.needs("qdrant")
@pytest.mark.procedure("aegis-rag.vector-issues.restart-pods", fault="vectors:slow-start=25")
@pytest.mark.procedure("aegis-rag.vector-issues.restart-pods", fault="vectors:forgets")
def test_vector_store_is_restarted(
    restarted: Callable[[str], Recovered],
    vectors: Vectors,
    prompts: Workload,
    measure: Measure,
    record: Record,
) -> None:
    """The store is ready again with all of its points; what searches take is noted before and after, not compared.

    A restart empties its caches, so that searches are slower at first.
    """
    stored, points = vectors.stored(prompts), vectors.kept().count()
    measure(
        "search_before_restart",
        vectors,
        lambda vectors, prompt: vectors.search(stored[prompt.id]),
        prompts=prompts,
        keep=True,
    )
    restarted("qdrant")
    now = vectors.kept().count()
    record("points_after_restart[qdrant]", now, "points", of=f"{points} before")
    assert now == points, f"qdrant: {points} points have become {now} by a restart; restore its last snapshot"
    measure(
        "search_after_restart",
        vectors,
        lambda vectors, prompt: vectors.search(stored[prompt.id]),
        prompts=prompts,
        keep=True,
    )


@pytest.mark.needs("api")
@pytest.mark.procedure("aegis-rag.memory-leaks.regular-restarts", fault="api:bloats")
@pytest.mark.procedure("aegis-rag.memory-leaks.regular-restarts", fault="api:slow-start=12")
def test_memory_is_at_its_start_value_again(
    change: Change,
    recovered: Callable[[str, Callable[[], object]], Recovered],
    restarted: Callable[[str], Recovered],
    api: Api,
    figures: Figures,
    prompts: Workload,
    record: Record,
) -> None:
    """What the API holds in memory just after a restart is what it held just after the one before; it worked between.

    So it is restarted twice: what it holds at a start is known of one alone that was seen.
    """
    recovered("api", lambda: change.restart("api"))
    start = figures.read("resident_memory")
    for prompt in prompts:
        api.query(prompt)
    record("memory_after_work[api]", figures.read("resident_memory").value, start.unit)
    restarted("api")
    now = figures.read("resident_memory")
    record("memory_at_start[api]", now.value, now.unit, of=f"{start.value:.4g} {start.unit} at the start before")
    record("memory_above_start[api]", now.above(start), "%")
