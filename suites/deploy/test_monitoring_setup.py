"""Monitoring: Prometheus scrapes what it should, as often as it should, loads the rules and tells somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.alertmanager import Alertmanager
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.recording import Record

JOBS = [
    pytest.param(
        "aegis-api",
        marks=[
            pytest.mark.procedure("aegis-rag.prometheus.target-api", fault="prometheus:target-down"),
            pytest.mark.procedure("aegis-rag.prometheus.target-api", fault="prometheus:crossed-targets"),
            pytest.mark.procedure("aegis-rag.prometheus.target-api", fault="api:no-metrics"),
        ],
    ),
    pytest.param(
        "qdrant",
        marks=[
            pytest.mark.procedure("aegis-rag.prometheus.target-qdrant", fault="prometheus:target-down"),
            pytest.mark.procedure("aegis-rag.prometheus.target-qdrant", fault="prometheus:crossed-targets"),
            pytest.mark.procedure("aegis-rag.prometheus.target-qdrant", fault="vectors:no-metrics"),
        ],
    ),
    pytest.param(
        "ollama", marks=pytest.mark.procedure("aegis-rag.prometheus.target-ollama", fault="prometheus:target-down")
    ),
    pytest.param(
        "node-exporter",
        marks=[
            pytest.mark.procedure("aegis-rag.prometheus.target-node-exporter", fault="prometheus:target-down"),
            pytest.mark.procedure("aegis-rag.prometheus.target-node-exporter", fault="prometheus:crossed-targets"),
        ],
    ),
]


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.prometheus.global-config", fault="prometheus:other-setup")
def test_prometheus_is_set_up_as_the_runbook_says(prometheus: Prometheus, lint: Lint, record: Record) -> None:
    """The global intervals and external labels are the runbook's, where it names them."""
    setup = prometheus.setup()
    record("scrape_interval", setup.scrape_interval_s, "s")
    record("evaluation_interval", setup.evaluation_interval_s, "s")
    assert not lint.setup(), "prometheus: " + "; ".join(lint.setup())


@pytest.mark.parametrize("job", JOBS)
def test_the_job_is_scraped(prometheus: Prometheus, lint: Lint, record: Record, job: str) -> None:
    """The job is there with the runbook's port, path, interval and timeout, and its targets are up."""
    found = lint.job(job)
    assert not found.differs, f"{prometheus.component}: " + "; ".join(found.differs)
    unknown = lint.unknown("job", job)
    assert not unknown, f"{prometheus.component}: " + "; ".join(unknown)
    lint.meant("job", job)
    assert not found.down, f"{prometheus.component}: " + "; ".join(found.down)
    record(f"scrape_targets_up[{job}]", found.up, "targets")


@pytest.mark.procedure("aegis-rag.prometheus.target-api", fault="prometheus:slow-scrapes")
def test_jobs_are_scraped_as_often_as_they_should_be(prometheus: Prometheus, lint: Lint, record: Record) -> None:
    """Every job of the runbook has its port, path, interval and timeout."""
    differs = [said for job in lint.jobs for said in lint.job(job).differs]
    assert not differs, f"{prometheus.component}: " + "; ".join(differs)
    record("scrape_jobs", len(lint.jobs), "jobs")


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.prometheus.rule-files", fault="prometheus:rule-broken")
def test_every_rule_can_be_evaluated(prometheus: Prometheus, lint: Lint, record: Record) -> None:
    """Every rule that Prometheus has loaded has been evaluated, and that went well."""
    rules = prometheus.rules()
    broken = [f"{rule.name}: {rule.error or 'not evaluated yet'}" for rule in rules if rule.health != "ok"]
    assert not broken, "prometheus: rules that are not evaluated well: " + "; ".join(broken)
    record("rules", len(rules), "rules")
    lint.meant("rule", "(none)")


@pytest.mark.procedure("aegis-rag.prometheus.rule-files", fault="prometheus:no-rules")
def test_rule_files_are_loaded(prometheus: Prometheus, lint: Lint, record: Record) -> None:
    """Prometheus has rules, and some came of each of the runbook's rule files."""
    missing = lint.missing_files()
    assert not missing, f"{prometheus.component}: no rule came of {', '.join(missing)}; is it in its rule_files?"
    record("alert_rules", len(prometheus.rules()), "rules")
    assert prometheus.rules(), f"{prometheus.component}: has no rule"


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.prometheus.alertmanager", fault="prometheus:no-alertmanager")
@pytest.mark.procedure("aegis-rag.prometheus.alertmanager", fault="prometheus:other-alertmanager")
def test_somebody_is_told_of_alerts(
    prometheus: Prometheus, alertmanager: Alertmanager, lint: Lint, record: Record
) -> None:
    """Prometheus tells the runbook's Alertmanager, which answers, and has somebody to tell."""
    told = prometheus.alertmanagers()
    assert told, "prometheus: no Alertmanager is active, so nobody hears of an alert"
    assert not lint.untold(), "prometheus: " + "; ".join(lint.untold())
    record("alertmanagers", len(told), "addresses")
    assert alertmanager.receivers(), "alertmanager: it has no receiver"


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.prometheus.alertmanager", fault="alertmanager:not-ready")
def test_the_alertmanager_is_ready(alertmanager: Alertmanager, record: Record) -> None:
    """The Alertmanager says that it is ready."""
    record("alertmanager_ready_time", alertmanager.ready(), "s")


@pytest.mark.procedure("aegis-rag.prometheus.missing-targets", fault="prometheus:target-down")
def test_every_row_of_the_metric_tables_has_a_series(prometheus: Prometheus, lint: Lint, record: Record) -> None:
    """Each row of the runbook's tables of metrics is filled by a series; those that no job fills are named."""
    unfilled = lint.unknown("row")
    record("metric_rows_unfilled", len(unfilled), "rows")
    assert not unfilled, f"{prometheus.component}: " + "; ".join(unfilled)
    lint.meant("row")


GPU_MEMORY = ".*(gpu|dcgm|nvidia).*(memory|mem|fb|vram).*(used|usage|free).*"
"""What exporters call it: DCGM_FI_DEV_FB_USED, nvidia_gpu_memory_used_bytes; not the memory's clock or temperature."""


@pytest.mark.procedure("aegis-rag.llm-issues.prevention-gpu-monitoring", fault="prometheus:down")
@pytest.mark.procedure("aegis-rag.llm-issues.prevention-gpu-monitoring", fault="machine:gpu")
def test_memory_of_the_gpu_is_watched(prometheus: Prometheus, lint: Lint, record: Record) -> None:
    """A series tells how much of the GPU's memory is in use, and an alert rule asks for it."""
    names = lint.scraped(GPU_MEMORY)
    record("gpu_series", len(names), "series")
    assert lint.rules_about(names), f"{prometheus.component}: no alert rule asks for {', '.join(names)}"
