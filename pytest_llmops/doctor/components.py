"""Asks each component what a daily run will ask of it, once: preflight, and the steps beyond."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.diagnosis import diagnose
from pytest_llmops.clients.http import purpose
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.doctor.findings import ComponentReport, bare
from pytest_llmops.doctor.steps import BEYOND, ready
from pytest_llmops.errors import CallFailed, LlmopsError, NotInstalled, Unsupported
from pytest_llmops.target.secrets import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.client import Client
    from pytest_llmops.doctor.findings import Pace, State
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target


class Examination:
    """Looks at the components of one target, one after the other: times taken side by side would tell little.

    Args:
        target: the deployment.
        ledger: where calls are counted; the target's budget and rate limits hold here too.
        pace: filled with how long calls take.
    """

    def __init__(self, target: Target, ledger: Ledger, pace: Pace) -> None:
        self.target = target
        self.ledger = ledger
        self.pace = pace
        self.clients: dict[str, Any] = {}
        self.reports: list[ComponentReport] = []

    def examine(self, name: str) -> ComponentReport:
        """Preflight, and what lies beyond it for this kind of component."""
        part = self.target.component(name)
        report = ComponentReport(name, without_userinfo(part.url or ""), part.required)
        self.reports.append(report)
        variable = part.auth.variable if part.auth else None
        if variable and not self.target.environ.get(variable):
            report.found("asked", f"not asked: ${variable} is not set", state="problem")
            return report
        try:
            client = connect(self.target, name, self.ledger)
            self.clients[name] = client
            with purpose("doctor"):
                if self._reached(client, report):
                    beyond = BEYOND.get(name, ready)
                    beyond(self, client, report)
        except LlmopsError as error:  # a key that is not set, a certificate that cannot be read, the budget
            report.wrong("asked", "problem", bare(error, name))
        if not report.ok:  # what it does not do takes no time that could be told
            self.pace.calls.pop(name, None)
        return report

    def close(self) -> None:
        """Give the connections back."""
        for client in self.clients.values():
            client.close()

    def _reached(self, client: Client, report: ComponentReport) -> bool:
        found = preflight(client, self.target.table.preflight_deadline)
        report.kind, report.facts = found.kind, found.facts
        for level, took_s in found.times.items():
            report.found(level, "", took_s)
        if found.kind:
            failed = next(name for name, _ in client.levels(0.0, {}) if name not in found.times)
            report.wrong(failed, "warning" if found.ok else "problem", found.failure, found.advice)
        if not found.kind:
            self.pace.calls[report.component] = found.times["reachable"]
        return not found.kind

    def attempt(
        self, report: ComponentReport, name: str, act: Callable[[], str], *, advice: str, otherwise: State = "warning"
    ) -> None:
        """Take a step, and note what it brought, or what is wrong and what to do."""
        start = time.perf_counter()
        try:
            said = act()
        except (NotInstalled, Unsupported) as error:  # its own words say what to do
            report.wrong(name, "warning", bare(error, report.component))
        except LlmopsError as error:
            if isinstance(error, CallFailed) and error.kind.startswith(("http-401", "http-403", "http-5")):
                advice = diagnose(self.clients[report.component], error, "").advice
            report.wrong(name, otherwise, bare(error, report.component), advice, time.perf_counter() - start)
        else:
            report.found(name, said, time.perf_counter() - start)

    @property
    def embedder(self) -> Any:
        """The client whose embeddings are searched with; None where there is none, or it is not there."""
        name = self.target.table.components.serving("llm")
        there = any(report.component == name and not report.kind for report in self.reports)
        return self.clients.get(name or "") if there else None
