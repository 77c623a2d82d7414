"""What ought to watch a system, by its runbook: scrape jobs, alert rules with their trials, dashboards."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from pytest_llmops.promql import PromqlError, parse
from pytest_llmops.promql.memory import NAME
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
    port: int | None = Field(
        None, gt=0, le=65_535, description="Of the component in Prometheus' network; the port of its url will do, too."
    )
    interval: Seconds | None = Field(None, gt=0, description="Between scrapes; without it the global one.")
    timeout: Seconds = Field(10.0, gt=0)


class Trial(Table):
    """Made-up series over which a rule has to fire, or must not."""

    says: str = Field(min_length=1, description="What the series are like, e.g. '6 percent of errors'.")
    samples: dict[str, str] = Field({}, description="Series to samples as Prometheus' rule tests: '0+10x20'.")
    takes: dict[str, Seconds] = Field(
        {}, description="Series of a histogram, without _bucket, to what everything that it counts takes."
    )
    interval: Seconds = Field(15.0, gt=0, description="Between samples.")
    at: Seconds = Field(description="After how long the rule is looked at.")
    fires: bool

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if not self.samples and not self.takes:
            raise ValueError("a trial needs series; give it samples, or takes for a histogram")
        try:
            for text in (*self.samples, *self.takes):
                series(text)
            for said in self.samples.values():
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
    buckets: dict[str, list[float]] = Field({}, description="Histogram to the finite bounds of its buckets, in order.")
    trials: list[Trial] = []

    @model_validator(mode="after")
    def _buckets_are_known(self) -> Self:
        for text in (text for trial in self.trials for text in trial.takes):
            if (name := series(text).get(NAME, "")) not in self.buckets:
                raise ValueError(f"the histogram {name!r} has no buckets; give buckets.{name} its finite bounds")
        return self

    def samples(self, trial: Trial) -> dict[str, str]:
        """The made-up series of a trial, those of its histograms among them: series to samples."""
        last = int(trial.at / trial.interval)
        found = dict(trial.samples)
        for text, took_s in trial.takes.items():
            labels = series(text)
            for bound in (*self.buckets[labels[NAME]], float("inf")):
                le = "+Inf" if bound == float("inf") else f"{bound:g}"
                found[_written(labels, "_bucket", le=le)] = f"0+{_EACH if took_s <= bound else 0}x{last}"
            found[_written(labels, "_count")] = f"0+{_EACH}x{last}"
            found[_written(labels, "_sum")] = f"0+{_EACH * took_s:g}x{last}"
        return found

    @property
    def all_labels(self) -> dict[str, str]:
        """Those that it adds, severity among them."""
        return {**({"severity": self.severity} if self.severity else {}), **self.labels}


_EACH = 30
"""What a made-up histogram counts from one sample to the next."""


def _written(labels: dict[str, str], ending: str, **more: str) -> str:
    """A series of a histogram, as an expression would name it."""
    own = {name: text for name, text in labels.items() if name != NAME} | more
    named = ",".join(f'{name}="{text}"' for name, text in own.items())
    return f"{labels[NAME]}{ending}{{{named}}}"


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
