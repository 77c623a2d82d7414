"""Where measuring happens: the deployment, its budget, its baselines, and what makes runs comparable."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass, field
from os import cpu_count
from typing import TYPE_CHECKING, Any

from pytest_llmops.judge.thresholds import fits
from pytest_llmops.target.components import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.judge.baselines import Store
    from pytest_llmops.measure.results import Measurement
    from pytest_llmops.samples import Prompt, Workload
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.component import RateLimit
    from pytest_llmops.target.load import Target

MEASUREMENT_VERSION = 1
"""Raised only when the way of timing changes: older baselines are then no longer compared."""


@dataclass(frozen=True)
class Purse:
    """Whose budget the calls of a side are charged to.

    Attributes:
        ledger: of that deployment.
        component: who is called there, and
        limit: its own rate limit, if it has one.
    """

    ledger: Ledger
    component: str = ""
    limit: RateLimit | None = None


@dataclass(frozen=True)
class Bench:
    """Where measuring happens.

    Attributes:
        target: the deployment.
        ledger: its budget.
        store: its baselines; None where nothing is compared.
        check: key of the test that measures.
        component: who is called, and
        limit: its own rate limit, if it has one.
        model: tells, once calls were made, which model they asked; empty where they asked none that is known.
        beside: server version and the like, kept beside a recording.
        progress: told a line now and then.
        twin: makes the same call to the deployment that is called in turns with the target; None without one.
        against: the name of that deployment.
        like: the measurement of the same calls whose accepted runs are compared with; empty: its own are.
        before: a measurement of this run that is compared with, made before something was changed; None without one.
        purse: whose budget its calls are charged to.
        measurements_left: of the run, this one included: what is left of the budget is shared among them.
        load: how the calls arrive, in words, where not one is made after the other.
        recording: whether the run is kept as a candidate baseline, or for a later one to be compared with: that takes
            more calls than a verdict.
    """

    target: Target
    ledger: Ledger
    store: Store | None
    check: str
    component: str = ""
    limit: RateLimit | None = None
    model: Callable[[], str] = str
    beside: Mapping[str, str | int | float | None] = field(default_factory=dict)
    progress: Callable[[str], None] = lambda _line: None
    twin: Callable[[Prompt], Any] | None = None
    against: str = ""
    like: str = ""
    before: Measurement | None = None
    purse: Purse | None = None
    measurements_left: Callable[[], int] = lambda: 1
    load: str = ""
    recording: bool = False

    def only_recorded(self, metric: str) -> bool:
        """Whether thresholds alone judge a metric."""
        return any(fits(pattern, metric) for pattern in self.target.table.baseline.recorded)

    @property
    def purses(self) -> list[Purse]:
        """The budgets that a call of each side is charged to: one deployment against itself has but one."""
        own = Purse(self.ledger, self.component, self.limit)
        return [own] if self.purse is None or self.purse.ledger.path == self.ledger.path else [own, self.purse]

    def fingerprint(self, workload: Workload) -> dict[str, str | int]:
        """What must be alike before two runs are compared."""
        found = fingerprint(self.target, self.component, self.model(), workload)
        return found | ({"concurrency": self.load} if self.load else {})


def fingerprint(target: Target, component: str, model: str, workload: Workload) -> dict[str, str | int]:
    """What must be alike before two runs are compared.

    Args:
        target: the deployment.
        component: who is called; its answer lengths and its endpoint shape a call, and are part of the workload's
            digest.
        model: identity of the one that answers; empty where none is known.
        workload: what is asked.
    """
    part = target.table.components.configured().get(component)
    settings = part.model_dump_json(include={"max_tokens", "detail", "endpoint"}, exclude_none=True) if part else ""
    return {
        "target": target.name,
        "model": model,
        "workload": hashlib.sha256(f"{workload.digest} {settings}".encode()).hexdigest()[:12],
        "concurrency": 1,
        "host_class": host_class(target),
        "measurement_version": MEASUREMENT_VERSION,
    }


def model_server(target: Target, component: str) -> str | None:
    """The model server that is called, or that answers behind the API; None where a call asks none that is known."""
    if component == "api":
        return target.table.components.serving("llm")
    return component if component in ROLES["llm"] else None


def host_class(target: Target) -> str:
    """The kind of machine that measures: only like is compared with like."""
    if target.table.environment == "sandbox":
        return "sandbox"
    return f"{platform.system()}-{platform.machine()}-{cpu_count()}cpu".lower()
