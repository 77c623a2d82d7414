"""What the embedded Prometheus does: scrape the stack's parts, keep the samples, evaluate the rules."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families

from pytest_llmops.promql import AlertRule, Memory, PromqlError, Watch, labels_of
from pytest_llmops.sandbox import access
from pytest_llmops.target.watchers import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.promql import Active, Labels
    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.target.monitoring import Job

EVERY_S = 1.0
"""Between two rounds, whatever interval the profile says: time is compressed here."""

KEPT_S = 3600.0
NOWHERE = "http://127.0.0.1:1"
"""Where nobody listens: a target that is down, or that the stack has no part for."""

_AGENT = "Prometheus/2.53.0"
_PARTS = {"api": "api", "qdrant": "vectors", "ollama": "llm", "openai": "llm"}


@dataclass
class Scraped:
    """A scrape target.

    Attributes:
        job: its job, as the profile says.
        url: where it is scraped.
        interval_s, timeout_s: as the server says of itself.
        health, error: of the last scrape.
        at, took_s: when that was, in epoch seconds, and how long it took.
        held: the series that it has now.
        headers: that sign the scrape, where the page asks for a key.
    """

    job: Job
    url: str
    interval_s: float
    timeout_s: float
    health: str = "unknown"
    error: str = ""
    at: float = 0.0
    took_s: float = 0.0
    held: set[Labels] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def labels(self) -> dict[str, str]:
        """Those that its samples get."""
        return {"job": self.job.job, "instance": urlsplit(self.url).netloc}


@dataclass
class Evaluated:
    """A rule as it is evaluated here.

    Attributes:
        rule: as the server says: its own duration, not the compressed one.
        group: that holds it.
        watch: evaluates it.
        error: of the last evaluation; empty where it went well.
        at: when that was, in epoch seconds; 0 before the first.
        active: alerts whose condition holds.
    """

    rule: AlertRule
    group: str
    watch: Watch
    error: str = ""
    at: float = 0.0
    active: list[Active] = field(default_factory=list)

    @property
    def state(self) -> str:
        """``firing``, ``pending`` or ``inactive``."""
        states = {alert.state for alert in self.active}
        return next((state for state in ("firing", "pending") if state in states), "inactive")


class Scraping:
    """The embedded Prometheus without its routes.

    Args:
        stack: whose parts are scraped.

    Attributes:
        lock: held by whoever reads or writes what follows.
        memory: the samples.
        targets: what is scraped.
        rules: what is evaluated.
    """

    def __init__(self, stack: Stack) -> None:
        self.lock = threading.Lock()
        self.memory = Memory()
        self.config = stack.components.prometheus or Prometheus()
        self.targets = list(_targets(stack, self.config))
        self.rules = list(_rules(stack, self.config))
        self._alerts: set[Labels] = set()
        self._told: set[str] = set()
        self._http = httpx.Client(trust_env=False, headers={"User-Agent": _AGENT}, timeout=2.0)

    def start(self) -> None:
        """Go round once, and from then on again and again beside whatever else this process does."""
        self.round()
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self) -> None:
        while True:
            time.sleep(EVERY_S)
            self.survived_round()

    def survived_round(self) -> None:
        """A round that whatever goes wrong does not end the next ones; it is said on stderr, each thing once."""
        try:
            self.round()
        except Exception as problem:  # noqa: BLE001 (samples that stop without a word would be looked for elsewhere)
            said = "".join(traceback.format_exception(problem))
            if said not in self._told:
                self._told.add(said)
                sys.stderr.write(f"sandbox: a round of Prometheus came to nothing, the next one is tried:\n{said}\n")
                sys.stderr.flush()

    def round(self) -> None:
        """Scrape everything, then evaluate everything."""
        for target in self.targets:
            self._scrape(target)
        with self.lock:
            at = time.time()
            for rule in self.rules:
                self._evaluate(rule, at)
            self._note_alerts(at)
            self.memory.forget(at - KEPT_S)

    def _scrape(self, target: Scraped) -> None:
        began = time.time()
        samples: list[tuple[dict[str, str], float]] = []
        try:
            answer = self._http.get(target.url, headers=target.headers)
            if answer.status_code != 200:
                said = f"server returned HTTP status {answer.status_code} {answer.reason_phrase}"
                samples, error = [], said
            else:
                samples, error = _samples(answer.text), ""
        except httpx.HTTPError as problem:
            error = f'Get "{target.url}": {problem}'
        except ValueError as problem:
            error = f"expected a metric: {problem}"
        with self.lock:
            target.at, target.took_s, target.error = began, time.time() - began, error
            target.health = "down" if error else "up"
            self._keep(target, samples)

    def _keep(self, target: Scraped, samples: list[tuple[dict[str, str], float]]) -> None:
        """Samples under their target's labels; series that it no longer has end."""
        own = target.labels
        held = set()
        for labels, value in samples:
            full = {**{f"exported_{name}" if name in own else name: text for name, text in labels.items()}, **own}
            self.memory.add(full, target.at, value)
            held.add(labels_of(full))
        for gone in target.held - held:
            self.memory.end(gone, target.at)
        target.held = held
        of_the_scrape = {
            "up": float(target.health == "up"),
            "scrape_duration_seconds": target.took_s,
            "scrape_samples_scraped": float(len(samples)),
        }
        for name, value in of_the_scrape.items():
            self.memory.add({"__name__": name, **own}, target.at, value)

    def _evaluate(self, rule: Evaluated, at: float) -> None:
        try:
            rule.active, rule.error = rule.watch.look(self.memory, at), ""
        except PromqlError as problem:
            rule.active, rule.error = [], str(problem)
        rule.at = at

    def _note_alerts(self, at: float) -> None:
        """The series ``ALERTS``, by which it is known later what fired when."""
        now = set()
        for rule in self.rules:
            for alert in rule.active:
                labels = {"__name__": "ALERTS", "alertstate": alert.state, **alert.labels}
                self.memory.add(labels, at, 1.0)
                now.add(labels_of(labels))
        for gone in self._alerts - now:
            self.memory.end(gone, at)
        self._alerts = now


def _targets(stack: Stack, config: Prometheus) -> Iterator[Scraped]:
    slower = 5.0 if "prometheus:slow-scrapes" in stack.faults else 1.0
    crossed = int("prometheus:crossed-targets" in stack.faults)
    for job, other in zip(config.jobs, [*config.jobs[crossed:], *config.jobs[:crossed]], strict=True):
        address = stack.addresses.get(_PARTS.get(other.component, other.component), NOWHERE)
        if "prometheus:target-down" in stack.faults:
            address = NOWHERE
        interval_s = job.interval or config.scrape_interval or 60.0
        scraped = Scraped(job, f"{address}{job.path}", interval_s * slower, job.timeout * slower)
        if other.component == "api" and stack.sandbox.private_metrics and stack.components.api:
            scraped.headers = access.signed(stack.components.api.auth, stack.keys)
        yield scraped


def _rules(stack: Stack, config: Prometheus) -> Iterator[Evaluated]:
    faults, faster = stack.faults, stack.sandbox.compress
    rules = [rule for rule in config.rules if rule.deployed and "prometheus:no-rules" not in faults]
    for number, rule in enumerate(rules):
        lax = "prometheus:lax-rules" in faults
        labels = {**rule.all_labels, **({"severity": "info"} if lax else {})}
        expr = f"({rule.expr}) unless ({rule.expr})" if "prometheus:silent-rules" in faults else rule.expr
        told = AlertRule(rule.alert, expr, rule.for_s * (10 if lax else 1), labels)
        if number == 0 and "prometheus:rule-broken" in faults:
            told = AlertRule(told.name, _BROKEN, told.for_s, labels)
        yield Evaluated(told, rule.group, _compressed(told, faster))
    if not rules and "prometheus:rule-broken" in faults:
        told = AlertRule("SandboxBroken", _BROKEN)
        yield Evaluated(told, "sandbox", _compressed(told, faster))
    if "prometheus:firing" in faults:
        told = AlertRule("SandboxAlert", "vector(1)", 0.0, {"severity": "critical"})
        yield Evaluated(told, "sandbox", _compressed(told, faster))


_BROKEN = "up + on () group_left up"


def _compressed(rule: AlertRule, faster: float) -> Watch:
    return Watch(AlertRule(rule.name, rule.expr, rule.for_s / faster, rule.labels, rule.annotations))


def _samples(text: str) -> list[tuple[dict[str, str], float]]:
    return [
        ({"__name__": sample.name, **sample.labels}, float(sample.value))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
