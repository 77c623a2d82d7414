"""One deployment that load is sent to: what it is told, what it may cost, and where its reports are kept."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.http import purpose
from pytest_llmops.errors import BudgetSpent
from pytest_llmops.load.calling import Calling
from pytest_llmops.load.guarding import Guard, admitted, charge, health_of, pays_twice
from pytest_llmops.load.handing import handed
from pytest_llmops.load.joining import Joining
from pytest_llmops.load.plan import LoadPlan
from pytest_llmops.load.run import Watch, run
from pytest_llmops.load.schedule import chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.load.plan import Request
    from pytest_llmops.load.result import LoadResult
    from pytest_llmops.plugin.deployment import Deployment

KINDS_WITHIN = 1000
"""Among so many calls of a mix each kind is looked for once; one that is rarer is not warmed up."""

FOLDER = "load"
"""Below the reports' folder: what the generating processes reported, as it came."""


@dataclass(frozen=True)
class Sending:
    """Load on one deployment.

    Attributes:
        deployment: which.
        requests: what is asked there.
        says: told a line of progress now and then.
        folder: of the reports.
        figures: of the deployment, where some are looked at meanwhile.
        beside: which of them.
    """

    deployment: Deployment
    requests: tuple[Request, ...]
    says: Callable[[str], None]
    folder: Path
    figures: Figures | None = None
    beside: tuple[str, ...] = ()

    def plan(self, name: str, how: dict[str, Any], *, past_limit: bool = False) -> LoadPlan:
        """What is sent there, as it may be carried out.

        Args:
            name: of the metrics.
            how: further fields of the plan.
            past_limit: whether it is meant to go beyond a component's own rate limit.

        Raises:
            BudgetSpent: it is more than the target's caps allow, than is left of the budget, or than a component's own
                limit lets pass.
            ConfigError: a secret is not set, or a component lies behind a proxy.
        """
        target, load = self.deployment.target, self.deployment.target.table.load
        table, _ = handed(target, {request.component for request in self.requests})
        remote = load.remote.model_dump() if load.remote else {}
        given = {"processes": load.processes, "stops": load.stops, **remote, **how}
        plan = LoadPlan(
            name=name, target=target.name, root=str(target.root), table=table, requests=self.requests, **given
        )
        try:
            return admitted(plan, target, self.deployment.ledger, past_limit=past_limit)
        except BudgetSpent as error:
            raise BudgetSpent(self.deployment.worded(str(error))) from None

    def leaves_another(self, plan: LoadPlan) -> bool:
        """Whether the budget leaves a second run after the first."""
        return pays_twice(plan, self.deployment.ledger)

    def carry(self, plan: LoadPlan) -> LoadResult:
        """Carry a plan out, once each of its kinds of calls was made and dropped, and enter what it cost."""
        self._warm_up(plan)
        _, environ = handed(self.deployment.target, plan.components)
        joining = Joining(self.figures, self.beside) if self.beside and self.figures else None
        with self._guarded() as why_stop, joining or nullcontext():
            result = run(plan, environ, Watch(self.says, why_stop), self._file(plan.name))
        charge(result, self.deployment.ledger)
        return replace(result, beside=joining.courses()) if joining else result

    def _warm_up(self, plan: LoadPlan) -> None:
        """One call of each kind by this process: models are loaded then, and a failure can tell what to try."""
        calling = Calling(plan, {component: self.deployment.client(component) for component in plan.components})
        kinds = {chosen(plan, number)[0]: number for number in reversed(range(KINDS_WITHIN))}
        with purpose("measure"):
            for number in kinds.values():
                calling(number)

    @contextmanager
    def _guarded(self) -> Iterator[Callable[[], str]]:
        """Ask meanwhile how the target is, where it has the component that says so; why load has to end."""
        table = self.deployment.target.table
        if table.load.guard.component not in table.components.configured():
            yield str
            return
        client = self.deployment.client(table.load.guard.component)
        with Guard(health_of(client), table.load.guard) as guard:
            yield guard.why_stop

    def _file(self, name: str) -> Path:
        """Where the reports of the next run are kept: ``NAME.jsonl``, ``NAME-2.jsonl``, and so on."""
        stem = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name).strip("-")
        stem += f"-{self.deployment.said.replace(' ', '-')}" if self.deployment.said else ""
        return self.folder / FOLDER / f"{stem}.jsonl"
