"""What watches a target, held against what its runbook says: rules, jobs, set-up; and whether each can say anything."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.errors import CallFailed, Unreachable, Unsupported, Vacuous
from pytest_llmops.judge.vacuity import Finding
from pytest_llmops.operate.alert_history import written
from pytest_llmops.operate.deployed import asked_for, checked_job, checked_rule, set_up_otherwise, untold
from pytest_llmops.operate.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.watching import Alert, Fired
    from pytest_llmops.operate.deployed import JobCheck, RuleCheck
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.watchers import Prometheus as PrometheusTable

WITHIN_S = 60.0
"""How long it is looked at how far a failure reaches, while nothing was counted."""


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
            raise Vacuous(f"prometheus: {', '.join(self.silent)} says nothing: nothing was counted lately.")


class Lint:
    """What the lint found, and what is asked of the watchers as they are now.

    Args:
        target: with its profile's tables.
        fact: what :func:`pytest_llmops.operate.lint.look` found.
        prometheus: its client; None where the target has none, or it did not pass preflight.
        ledger: whose budget of seconds is waited out of.
        say: told that somebody has to wait.

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
    ) -> None:
        self._target = target
        self._prometheus = prometheus
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
        return checked_job(table, scraped, self._watch)

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
        """Alerts that fire, those left out that a scrape job causes which is always down.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        dead = {one.what for one in self.of("job")}
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
        """Names of series that Prometheus has and that match a regular expression as a whole.

        Raises:
            Vacuous: none does.
            CallFailed: Prometheus cannot be asked.
        """
        found = [name for name in self._asked.labels("__name__") if re.fullmatch(pattern, name, re.IGNORECASE)]
        if not found:
            raise Vacuous(f"prometheus: it has no series like {pattern!r}: no job yields it, and no rule can watch it.")
        return found

    def rules_about(self, names: Iterable[str]) -> list[str]:
        """The deployed alert rules that ask for one of these series.

        Raises:
            CallFailed: Prometheus cannot be asked.
        """
        wanted = set(names)
        rules = [rule for rule in self._asked.rules() if rule.kind == "alerting"]
        return [rule.name for rule in rules if wanted & set(asked_for(rule.expr))]

    def scope(self, ask: Callable[[], object]) -> Reach:
        """How far a failure reaches: the figures of the profile's ``scope`` now, part by part.

        Where nothing was counted lately there is nothing to see, so it is asked, and looked at again a scrape later,
        within a minute and the run's budget.

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
        found: dict[str, dict[str, float]] = {}
        calls: dict[str, str] = {}

        def seen() -> bool:
            for name, table in self._watch.scope.items():
                found[name] = self._parts(table.expr)
                calls[name] = last_exchange.get()
            if all(found.values()):
                return True
            with suppress(CallFailed):
                ask()
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
