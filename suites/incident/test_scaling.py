"""Scaling: a part that is short of something gets more of it, works with it, and has room again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.plugin.recording import Record


@pytest.mark.needs("qdrant", "containers")
@pytest.mark.procedure("aegis-rag.vector-issues.scale-resources", fault="qdrant_memory:ignored")
@pytest.mark.procedure("aegis-rag.vector-issues.scale-resources", fault="qdrant_more_memory:same")
@pytest.mark.procedure("aegis-rag.vector-issues.scale-resources", fault="container_details:stale")
def test_vector_store_gets_more_memory(
    operation: Callable[[str], Operated], containers: Containers, record: Record
) -> None:
    """Qdrant may use more memory, is ready with it, and uses less of what it may use."""
    before = containers.fullest("qdrant")
    scaled = operation("scale-vectors")
    assert not scaled.idle, f"qdrant: it has {scaled.idle} already; scale-vectors has to give it more"
    after = containers.fullest("qdrant")
    record("container_memory_scaled[qdrant]", after.memory_pct, "%", of=f"{before.memory_pct:.4g} % before")
    unready = [one.name for one in containers.of("qdrant") if not one.ready]
    assert not unready, f"qdrant: not ready since its limit was raised: {', '.join(unready)}"
    assert after.memory_pct < before.memory_pct, (
        f"{after.name}: it uses {after.memory_pct:.4g} % of the memory that it may use, no less than before its limit "
        f"was raised to {scaled.values}: docker inspect tells whether the limit holds"
    )


@pytest.mark.procedure(
    "aegis-rag.api-failure.scale-up", "aegis-rag.high-latency.scale-out", fault="api_replicas:ignored"
)
@pytest.mark.procedure(
    "aegis-rag.api-failure.scale-up", "aegis-rag.high-latency.scale-out", fault="api_replicas:unread"
)
@pytest.mark.procedure("aegis-rag.api-failure.scale-up", fault="api_replicas_ready:short")
def test_api_is_scaled_out(
    operation: Callable[[str], Operated],
    change: Change,
    load_run: LoadRun,
    api: Api,
    app_command: AppCommands,
    record: Record,
) -> None:
    """The same load before, with and after: with five replicas, all of them ready, answers come sooner than without."""
    before = load_run("queries_before_scaling", api, route="query", rate=13, seconds=8)
    scaled = operation("scale-api")
    assert not scaled.idle, f"api: it has {scaled.idle} replicas already; scale-api has to give it more"
    record("ready_replicas", app_command.json("api_replicas_ready")["status"].get("readyReplicas", 0), "replicas")
    during = load_run("queries_scaled", api, route="query", rate=13, seconds=8)
    for name, value in scaled.before.items():
        change.set(name, value=value)
    after = load_run("queries_after_scaling", api, route="query", rate=13, seconds=8)
    gain_pct = min(during.quicker_than(without) for without in (before, after))
    was_s, with_s, is_s = (load.value("mean") for load in (before, during, after))
    record("gain_of_scaling", gain_pct, "%", of=f"{was_s:.3g} s before, {with_s:.3g} s with, {is_s:.3g} s after")
    assert gain_pct, (
        f"api: with more replicas answers take {with_s:.3g} s; without they took {was_s:.3g} s before, and take "
        f"{is_s:.3g} s now: not surely more; see whether the new ones get any calls, and what else answers wait for"
    )


@pytest.mark.needs("ollama")
@pytest.mark.procedure("aegis-rag.llm-issues.scale-instances", fault="ollama_replicas:ignored")
@pytest.mark.procedure("aegis-rag.llm-issues.scale-instances", fault="llm:one-instance")
@pytest.mark.procedure("aegis-rag.llm-issues.scale-instances", fault="llm:bare-instance")
def test_model_server_gets_one_more_instance(
    operation: Callable[[str], Operated], load_run: LoadRun, ollama: Ollama, app_command: AppCommands, record: Record
) -> None:
    """Every instance is ready, holds the model, and gives a share of the answers of a load."""
    operation("scale-ollama")
    before = app_command.json("ollama_instances")
    load_run("generation_of_instances", ollama, concurrency=6, calls=24)
    after = app_command.json("ollama_instances")
    unready = [one["name"] for one in after if not one["ready"]]
    assert not unready, f"ollama: not ready: {', '.join(unready)}"
    model = ollama.config.model
    bare = [one["name"] for one in after if not {model, f"{model}:latest"} & {*one["models"]}]
    assert not bare, f"ollama: {', '.join(bare)} does not hold {model}: models lie on the volume of each"
    idle = record.shares_since("answers_of_instance", before, after)
    assert not idle, f"ollama: {', '.join(idle)} gave none of the answers: whoever asks does not know of it"


@pytest.mark.needs("ollama")
@pytest.mark.procedure("aegis-rag.llm-issues.load-balance", fault="llm:one-instance")
def test_every_instance_answers_a_share(
    load_run: LoadRun, ollama: Ollama, app_command: AppCommands, record: Record
) -> None:
    """Of answers that are asked for in parallel every instance gives some."""
    before = app_command.json("ollama_instances")
    load_run("generation_balanced", ollama, concurrency=6, calls=24)
    idle = record.shares_since("answers_of_instance", before, app_command.json("ollama_instances"))
    assert not idle, f"ollama: {', '.join(idle)} gave none of the answers: nothing is sent there"


@pytest.mark.procedure("document-enhancer.scale-horizontal.pool-distribution", fault="pool_trial:twice")
def test_each_document_of_a_pool_is_processed_once(app_command: AppCommands, record: Record) -> None:
    """Of a test set that four processes share every document is processed, and none twice."""
    told = app_command.json("pool_trial")
    asked, done = sorted(told["documents"]), sorted(told["four"]["done"])
    record("pool_documents", len(asked), "documents")
    record("pool_processed", len(done), "documents")
    assert done == asked, f"app_command: of {', '.join(asked)} the pool processed {', '.join(done)}"


@pytest.mark.disruptive
@pytest.mark.procedure("document-enhancer.scale-horizontal.four-workers", fault="pool_trial:fewer")
@pytest.mark.procedure("document-enhancer.scale-horizontal.four-workers", fault="pool_trial:twice")
@pytest.mark.procedure("document-enhancer.scale-horizontal.four-workers", fault="pool_trial:slower")
def test_four_workers_do_more_than_one(app_command: AppCommands, record: Record) -> None:
    """Four processes of their own share the documents, none is processed twice, and they do clearly more than one."""
    told = app_command.json("pool_trial")
    one, four = told["one"], told["four"]
    record("pipeline_workers", len(set(four["workers"])), "processes")
    twice = {name for name in four["done"] if four["done"].count(name) > 1}
    assert not twice, f"app_command: processed by two workers: {', '.join(sorted(twice))}"
    record("pool_time[1]", one["took_s"], "s")
    record("pool_time[4]", four["took_s"], "s")
    record("pool_gain", 100 * (one["took_s"] / four["took_s"] - 1), "%", of="throughput")
