"""What watches a target, held against what its runbook says: rules, jobs, set-up; and whether each can say anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import Unsupported, Vacuous
from pytest_llmops.judge.vacuity import Finding, mistaken
from pytest_llmops.promql import PromqlError, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.watching import Alert, Rule, ScrapeTarget
    from pytest_llmops.target.components import Prometheus as PrometheusTable
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.monitoring import AlertRule, Job


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


class Lint:
    """What the lint found, and what is asked of the watchers as they are now.

    Args:
        target: with its profile's tables.
        fact: what :func:`pytest_llmops.operate.lint.look` found.
        prometheus: its client; None where the target has none.

    Attributes:
        findings: what can say nothing, each by name.
        untrue: declarations of the profile that are not so, each in a sentence.
    """

    def __init__(self, target: Target, fact: Mapping[str, Any], prometheus: Prometheus | None) -> None:
        self._target = target
        self._prometheus = prometheus
        self.findings = [Finding(**one) for one in fact["findings"]]
        self.untrue: list[str] = list(fact["untrue"])

    def of(self, kind: str, what: str | None = None) -> list[Finding]:
        """The findings of a kind, or of one thing."""
        return [one for one in self.findings if one.kind == kind and what in {None, one.what}]

    def unknown(self, kind: str) -> list[str]:
        """Findings of a kind that the profile does not declare, each in a line."""
        return [str(one) for one in self.of(kind) if not one.known]

    def meant(self, kind: str, what: str | None = None) -> None:
        """Go on only where nothing was found.

        Raises:
            Vacuous: something can say nothing; one line for each.
        """
        if found := self.of(kind, what):
            raise Vacuous("\n".join(map(str, found)))

    def rule(self, alert: str) -> RuleCheck:
        """An alert rule of the runbook, as it is deployed now.

        Raises:
            Unsupported: the profile describes no such rule.
            CallFailed: Prometheus cannot be asked.
        """
        table = next((rule for rule in self._watch.rules if rule.alert == alert), None)
        if table is None:
            raise Unsupported(f"the profile of {self._target.name} describes no alert rule {alert!r}.")
        assert self._prometheus is not None
        deployed = [rule for rule in self._prometheus.rules() if rule.name == alert]
        return RuleCheck(alert, _differs(table, deployed), mistaken(table))

    def job(self, name: str) -> JobCheck:
        """A scrape job of the runbook, as it is now.

        Raises:
            Unsupported: the profile describes no such job.
            CallFailed: Prometheus cannot be asked.
        """
        table = next((job for job in self._watch.jobs if job.job == name), None)
        if table is None:
            raise Unsupported(f"the profile of {self._target.name} describes no scrape job {name!r}.")
        assert self._prometheus is not None
        scraped = [one for one in self._prometheus.targets() if one.job == name]
        down = [f"{one.url} is {one.health}: {one.error}" for one in scraped if one.health != "up"]
        differs = [said for one in scraped for said in _scraped_otherwise(table, one, self._watch)]
        return JobCheck(
            name,
            differs or ([] if scraped else [f"Prometheus has no target of job {name}"]),
            down,
            len(scraped) - len(down),
        )

    def setup(self) -> list[str]:
        """How Prometheus' own set-up is another than the runbook's; empty where it is the same.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        table, prometheus = self._watch, self._prometheus
        assert prometheus is not None
        found = prometheus.setup()
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

    def firing(self) -> list[Alert]:
        """Alerts that fire, those left out that a scrape job causes which is always down.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        assert self._prometheus is not None
        dead = {one.what for one in self.of("job")}
        return [
            alert
            for alert in self._prometheus.alerts()
            if alert.state == "firing" and alert.labels.get("job") not in dead
        ]

    def strangers(self) -> list[str]:
        """Alert rules and firing alerts that no playbook and no rule of the runbook knows, by name.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        assert self._prometheus is not None
        known = {rule.alert for rule in self._watch.rules}
        there = {rule.name for rule in self._prometheus.rules() if rule.kind == "alerting"}
        there |= {alert.name for alert in self._prometheus.alerts()}
        return sorted(there - known)

    @property
    def _watch(self) -> PrometheusTable:
        """The profile's table of Prometheus.

        Raises:
            Unsupported: there is none.
        """
        table = self._target.table.components.prometheus
        if table is None or self._prometheus is None:
            raise Unsupported(f"target {self._target.name} has no Prometheus.")
        return table


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
