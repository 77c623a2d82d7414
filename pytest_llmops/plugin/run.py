"""One run, as each of its processes sees it: options, target, run directory, clients."""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.errors import LlmopsError
from pytest_llmops.plugin.deployment import Deployment
from pytest_llmops.plugin.options import Options
from pytest_llmops.plugin.ours import AFRESH, homes, parallel
from pytest_llmops.state.scratch import run_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.control.interruption import Interruption
    from pytest_llmops.judge.baselines import Store
    from pytest_llmops.plugin.controller import Controller
    from pytest_llmops.plugin.disruption import Disruption
    from pytest_llmops.plugin.selection import Selected
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.state.run_directory import RunDirectory
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.secrets import Redactor


class Run:
    """What belongs to one run. Cheap to make: everything else is found out when it is first asked for.

    Args:
        config: pytest's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.pytest = config
        self.options = Options.from_config(config)
        workerinput: Mapping[str, Any] | None = getattr(config, "workerinput", None)
        self.worker = workerinput is not None
        given = workerinput["llmops_directory"] if workerinput else None
        self.began: float = workerinput["llmops_began"] if workerinput else time.time()  # one moment for all processes
        self.path = Path(given) if given else run_folder()
        self.says: Callable[[str], None] | None = None
        self.selected: Selected | None = None
        self.afresh = False  # whether the test at hand relies on nothing that was looked up before the run's changes
        self.measured: dict[str, str] = {}  # name of a measurement to the check that made it
        self.own_allure_results: Path | None = None
        self.without_allure = ""  # why there are none of ours, where that is no choice
        self.engaged = False
        self.controller: Controller | None = None
        self.disruption: Disruption | None = None
        self.stop_workers: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        return f"Run({self.path.name})"

    @property
    def parallel(self) -> bool:
        """Whether several processes make up this run."""
        return parallel(self.pytest)

    def engage(self) -> None:
        """Register the parts that only a run with tests of ours needs."""
        if self.engaged:
            return
        self.engaged = True
        from pytest_llmops.plugin import allure_results
        from pytest_llmops.plugin.disruption import Disruption
        from pytest_llmops.plugin.outcomes import Outcomes

        allure_results.switch_on(self)
        self.pytest.pluginmanager.register(Outcomes(self), "llmops-outcomes")
        self.disruption = Disruption(self)
        self.pytest.pluginmanager.register(self.disruption, "llmops-disruption")
        if not self.worker:
            from pytest_llmops.plugin.controller import Controller

            self.controller = Controller(self)
            self.pytest.pluginmanager.register(self.controller, "llmops-controller")
            self.pytest.pluginmanager.register(self.controller.telling, "llmops-telling")
            self.pytest.pluginmanager.register(self.controller.settling, "llmops-settling")

    @cached_property
    def interruption(self) -> Interruption:
        """What hears of signals in this process."""
        from pytest_llmops.control.interruption import Interruption

        return Interruption()

    @property
    def declared_or_none(self) -> Target | None:
        """The target, or None where the file cannot be read: for places that must not fail on their own."""
        try:
            return self.declared
        except LlmopsError:
            return None

    @property
    def deployments(self) -> list[Deployment]:
        """The target, and the one that is called in turns with it; those that can be read."""
        try:
            return [self.own, self.twin] if self.twin else [self.own]
        except LlmopsError:
            return [self.own] if self.declared_or_none else []

    @property
    def redactor(self) -> Redactor:
        """What takes this run's secrets out of text: those that are known by now, and tokens that are given later."""
        from pytest_llmops.target.secrets import Redactor

        deployments = self.deployments
        known = (value for deployment in deployments for value in deployment.secrets())
        return Redactor(known, lambda: [token for one in deployments for token in one.declared.tokens.values()])

    def check_early(self) -> None:
        """Read the target, and the one that is called in turns with it, before anything is collected.

        Raises:
            pytest.UsageError: it cannot be read; pytest exits 4 with the message alone, and without old reports.
        """
        try:
            self.options.check()
            for deployment in [self.own, self.twin] if self.twin else [self.own]:
                deployment.declared.secrets() if not (deployment.embedded or self.options.plan) else None
        except LlmopsError as error:
            said = str(error)
            try:
                self.remove_old_reports()
            except pytest.UsageError as further:
                said += f"\n{further}"
            raise pytest.UsageError(said) from None

    @cached_property
    def own(self) -> Deployment:
        """The target, as this process sees it.

        Raises:
            ConfigError: it cannot be read.
        """
        return Deployment(self._load(self.options.target), self.path)

    @cached_property
    def twin(self) -> Deployment | None:
        """The deployment that timed calls are made on in turns with the target; None where there is none.

        Raises:
            ConfigError: it cannot be read.
        """
        name = self.options.against
        if name is None:
            return None
        declared = self._load(name)
        if name != self.declared.name:
            return Deployment(declared, self.path / "against", name)
        if declared.table.embedded:
            return Deployment(declared, self.path / "against", f"another {name}")
        return Deployment(declared, self.path, "itself")  # one deployment, one budget, one limit

    def _load(self, name: str | None) -> Target:
        from pytest_llmops.target.load import load

        return load(self._file(), name, self.pytest.rootpath)

    def _file(self) -> Path | None:
        from pytest_llmops.target.load import find

        found = (find(self.options.config, home) for home in homes(self.pytest))
        return next(filter(None, found), None)

    @property
    def declared(self) -> Target:
        """The target as the file and its profile say, before an embedded one has addresses.

        Raises:
            ConfigError: it cannot be read.
        """
        return self.own.declared

    @property
    def target(self) -> Target:
        """The target with addresses."""
        return self.own.target

    @property
    def directory(self) -> RunDirectory:
        """What this run's processes share on disk."""
        return self.own.directory

    def once(self, name: str, find_out: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What is looked up once a run, and once more after its changes."""
        return self.directory.once(self.fact(name), find_out)

    def fact(self, name: str) -> str:
        """The name of what is looked up once, as of now: before or after the run's changes."""
        return f"{name}{AFRESH}" if self.afresh else name

    @property
    def ledger(self) -> Ledger:
        """Where calls to the target are counted."""
        return self.own.ledger

    @cached_property
    def figures(self) -> Figures:
        """The target's figures, each read when it is asked for."""
        from pytest_llmops.clients.figures import Figures

        return Figures(self.target, self.own.reached, self.once, self.own.client)

    @cached_property
    def store(self) -> Store:
        """The accepted baselines: the target's own, or those shipped for the embedded sandbox."""
        from pytest_llmops.judge.shipped import store_of

        return store_of(self.declared)

    @property
    def report_folder(self) -> Path:
        """Where reports are written: also known where the file is there and cannot be read."""
        if self.options.report:
            return self.options.report
        try:
            file = self._file()
        except LlmopsError:  # it is not there
            file = None
        return (file.resolve().parent if file else self.pytest.rootpath) / "reports"

    def remove_old_reports(self) -> None:
        """Once, in the process that the person started: what an earlier run left would pass for this one's.

        Raises:
            pytest.UsageError: it cannot be removed.
        """
        if self.worker or self.options.plan or self.pytest.option.collectonly:
            return
        from pytest_llmops.measure.candidate import BENCHMARKS
        from pytest_llmops.report.board import BOARD
        from pytest_llmops.report.run_json import RUN_JSON
        from pytest_llmops.report.summary import SUMMARY_MD

        for path in (self.report_folder / name for name in (RUN_JSON, SUMMARY_MD, BENCHMARKS, BOARD)):
            try:
                if path.is_file():
                    path.unlink()
            except OSError as error:
                raise pytest.UsageError(
                    f"{path} cannot be removed ({error.strerror}), and what an earlier run left there would pass for "
                    "this one's; remove it, or name another folder: --llmops-report PATH."
                ) from None

    def say(self, line: str) -> None:
        """Tell the person at the terminal how a long measurement is getting on."""
        if self.says is not None:
            self.says(line)

    def close(self) -> None:
        """Give connections back."""
        for deployment in (self.__dict__.get("own"), self.__dict__.get("twin")):
            if deployment is not None:
                deployment.close()
