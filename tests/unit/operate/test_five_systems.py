"""What can say nothing on the five systems is found by name: the tables of what each really exports and deploys."""

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.control.embedded import Sandbox, placed
from pytest_llmops.operate.lint import look
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

AEGIS = {
    "rule": ["AegisAPIHighLatency", "AegisAPIHighErrorRate", "QdrantHighSearchLatency", "OllamaModelGenerationFailure"],
    "job": ["ollama"],
    "row": [
        "Connection Pool Usage",
        "Generation Latency (P95)",
        "Model Load Time",
        "GPU Memory Usage",
        "GPU Utilization",
        "Generation Success Rate",
    ],
}
ENTERPRISE = {
    "metric": [
        "pipeline_request_duration_per_stage_seconds",
        "pipeline_errors_total",
        "safety_pii_detected_total",
        "llm_cost_usd_total",
        "embedding_centroid_shift_cosine",
        "embedding_spread_change",
        "embedding_drift_detected",
        "embedding_sample_count_total",
        "ragas_faithfulness_daily",
        "ragas_context_precision_daily",
        "ragas_answer_relevancy_daily",
        "ragas_eval_sample_size",
        "ragas_eval_last_run_timestamp",
        "shadow_mode_runs_total",
        "shadow_mode_budget_remaining_usd",
        "feedback_rate",
        "annotations_pending_total",
        "annotations_completed_total",
        "annotations_exported_total",
    ],
    "rule": ["(none)", "EmbeddingDrift", "RagasDeclining", "ShadowCircuitBreaker", "CostSpike"],
    "panel": [
        "Per-Stage Latency (p50/p95)",
        "Ragas Daily Scores",
        "Ragas Eval Sample Size",
        "User Feedback Rate",
        "Embedding Drift",
        "PII Detections",
        "Pipeline Errors",
        "LLM Cost per Day",
        "Shadow Mode & Experimentation",
    ],
}
VOYAGEUR = {
    "metric": [
        "voyageur_cache_hits_total",
        "voyageur_cache_misses_total",
        "voyageur_model_inference_duration_seconds",
        "voyageur_model_inference_total",
        "voyageur_api_request_duration_seconds",
        "voyageur_api_request_total",
        "voyageur_active_database_connections",
        "voyageur_memory_usage_bytes",
        "voyageur_fallback_usage_total",
        "voyageur_analysis_requests_total",
        "voyageur_prediction_accuracy_ratio",
    ]
}


@pytest.fixture
def looked(tmp_path):
    """Looks at the sandbox of a profile."""
    begun = []

    def looked(profile):
        target = load(None, f"sandbox:{profile}", tmp_path, {})
        begun.append(Sandbox(target, directory=tmp_path / "sandbox"))
        target = placed(target, begun[-1].facts)
        ledger = Ledger(tmp_path / "ledger", target.table.budget)

        def reach(name):
            if name not in target.table.components.configured():
                return None
            client = connect(target, name, ledger)
            begun.append(client)
            return client if preflight(client, 20.0).ok else None

        return look(target, reach, Ledger(tmp_path / "lint", target.table.budget), print)

    yield looked
    for one in reversed(begun):
        getattr(one, "close", getattr(one, "stop", None))()


@pytest.mark.parametrize(
    ("profile", "expected"), [("aegis-rag", AEGIS), ("enterprise-pipeline", ENTERPRISE), ("voyageur", VOYAGEUR)]
)
def test_what_says_nothing_is_found_by_name(looked, profile, expected):
    fact = looked(profile)
    found = {}
    for one in fact["findings"]:
        found.setdefault(one["kind"], []).append(one["what"])
    commands = found.pop("command", [])
    assert found == expected
    assert fact["untrue"] == []
    unknown = [one["what"] for one in fact["findings"] if not one["known"] and one["what"] not in commands]
    assert unknown == []


@pytest.mark.parametrize(
    ("profile", "commands"),
    [
        (
            "document-enhancer",
            {"run_pipeline", "backup", "migrate_as_written", "smoke_test_as_written", "container_as_written"},
        ),
        (
            "enterprise-pipeline",
            {
                "daily_eval_as_written",
                "load_test_as_written",
                "annotate_submit_as_written",
                "annotate_export_as_written",
            },
        ),
        ("voyageur", {"benchmark"}),
        ("aegis-rag", {"uvicorn_tuning", "collection_restore"}),
        ("agent-aiops", {"log_analyzer"}),
    ],
)
def test_commands_that_cannot_work_are_named(tmp_path, profile, commands):
    target = load(None, f"sandbox:{profile}", tmp_path, {})
    fact = look(target, lambda _: None, Ledger(tmp_path / "ledger", target.table.budget), print)
    assert commands == {one["what"] for one in fact["findings"] if one["kind"] == "command"}


@pytest.mark.parametrize(
    ("profile", "unseen"),
    [("aegis-rag", ["prometheus"]), ("enterprise-pipeline", ["api", "grafana", "prometheus"]), ("voyageur", ["api"])],
)
def test_declarations_that_nobody_could_be_asked_about_are_told(tmp_path, profile, unseen):
    target = load(None, f"sandbox:{profile}", tmp_path, {})
    fact = look(target, lambda _: None, Ledger(tmp_path / "ledger", target.table.budget), print)
    assert fact["untrue"] == [
        f"{name} cannot be reached: what the profile says of it could not be looked into" for name in unseen
    ]
