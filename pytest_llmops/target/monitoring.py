"""What ought to watch a system, by its runbook: scrape jobs, alert rules with their trials, dashboards."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from pytest_llmops.promql import PromqlError, parse
from pytest_llmops.promql.trial import series, values
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.table import Table


def _is_promql(text: str) -> str:
    try:
        parse(text)
    except PromqlError as error:
        raise ValueError(str(error).rstrip(".")) from None
    return text


PromQL = Annotated[str, AfterValidator(_is_promql)]


class Job(Table):
    """A scrape job that Prometheus has."""

    job: str = Field(min_length=1)
    component: str = Field(
        min_length=1, description="Which component of the target it scrapes; machine: node exporter."
    )
    path: str = "/metrics"
    interval: Seconds | None = Field(None, gt=0, description="Between scrapes; without it the global one.")
    timeout: Seconds = Field(10.0, gt=0)


class Trial(Table):
    """Made-up series over which a rule has to fire, or must not."""

    says: str = Field(min_length=1, description="What the series are like, e.g. '6 percent of errors'.")
    samples: dict[str, str] = Field(min_length=1, description="Series to samples as Prometheus' rule tests: '0+10x20'.")
    interval: Seconds = Field(15.0, gt=0, description="Between samples.")
    at: Seconds = Field(description="After how long the rule is looked at.")
    fires: bool

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        for text, said in self.samples.items():
            try:
                series(text)
                list(values(said))
            except PromqlError as error:
                raise ValueError(str(error).rstrip(".")) from None
        return self


class AlertRule(Table):
    """An alert rule of the runbook or a playbook."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    alert: str = Field(min_length=1)
    expr: PromQL
    for_s: Seconds = Field(0.0, ge=0, alias="for", description="How long it must hold.")
    severity: str = ""
    labels: dict[str, str] = Field({}, description="That it adds beside severity.")
    group: str = Field("", description="The group of rules that holds it.")
    deployed: bool = Field(True, description="false: known from a text alone, no Prometheus evaluates it.")
    playbook: str = Field("", description="Heading of the playbook that says what to do.")
    wants: str = Field("", description="What the runbook means it to say.")
    trials: list[Trial] = []

    @property
    def all_labels(self) -> dict[str, str]:
        """Those that it adds, severity among them."""
        return {**({"severity": self.severity} if self.severity else {}), **self.labels}


class MetricRow(Table):
    """A row of the runbook's tables of metrics, and the series that would fill it."""

    row: str = Field(min_length=1)
    series: PromQL | None = Field(
        None, description="What Prometheus must have; without it nothing is known to yield it."
    )


class Scope(Table):
    """One figure that says how far a failure reaches, split by its expression."""

    expr: PromQL
    unit: str = ""


class Panel(Table):
    """One panel of a dashboard."""

    title: str
    queries: list[PromQL] = []


class Row(Table):
    """One row of a dashboard."""

    title: str
    panels: list[Panel] = []


class Dashboard(Table):
    """A dashboard that Grafana has."""

    uid: str = Field(min_length=1)
    title: str
    rows: list[Row] = []


class Vacuity(Table):
    """Something that a runbook asks for, and that can say nothing on this system: ``[[vacuous]]``."""

    kind: Literal["rule", "metric", "job", "panel", "command", "row"]
    what: str = Field(min_length=1, description="Its name.")
    why: str = Field(min_length=1, description="Why it can say nothing.")
