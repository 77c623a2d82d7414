"""An alert rule and a scrape job as they are deployed, beside what the runbook says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.judge.condition import metrics_of
from pytest_llmops.judge.vacuity import mistaken
from pytest_llmops.promql import PromqlError, parse
from pytest_llmops.promql.memory import NAME
from pytest_llmops.promql.trial import series

if TYPE_CHECKING:
    from pytest_llmops.clients.watching import Rule, ScrapeTarget, Setup
    from pytest_llmops.target.monitoring import AlertRule, Job
    from pytest_llmops.target.watchers import Prometheus as PrometheusTable


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """An alert rule, held against the runbook.

    Attributes:
        alert: its name.
        differs: how the deployed rule is another than the runbook's; empty where it is evaluated and is the same, or
            has a condition of its own that gets every trial right.
        mistaken: trials that the runbook's condition gets wrong, where it is what is deployed.
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
    same = not deployed or _plain(deployed[0].expr) == _plain(table.expr)
    return RuleCheck(table.alert, _differs(table, deployed, same=same), mistaken(table) if same else [])


def checked_job(table: Job, scraped: list[ScrapeTarget], watch: PrometheusTable, url: str | None) -> JobCheck:
    """A job of the runbook beside the targets that are scraped for it.

    Args:
        table: what the runbook says of the job.
        scraped: its targets.
        watch: what the runbook says of all jobs.
        url: where the component that it scrapes is asked by us; its port is as good as the runbook's.
    """
    down = [f"{one.url} is {one.health}: {one.error}" for one in scraped if one.health != "up"]
    ports = {port for port in (table.port, _port(url) if url else None) if port is not None}
    differs = [said for one in scraped for said in _scraped_otherwise(table, one, watch, ports)]
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


def _differs(table: AlertRule, deployed: list[Rule], *, same: bool) -> list[str]:
    if not deployed:
        return [f"no rule {table.alert} is deployed"]
    rule, name = deployed[0], table.alert
    said = [f"{name} cannot be evaluated: {rule.error}"] if rule.health == "err" else []
    if not same:
        said += _tried(table, rule.expr)
    if rule.for_s != table.for_s:
        said.append(f"{name} waits {rule.for_s:g} s, not {table.for_s:g} s")
    for label, text in table.all_labels.items():
        if rule.labels.get(label) != text:
            said.append(f"{name} has {label} {rule.labels.get(label)!r}, not {text!r}")
    return said


def _tried(table: AlertRule, expr: str) -> list[str]:
    """What speaks against a condition that is not the runbook's: nothing where it gets every trial right."""
    other = f"{table.alert} is {expr}, not {table.expr}"
    if not table.trials:
        return [other]
    made_up = {series(text).get(NAME) for trial in table.trials for text in table.samples(trial)}
    if strange := [name for name in asked_for(expr) if name not in made_up]:
        return [f"{other}, and no trial has samples of {', '.join(strange)}: describe it with trials of its own"]
    try:
        wrong = mistaken(table.model_copy(update={"expr": expr}))
    except PromqlError as error:
        return [f"{other}, and cannot be tried: {str(error).rstrip('.')}"]
    return [f"{other}, and {'; '.join(wrong)}"] if wrong else []


def _plain(expr: str) -> str:
    """An expression without its writer's line breaks and blanks."""
    try:
        return str(parse(expr).prettify())
    except PromqlError:
        return expr


def _scraped_otherwise(table: Job, one: ScrapeTarget, watch: PrometheusTable, ports: set[int]) -> list[str]:
    interval_s = table.interval or watch.scrape_interval
    said = []
    if not one.url.partition("?")[0].endswith(table.path):
        said.append(f"{table.job} is scraped at {one.url}, not at {table.path}")
    if ports and _port(one.url) not in ports:
        said.append(f"{table.job} is scraped at {one.url}, not at port {' or '.join(map(str, sorted(ports)))}")
    if interval_s and one.interval_s is not None and one.interval_s != interval_s:
        said.append(f"{table.job} is scraped every {one.interval_s:g} s, not every {interval_s:g} s")
    if one.timeout_s is not None and one.timeout_s != table.timeout:
        said.append(f"{table.job} times out after {one.timeout_s:g} s, not {table.timeout:g} s")
    return said


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _said(value: object) -> str:
    return f"{value:g} s" if isinstance(value, float) else repr(value)
