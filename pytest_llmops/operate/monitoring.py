"""What watches a target, held against what its runbook says: rules, jobs, set-up; and whether each can say anything."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.errors import CallFailed, Unreachable, Unsupported, Vacuous
from pytest_llmops.judge.condition import once_fired
from pytest_llmops.judge.vacuity import Finding
from pytest_llmops.operate.alert_history import AlertHistory
from pytest_llmops.operate.deployed import asked_for, checked_job, checked_rule, set_up_otherwise, untold
from pytest_llmops.operate.patience import Patience
from pytest_llmops.promql.memory import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.watching import Alert
    from pytest_llmops.operate.deployed import JobCheck, RuleCheck
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.watchers import Prometheus as PrometheusTable

RESIDENT = ".*resident.*bytes"
"""Series by which a process tells what it holds in memory: process_resident_memory_bytes, Qdrant's own."""

CONTAINER_MEMORY = "container_memory_(usage|working_set|rss).*"
"""Series by which cAdvisor and the kubelet tell it of a container."""

WITHIN_S = 60.0
"""How long it is looked at how far a failure reaches, while nothing was counted."""

ROUNDS = 6
"""Rounds of questions that make the service count something: a rate needs two scrapes, and each comes within two."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a failure reaches.

    Attributes:
        parts: name, value and unit of each part of each figure.
        silent: figures that say nothing.
        calls: the call that each figure came by, as a command.
    """

    parts: list[tuple[str, float, str]]
    silent: list[str]
    calls: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[str, float, str]]:
        """The parts, one after the other; meanwhile the newest call is the one that it came by."""
        for part in self.parts:
            last_exchange.set(self.calls.get(part[0].partition("[")[0], ""))
            yield part

    def whole(self) -> None:
        """Go on only where every figure says something.

        Raises:
            Vacuous: one does not.
        """
        if self.silent:
            raise Vacuous(f"prometheus says nothing of {', '.join(self.silent)}: nothing was counted lately.")


class Lint:
    """What the lint found, and what is asked of the watchers as they are now.

    Args:
        target: with its profile's tables.
        fact: what :func:`pytest_llmops.operate.lint.look` found.
        prometheus: its client; None where the target has none, or it did not pass preflight.
        ledger: whose budget of seconds is waited out of.
        say: told that somebody has to wait.
        ask: makes the service count something, whether or not it passed preflight.

    Attributes:
        findings: what can say nothing, each by name.
        untrue: declarations of the profile that are not so, each in a sentence.
    """

    def __init__(
        self,
        target: Target,
        fact: Mapping[str, Any],
        prometheus: Prometheus | None,
        ledger: Ledger,
        say: Callable[[str], object],
        ask: Callable[[], object],
    ) -> None:
        self._target = target
        self._prometheus = prometheus
        self._ask = ask
        self._patience = Patience(ledger, say, WITHIN_S)
        self.findings = [Finding(**one) for one in fact["findings"]]
        self.untrue: list[str] = list(fact["untrue"])

    def of(self, kind: str, what: str | None = None) -> list[Finding]:
        """The findings of a kind, or of one thing."""
        return [one for one in self.findings if one.kind == kind and what in {None, one.what}]

    def unknown(self, kind: str, what: str | None = None) -> list[str]:
        """Findings of a kind, or of one thing, that the profile does not declare, each in a line."""
        return [str(one) for one in self.of(kind, what) if not one.known]

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
        deployed = [rule for rule in self._asked.rules() if rule.name == alert]
        return checked_rule(table, deployed)

    def job(self, name: str) -> JobCheck:
        """A scrape job of the runbook, as it is now.

        Raises:
            Unsupported: the profile describes no such job.
            CallFailed: Prometheus cannot be asked.
        """
        table = next((job for job in self._watch.jobs if job.job == name), None)
        if table is None:
            raise Unsupported(f"the profile of {self._target.name} describes no scrape job {name!r}.")
        scraped = [one for one in self._asked.targets() if one.job == name]
        part = self._target.table.components.configured().get(table.component)
        return checked_job(table, scraped, self._watch, part.url if part else None)

    @property
    def jobs(self) -> list[str]:
        """Names of the scrape jobs that the profile describes."""
        return [job.job for job in self._watch.jobs]

    def alert_history(self, last_s: float) -> AlertHistory:
        """The alerts that fired within a time; of those that a dead job or a rule causes that says nothing, why.

        Args:
            last_s: from so many seconds ago until now.

        Raises:
            Vacuous: nothing was scraped in that time.
            CallFailed: Prometheus cannot be asked.
        """
        fired, memory = self._asked.fired(last_s=last_s), self._asked.memory(last_s=last_s)
        jobs = {one.what: one.known or one.why for one in self.of("job")}
        rules = {one.what: one.known or once_fired(one.why) for one in self.of("rule")}
        why = {one.title: jobs.get(one.job) or rules.get(one.name, "") for one in fired}
        return AlertHistory(tuple(fired), memory, {title: said for title, said in why.items() if said})

    def setup(self) -> list[str]:
        """How Prometheus' own set-up is another than the runbook's; empty where it is the same.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        table, prometheus = self._watch, self._asked
        return set_up_otherwise(table, prometheus.setup())

    def untold(self) -> list[str]:
        """The runbook's Alertmanagers that Prometheus does not tell now, a sentence each.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        table, prometheus = self._watch, self._asked
        return untold(table, prometheus.alertmanagers())

    def firing(self) -> list[Alert]:
        """Alerts that fire, those left out that a scrape job causes which is declared to be always down.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        dead = {one.what for one in self.of("job") if one.known}
        return [
            alert for alert in self._asked.alerts() if alert.state == "firing" and alert.labels.get("job") not in dead
        ]

    def strangers(self) -> list[str]:
        """Alert rules and firing alerts that no playbook and no rule of the runbook knows, by name.

        A heading of the document with the playbooks counts, where the profile names one.

        Raises:
            CallFailed: Prometheus cannot be asked, or the document is not there (kind ``absent``).
        """
        known = {rule.alert for rule in self._watch.rules}
        if self._watch.playbooks and self._target.table.components.files is not None:
            known |= set(self.playbooks())
        there = {rule.name for rule in self._asked.rules() if rule.kind == "alerting"}
        there |= {alert.name for alert in self._asked.alerts()}
        return sorted(there - known)

    def missing_files(self) -> list[str]:
        """Rule files of the runbook that no group of rules came of: one that is configured need not be there.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        watch = self._watch
        loaded = {rule.file.rpartition("/")[2] for rule in self._asked.rules()}
        return [name for name in watch.rule_files if name.rpartition("/")[2] not in loaded]

    def scraped(self, pattern: str) -> list[str]:
        """Names of the series that Prometheus has now, those that it once had left out.

        Args:
            pattern: a regular expression that the whole name matches, whatever its case.

        Raises:
            Vacuous: there is none.
            CallFailed: Prometheus cannot be asked.
        """
        found = self._now(pattern)
        if not found:
            raise Vacuous(f"prometheus: it has no series like {pattern!r}: no job yields it, and no rule can watch it.")
        return found

    def memory_of(self, part: str, containers: Iterable[str]) -> list[str]:
        """Names of the series that tell now how much memory a part of the system holds; empty where it is silent.

        They come of the part's own page, or of cAdvisor and the kubelet, which tell it of its containers.

        Args:
            part: a component.
            containers: names of the containers or pods that it runs in.

        Raises:
            Vacuous: there is none, and none can be: no job of the profile scrapes the part, or one that yields nothing.
            CallFailed: Prometheus cannot be asked.
        """
        jobs, held = [job.job for job in self._watch.jobs if job.component == part], _any_of(containers)
        found = self._now(RESIDENT, job=_any_of(jobs)) if jobs else []
        found += [name for label in ("name", "pod") for name in self._now(CONTAINER_MEMORY, **{label: held})]
        dead = {one.what: one.known for one in self.of("job") if one.known}
        if not found and all(job in dead for job in jobs):
            why = "; ".join(f"job {job}: {dead[job]}" for job in jobs) or "no job scrapes it"
            raise Vacuous(
                f"prometheus: nothing can tell how much memory {part} holds: {why}, and cAdvisor does not report it."
            )
        return found

    def _now(self, pattern: str, **labels: str) -> list[str]:
        """Names of the series that have a sample now; a pattern for the name, and for labels."""
        patterns = {NAME: f"(?i:{pattern})", **labels}
        asked = ",".join(f"{label}=~{json.dumps(wanted)}" for label, wanted in patterns.items())
        return sorted({reading.labels[NAME] for reading in self._asked.query(f"{{{asked}}}")})

    def rules_about(self, names: Iterable[str]) -> list[str]:
        """The deployed alert rules that ask for one of these series.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        wanted = set(names)
        rules = [rule for rule in self._asked.rules() if rule.kind == "alerting"]
        return [rule.name for rule in rules if wanted & set(asked_for(rule.expr))]

    def scope(self) -> Reach:
        """How far a failure reaches: the figures of the profile's ``scope`` now, part by part, by Prometheus alone.

        Where nothing was counted lately there is nothing to see, so the service is asked a few questions, and it is
        looked at again a scrape later, within a minute and the run's budget. A service that gives no answer counts
        nothing, and what nobody scrapes is not seen: then it is told what there is.

        Raises:
            Unsupported: the profile describes none.
            CallFailed: Prometheus cannot be asked.
        """
        if not self._watch.scope:
            raise Unsupported(f"the profile of {self._target.name} describes no scope of a failure.")
        pause_s = max(0.5, (self._watch.scrape_interval or 30.0) / self._target.table.faster)
        found: dict[str, dict[str, float]] = {}
        calls: dict[str, str] = {}
        rounds = iter(range(ROUNDS))

        def seen() -> bool:
            for name, table in self._watch.scope.items():
                found[name] = self._parts(table.expr)
                calls[name] = last_exchange.get()
            if all(found.values()):
                return True
            try:
                next(rounds)
                self._ask()
            except (StopIteration, CallFailed, Unsupported):
                return any(found.values())
            return False

        self._patience.until(seen, pause_s, "waiting until Prometheus has counted something")
        units = {name: table.unit for name, table in self._watch.scope.items()}
        parts = [(name, part, value) for name, several in found.items() for part, value in several.items()]
        silent = [name for name, several in found.items() if not several]
        return Reach([(f"{name}[{part}]", value, units[name]) for name, part, value in parts], silent, calls)

    def _parts(self, expr: str) -> dict[str, float]:
        readings = [one for one in self._asked.query(expr) if math.isfinite(one.value)]
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
        if table is None:
            raise Unsupported(f"target {self._target.name} has no Prometheus.")
        return table

    @property
    def _asked(self) -> Prometheus:
        """The client of Prometheus.

        Raises:
            Unsupported: the target has none.
            Unreachable: it has one that did not pass preflight.
        """
        table, client = self._watch, self._prometheus
        if client is None:
            raise Unreachable("prometheus", f"prometheus at {table.url} did not pass preflight.")
        return client


def _any_of(words: Iterable[str]) -> str:
    """A regular expression that any of these words is."""
    return "|".join(map(re.escape, words))
