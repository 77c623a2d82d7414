"""Alert rules: each is deployed as the runbook has it, fires when it should, and only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.recording import Record

RULES = [
    pytest.param(
        "AegisAPIHighLatency",
        marks=[
            pytest.mark.procedure("aegis-rag.alert-rules.api-high-latency", fault="prometheus:lax-rules"),
            pytest.mark.procedure("aegis-rag.alert-rules.api-high-latency", fault="prometheus:silent-rules"),
        ],
    ),
    pytest.param(
        "AegisAPIHighErrorRate",
        marks=[
            pytest.mark.procedure("aegis-rag.alert-rules.api-high-error-rate", fault="prometheus:lax-rules"),
            pytest.mark.procedure("aegis-rag.alert-rules.api-high-error-rate", fault="prometheus:silent-rules"),
        ],
    ),
    pytest.param(
        "QdrantHighSearchLatency",
        marks=[
            pytest.mark.procedure("aegis-rag.alert-rules.qdrant-high-search-latency", fault="prometheus:lax-rules"),
            pytest.mark.procedure("aegis-rag.alert-rules.qdrant-high-search-latency", fault="prometheus:silent-rules"),
        ],
    ),
    pytest.param(
        "OllamaModelGenerationFailure",
        marks=[
            pytest.mark.procedure("aegis-rag.alert-rules.ollama-generation-failure", fault="prometheus:lax-rules"),
            pytest.mark.procedure("aegis-rag.alert-rules.ollama-generation-failure", fault="prometheus:silent-rules"),
        ],
    ),
    pytest.param(
        "AegisServiceDown",
        marks=[
            pytest.mark.procedure("aegis-rag.alert-rules.service-down", fault="prometheus:lax-rules"),
            pytest.mark.procedure("aegis-rag.alert-rules.service-down", fault="prometheus:silent-rules"),
        ],
    ),
]


@pytest.mark.parametrize("alert", RULES)
def test_the_rule_is_deployed_and_fires_when_it_should(prometheus: Prometheus, lint: Lint, alert: str) -> None:
    """The rule has the runbook's duration and severity; over made-up series it fires where it should.

    Its condition may be another than the runbook's: then it is that one which is tried.
    """
    rule = lint.rule(alert)
    assert not rule.differs, f"{prometheus.component}: " + "; ".join(rule.differs)
    lint.meant("rule", alert)
    assert not rule.mistaken, f"{alert} {'; '.join(rule.mistaken)}"


@pytest.mark.generic
@pytest.mark.procedure(fault="prometheus:rule-broken")
def test_every_deployed_rule_can_say_something(prometheus: Prometheus, lint: Lint, record: Record) -> None:
    """No alert rule asks for a metric that nobody exports, more than its histogram holds, or itself; each works."""
    rules = prometheus.rules()
    record("alert_rules", len(rules), "rules")
    broken = [f"{rule.name} cannot be evaluated: {rule.error}" for rule in rules if rule.error]
    assert not broken, f"{prometheus.component}: " + "; ".join(broken)
    lint.meant("rule")


@pytest.mark.generic
@pytest.mark.procedure(fault="prometheus:down")
def test_what_is_known_to_say_nothing_still_does(lint: Lint, record: Record) -> None:
    """What the profile declares vacuous is so, as it was looked into in this run; each is named in the summary."""
    assert not lint.untrue, "; ".join(lint.untrue)
    record("says_nothing", len(lint.findings), "findings")


@pytest.mark.generic
@pytest.mark.procedure(fault="prometheus:target-down")
def test_every_scrape_target_is_up(prometheus: Prometheus, lint: Lint, record: Record) -> None:
    """Every target that can be up is; those that are declared never to be are named in the summary."""
    never = {found.what for found in lint.of("job") if found.known}
    targets = [one for one in prometheus.targets() if one.job not in never]
    down = [f"{one.job} at {one.url}: {one.error}" for one in targets if one.health == "down"]
    record("scrape_targets_down", len(down), "targets")
    assert not down, "prometheus: " + "; ".join(down)
