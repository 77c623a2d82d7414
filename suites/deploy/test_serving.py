"""How the API is served: by which workers, with which client of the vector store, scaled by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.clients.preflight import Preflight
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.plugin.recording import Record

KEEPALIVE = (
    "grpc.keepalive_time_ms",
    "grpc.keepalive_timeout_ms",
    "grpc.keepalive_permit_without_calls",
    "grpc.http2.max_pings_without_data",
)


@pytest.mark.procedure("aegis-rag.resources.server-options", fault="api_server:defaults")
@pytest.mark.procedure("aegis-rag.resources.server-options", fault="api_server:keeping")
def test_server_has_the_runbooks_options(app_command: AppCommands, record: Record) -> None:
    """Port, workers, backlog and keep-alive of the server that runs; the runbook's own command line it cannot have."""
    server = app_command.json("api_server")
    record("api_port", server["port"])
    record("worker_count", server["workers"], "workers")
    record("listen_backlog", server["backlog"])
    record("keep_alive", server["keep_alive_s"], "s")
    app_command.run("uvicorn_tuning")


@pytest.mark.procedure("aegis-rag.search-tuning.connection-pool", fault="vector_client:hasty")
@pytest.mark.procedure("aegis-rag.search-tuning.connection-pool", fault="vector_client:dropped")
@pytest.mark.procedure("aegis-rag.search-tuning.connection-pool", fault="vector_client:half")
def test_client_of_the_vector_store_keeps_its_connection(app_command: AppCommands, record: Record) -> None:
    """The API's client speaks gRPC, has the runbook's timeout and options, and its connection outlives a minute."""
    client = app_command.json("vector_client")
    if not client["grpc"]:
        raise Vacuous("app_command: the API's client of Qdrant speaks REST, so that no option of gRPC is in effect.")
    record("vector_client_port", client["port"])
    record("client_timeout", client["timeout_s"] or 0, "s")
    options = client["options"]
    unset = [name for name in KEEPALIVE if name not in options]
    assert not unset, f"app_command: the API's client of Qdrant does not set {', '.join(unset)}"
    for name in KEEPALIVE:
        record(f"client_option[{name}]", options[name])
    assert client["survived"], f"app_command: after an idle minute the API's client of Qdrant failed: {client['error']}"


@pytest.mark.procedure("aegis-rag.vector-issues.prevention-autoscaling", fault="autoscalers:none")
@pytest.mark.procedure("aegis-rag.vector-issues.prevention-autoscaling", fault="autoscalers:blind")
@pytest.mark.procedure("aegis-rag.vector-issues.prevention-autoscaling", fault="autoscalers:fixed")
def test_the_vector_store_is_scaled(app_command: AppCommands, record: Record) -> None:
    """An autoscaler of the vector store is there, may change its replicas, and can read the metric that it goes by."""
    found = [
        one for one in app_command.json("autoscalers")["items"] if one["spec"]["scaleTargetRef"]["name"] == "qdrant"
    ]
    record("autoscalers", len(found), "autoscalers")
    assert found, "app_command: no autoscaler is there for qdrant"
    for one in found:
        name, least, most = one["metadata"]["name"], one["spec"]["minReplicas"], one["spec"]["maxReplicas"]
        record(f"replicas_least[{name}]", least, "replicas")
        record(f"replicas_most[{name}]", most, "replicas")
        assert least < most, f"autoscaler {name}: its least and its most replicas are both {most}, so it scales nothing"
        active = {it["type"]: it for it in one["status"]["conditions"]}.get("ScalingActive", {})
        why = active.get("message") or active.get("reason") or "it has not looked yet"
        assert active.get("status") == "True", f"autoscaler {name} does not read its metric: {why}"


@pytest.mark.procedure("enterprise-pipeline.scaling.worker-count", fault="pipeline_workers:four")
@pytest.mark.procedure("enterprise-pipeline.scaling.worker-count", fault="pipeline_workers:lost")
def test_as_many_workers_run_as_are_configured(app_command: AppCommands, record: Record) -> None:
    """The command line asks for the number of workers that the target is to have, and so many run."""
    served = app_command.json("pipeline_workers")
    record("workers_configured", served["configured"], "workers")
    record("workers_running", len(served["resident_mb"]), "workers")
    assert len(served["resident_mb"]) == served["configured"], (
        f"app_command: {served['configured']} workers are configured, and {len(served['resident_mb'])} run"
    )


@pytest.mark.procedure("enterprise-pipeline.scaling.shadow-budget", fault="pipeline_workers:shadowing")
@pytest.mark.procedure("enterprise-pipeline.scaling.shadow-budget", fault="pipeline_workers:fails")
def test_shadow_budget_is_one_for_all_workers(app_command: AppCommands, redis: Redis, record: Record) -> None:
    """Where several workers share the shadow mode, what it has spent is counted in Redis, not in each of them."""
    served = app_command.json("pipeline_workers")
    workers = len(served["resident_mb"])
    record("shadow_workers", workers, "workers")
    if workers < 2:
        raise Vacuous("app_command: one worker runs, so that what it counts in memory is all that is spent.")
    if not served["shadow"]:
        raise Vacuous(f"app_command: shadow mode is off, so that none of {workers} workers spends anything.")
    counted = redis.names("*shadow*")
    assert counted, (
        f"redis: no key tells what shadow mode has spent: each of {workers} workers counts in memory, and together "
        f"they may spend {workers} budgets; run one, or switch experimentation.shadow_mode_enabled off"
    )


@pytest.mark.procedure("enterprise-pipeline.scaling.hhem-memory", fault="hhem_memory:larger")
@pytest.mark.procedure("enterprise-pipeline.scaling.hhem-memory", fault="pipeline_workers:crowded")
def test_memory_of_the_hallucination_model(app_command: AppCommands, record: Record) -> None:
    """What the model adds to a process, what each worker holds, and that all of them fit the host."""
    served = app_command.json("pipeline_workers")
    for number, resident_mb in enumerate(served["resident_mb"], 1):
        record(f"worker_memory[{number}]", resident_mb, "MB")
    record("workers_memory_share", served["memory_pct"], "%", of=f"of {served['memory_mb']:.4g} MB")
    record("hhem_memory", app_command.json("hhem_memory")["added_mb"], "MB")


@pytest.mark.procedure("aegis-rag.llm-issues.prevention-preload", fault="llm:unloaded")
def test_model_is_in_memory_before_the_first_question(
    ollama: Ollama, preflight: Callable[[str], Preflight], record: Record
) -> None:
    """After a deployment the model was in memory before anybody asked it: before preflight's own token, too."""
    model = ollama.timed_model.name
    loaded = ollama.was_loaded(preflight(ollama.component).facts)
    record(f"model_loaded[{model}]", int(loaded), of="1: in memory before preflight's own token")
    assert loaded, (
        f"{ollama.component}: {model} was not in memory before the first question, so whoever asks it waits until it "
        'is loaded; after each start POST /api/generate {"model": …, "keep_alive": -1}'
    )


@pytest.mark.procedure("aegis-rag.resources.worker-recycling", fault="api:recycles-hard")
@pytest.mark.procedure("aegis-rag.resources.worker-recycling", fault="api:never-recycles")
@pytest.mark.procedure("aegis-rag.resources.worker-recycling", fault="api_workers:unlimited")
def test_workers_are_replaced(load_run: LoadRun, api: Api, app_command: AppCommands, record: Record) -> None:
    """More requests than each worker is to have: all of them have a successor then, and no request failed."""
    before = app_command.json("api_workers")
    record("max_requests_per_worker", before["max_requests"], "requests")
    if "jitter" in before:
        record("max_requests_jitter", before["jitter"], "requests")
    result = load_run("requests_of_all_workers", api, route="info", concurrency=4, calls=before["enough"])
    failed = ", ".join(result.recording.said.values())
    assert not failed, (
        f"api: of {result.calls} requests {result.error_rate:.2%} failed as workers were replaced: {failed}"
    )
    after = app_command.json("api_workers")
    stayed = sorted({*before["pids"]} & {*after["pids"]})
    assert not stayed, f"api: after {result.calls} requests these workers were not replaced: {stayed}"
    there, were = len(after["pids"]), len(before["pids"])
    assert there == were, f"api: of {were} workers {there} are there: who ended has no successor"
