"""What watches a target, held against what its runbook says: rules, jobs, set-up; and whether each can say anything."""

from __future__ import annotations

import math
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.judge.vacuity import Finding, metrics_of, mistaken
from pytest_llmops.operate.alert_history import written
from pytest_llmops.promql import PromqlError, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.watching import Alert, Fired, Rule, ScrapeTarget
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


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a failure reaches.

    Attributes:
        parts: name, value and unit of each part of each figure.
        silent: figures that say nothing.
    """

    parts: list[tuple[str, float, str]]
    silent: list[str]

    def whole(self) -> None:
        """Go on only where every figure says something.

        Raises:
            Vacuous: one does not.
        """
        if self.silent:
            raise Vacuous(f"prometheus: {', '.join(self.silent)} says nothing: nothing was counted lately.")


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

    @property
    def jobs(self) -> list[str]:
        """Names of the scrape jobs that the profile describes."""
        return [job.job for job in self._watch.jobs]

    def history(self, fired: Sequence[Fired], last_s: float) -> str:
        """The alerts that fired within a time, as a document."""
        return written(fired, last_s)

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

    def missing_files(self) -> list[str]:
        """Rule files of the runbook that no group of rules came of; that one is configured does not show that it is there.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        watch = self._watch
        assert self._prometheus is not None
        loaded = {rule.file.rpartition("/")[2] for rule in self._prometheus.rules()}
        return [name for name in watch.rule_files if name.rpartition("/")[2] not in loaded]

    def scraped(self, pattern: str) -> list[str]:
        """Names of series that Prometheus has and that match a regular expression as a whole.

        Raises:
            Vacuous: none does.
            CallFailed: Prometheus cannot be asked.
        """
        assert self._prometheus is not None
        found = [name for name in self._prometheus.labels("__name__") if re.fullmatch(pattern, name, re.IGNORECASE)]
        if not found:
            raise Vacuous(f"prometheus: it has no series like {pattern!r}: no job yields it, and no rule can watch it.")
        return found

    def rules_about(self, names: Iterable[str]) -> list[str]:
        """The deployed alert rules that ask for one of these series.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        assert self._prometheus is not None
        wanted = set(names)
        rules = [rule for rule in self._prometheus.rules() if rule.kind == "alerting"]
        return [rule.name for rule in rules if wanted & set(_asked_for(rule.expr))]

    def scope(self, ask: Callable[[], object]) -> Reach:
        """How far a failure reaches: the figures of the profile's ``scope`` now, part by part.

        Where nothing was counted lately there is nothing to see, so it is asked and looked again for three scrapes.

        Args:
            ask: makes the service count something; what it raises for a failed call is no matter here.

        Raises:
            Unsupported: the profile describes none.
            CallFailed: Prometheus cannot be asked.
        """
        if not self._watch.scope:
            raise Unsupported(f"the profile of {self._target.name} describes no scope of a failure.")
        faster = self._target.table.sandbox.compress if self._target.table.environment == "sandbox" else 1.0
        pause_s = max(0.5, (self._watch.scrape_interval or 30.0) / faster)
        deadline = time.monotonic() + max(5.0, 3 * pause_s)
        while True:
            found = {name: self._parts(table.expr) for name, table in self._watch.scope.items()}
            silent = [name for name, parts in found.items() if not parts]
            if not silent or time.monotonic() > deadline:
                units = {name: table.unit for name, table in self._watch.scope.items()}
                parts = [(name, part, value) for name, several in found.items() for part, value in several.items()]
                return Reach([(f"{name}[{part}]", value, units[name]) for name, part, value in parts], silent)
            with suppress(CallFailed):
                ask()
            time.sleep(pause_s)

    def _parts(self, expr: str) -> dict[str, float]:
        assert self._prometheus is not None
        readings = [one for one in self._prometheus.query(expr) if math.isfinite(one.value)]
        return {",".join(one.labels.values()) or "all": one.value for one in readings}

    def playbooks(self) -> list[str]:
        """The headings of the document with the playbooks.

        Raises:
            Unsupported: the profile names none.
            CallFailed: it is not there (kind ``absent``).
        """
        name, files = self._watch.playbooks, self._target.table.components.files
        if not name or files is None:
            raise Unsupported(f"the profile of {self._target.name} names no document with playbooks.")
        path = self._target.root / files.root / name
        if not path.is_file():
            said = f"files: {name}, the document with the playbooks, is not there."
            raise CallFailed("files", "absent", said)
        lines = path.read_text(encoding="utf-8").splitlines()
        return [line.removeprefix("## ").strip() for line in lines if line.startswith("## ")]

    def unwritten(self) -> list[str]:
        """Alerts of the profile whose playbook is not in the document.

        Raises:
            Unsupported, CallFailed: as in :meth:`playbooks`.
        """
        written = set(self.playbooks())
        return [rule.alert for rule in self._watch.rules if rule.playbook and rule.playbook not in written]

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


def _asked_for(expr: str) -> list[str]:
    try:
        return metrics_of(parse(expr))
    except PromqlError:
        return []


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
