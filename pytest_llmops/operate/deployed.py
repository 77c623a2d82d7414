"""An alert rule and a scrape job as they are deployed, beside what the runbook says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.judge.vacuity import metrics_of, mistaken
from pytest_llmops.promql import PromqlError, parse

if TYPE_CHECKING:
    from pytest_llmops.clients.watching import Rule, ScrapeTarget, Setup
    from pytest_llmops.target.monitoring import AlertRule, Job
    from pytest_llmops.target.watchers import Prometheus as PrometheusTable


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """An alert rule, held against the runbook.

    Attributes:
        alert: its name.
        differs: how the deployed rule is another than the runbook's; empty where it is the same and is evaluated.
        mistaken: trials that the runbook's rule gets wrong.
    """

    alert: str
    differs: list[str]
    mistaken: list[str]


@dataclass(frozen=True, slots=True)
class JobCheck:
    """A scrape job, held against the runbook.

    Attributes:
        job: its name.
        differs: how it is another than the runbook's.
        down: errors of its targets that are down.
        up: how many of its targets are up.
    """

    job: str
    differs: list[str]
    down: list[str]
    up: int


def checked_rule(table: AlertRule, deployed: list[Rule]) -> RuleCheck:
    """A rule of the runbook beside those of its name that are deployed."""
    return RuleCheck(table.alert, _differs(table, deployed), mistaken(table))


def checked_job(table: Job, scraped: list[ScrapeTarget], watch: PrometheusTable) -> JobCheck:
    """A job of the runbook beside the targets that are scraped for it."""
    down = [f"{one.url} is {one.health}: {one.error}" for one in scraped if one.health != "up"]
    differs = [said for one in scraped for said in _scraped_otherwise(table, one, watch)]
    differs = differs if scraped else [f"Prometheus has no target of job {table.job}"]
    return JobCheck(table.job, differs, down, len(scraped) - len(down))


def set_up_otherwise(table: PrometheusTable, found: Setup) -> list[str]:
    """How a Prometheus is set up otherwise than the runbook says, where it says anything."""
    wanted: dict[str, tuple[object, object]] = {
        "scrape_interval": (found.scrape_interval_s, table.scrape_interval),
        "evaluation_interval": (found.evaluation_interval_s, table.evaluation_interval),
    }
    wanted |= {
        f"external label {name}": (found.external_labels.get(name), text)
        for name, text in table.external_labels.items()
    }
    return [
        f"{what} is {_said(is_)}, not {_said(should)}"
        for what, (is_, should) in wanted.items()
        if should is not None and is_ != should
    ]


def untold(table: PrometheusTable, told: list[str]) -> list[str]:
    """The Alertmanagers of the runbook that are not among the addresses that are told, a sentence each."""
    places = {urlsplit(url).netloc for url in told}
    said = ", ".join(sorted(places)) or "nobody"
    return [f"it tells {said}, not {wanted}" for wanted in table.alertmanagers if wanted not in places]


def asked_for(expr: str) -> list[str]:
    """The series of a deployed rule; none where it asks for more than is known here."""
    try:
        return metrics_of(parse(expr))
    except PromqlError:
        return []


def _differs(table: AlertRule, deployed: list[Rule]) -> list[str]:
    if not deployed:
        return [f"no rule {table.alert} is deployed"]
    rule, name = deployed[0], table.alert
    said = [f"{name} cannot be evaluated: {rule.error}"] if rule.health == "err" else []
    if _plain(rule.expr) != _plain(table.expr):
        said.append(f"{name} is {rule.expr}, not {table.expr}")
    if rule.for_s != table.for_s:
        said.append(f"{name} waits {rule.for_s:g} s, not {table.for_s:g} s")
    for label, text in table.all_labels.items():
        if rule.labels.get(label) != text:
            said.append(f"{name} has {label} {rule.labels.get(label)!r}, not {text!r}")
    return said


def _plain(expr: str) -> str:
    """An expression without its writer's line breaks and blanks."""
    try:
        return str(parse(expr).prettify())
    except PromqlError:
        return expr


def _scraped_otherwise(table: Job, one: ScrapeTarget, watch: PrometheusTable) -> list[str]:
    interval_s = table.interval or watch.scrape_interval
    said = []
    if not one.url.partition("?")[0].endswith(table.path):
        said.append(f"{table.job} is scraped at {one.url}, not at {table.path}")
    if interval_s and one.interval_s is not None and one.interval_s != interval_s:
        said.append(f"{table.job} is scraped every {one.interval_s:g} s, not every {interval_s:g} s")
    if one.timeout_s is not None and one.timeout_s != table.timeout:
        said.append(f"{table.job} times out after {one.timeout_s:g} s, not {table.timeout:g} s")
    return said


def _said(value: object) -> str:
    return f"{value:g} s" if isinstance(value, float) else repr(value)
