"""What watches a target: Prometheus, Alertmanager, Grafana, Langfuse, and what each ought to hold."""

from __future__ import annotations

from pydantic import Field, field_validator

from pytest_llmops.target.component import Component
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.monitoring import AlertRule, Dashboard, Job, MetricRow, Scope
from pytest_llmops.target.table import JmesPath, Table


class Prometheus(Component):
    """A Prometheus server, and what it ought to scrape and watch."""

    scrape_interval: Seconds | None = Field(None, gt=0, description="Its global one, where the runbook names it.")
    evaluation_interval: Seconds | None = Field(None, gt=0, description="Between evaluations of its rules.")
    external_labels: dict[str, str] = Field({}, description="That it puts on all that leaves it.")
    rule_files: list[str] = Field([], description="Names of the files that its rules come from.")
    alertmanagers: list[str] = Field([], description="host:port of those that it tells.")
    jobs: list[Job] = Field([], description="What it scrapes.")
    rules: list[AlertRule] = Field([], description="The alert rules of the runbook and its playbooks.")
    rows: list[MetricRow] = Field([], description="The rows of the runbook's tables of metrics.")
    scope: dict[str, Scope] = Field({}, description="How far a failure reaches, figure by figure.")
    playbooks: str = Field("", description="File with the playbooks, below the root of components.files.")

    @field_validator("rules")
    @classmethod
    def _names_differ(cls, value: list[AlertRule]) -> list[AlertRule]:
        names = [rule.alert for rule in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"alert names must differ; twice here: {', '.join(twice)}")
        return value


class Alertmanager(Component):
    """An Alertmanager."""


class Grafana(Component):
    """A Grafana server, and the dashboards that it ought to have."""

    dashboards: list[Dashboard] = []


class Scored(Table):
    """Where a trace has the score of its answer."""

    observation: str = Field(min_length=1, description="Name of the observation, such as a span, that has it.")
    value: JmesPath = Field("metadata.score", description="JMESPath of the score in it.")
    low: float = Field(description="A score below this is a low one.")


class Langfuse(Component):
    """A Langfuse server."""

    scored: Scored | None = Field(None, description="Where the score of an answer stands among its traces.")
