"""Where measuring happens: the deployment, its budget, its baselines, and what makes runs comparable."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass, field
from os import cpu_count
from typing import TYPE_CHECKING

from pytest_llmops.judge.thresholds import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.judge.baselines import Store
    from pytest_llmops.samples import Workload
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.components import RateLimit
    from pytest_llmops.target.load import Target

MEASUREMENT_VERSION = 1
"""Raised only when the way of timing changes: older baselines are then no longer compared."""


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
        settings: what else shapes a call, such as answer lengths; part of the workload's digest.
        beside: server version and the like, kept beside a recording.
        progress: told a line now and then.
    """

    target: Target
    ledger: Ledger
    store: Store | None
    check: str
    component: str = ""
    limit: RateLimit | None = None
    model: Callable[[], str] = str
    settings: str = ""
    beside: Mapping[str, str | int | float | None] = field(default_factory=dict)
    progress: Callable[[str], None] = lambda _line: None

    @property
    def host_class(self) -> str:
        """The kind of machine that measures: only like is compared with like."""
        if self.target.table.environment == "sandbox":
            return "sandbox"
        return f"{platform.system()}-{platform.machine()}-{cpu_count()}cpu".lower()

    def only_recorded(self, metric: str) -> bool:
        """Whether thresholds alone judge a metric."""
        return any(fits(pattern, metric) for pattern in self.target.table.baseline.recorded)

    def affordable(self, seconds_a_call: float, tokens_a_call: float, *, reserve: bool) -> int:
        """How many more calls of this cost the budget and the component's own limit allow."""
        return self.ledger.affordable(
            seconds_a_call, tokens_a_call, reserve=reserve, component=self.component, limit=self.limit
        )

    def fingerprint(self, workload: Workload) -> dict[str, str | int]:
        """What must be alike before two runs are compared."""
        return {
            "target": self.target.name,
            "model": self.model(),
            "workload": hashlib.sha256(f"{workload.digest} {self.settings}".encode()).hexdigest()[:12],
            "concurrency": 1,
            "host_class": self.host_class,
            "measurement_version": MEASUREMENT_VERSION,
        }
