"""Which tests run: the target's own procedures, whose components it has, with the keys that they need."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.errors import ConfigError, LlmopsError, did_you_mean
from pytest_llmops.plugin.checks import (
    TRIAGE,
    changes,
    check_of,
    comes_afterwards,
    loads,
    needed_roles,
    our_fixtures,
    runs_alone,
)
from pytest_llmops.plugin.keys import CLOSED, LOCKED, missing, no_load_beside, why_locked
from pytest_llmops.plugin.markers import SUITES
from pytest_llmops.plugin.ours import CHECK
from pytest_llmops.procedures.bindings import COMPARING

if TYPE_CHECKING:
    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.target.load import Target


@dataclass
class Selected:
    """What collection came to, in one process; all processes of a run come to the same.

    Attributes:
        checks: our tests that run.
        timed: those of them that are timed.
        collected: keys of all of our tests that were found, before any of them was left out.
        exclusive: node ids of those that run alone.
        disruptive: node ids of those that change the target.
        known: node id to what identifies the check, for one whose worker dies before it can report.
        not_applicable: why tests were left out, each with how many.
        planned: what each check would do, as plain JSON.
        left_out: which tests were left out, of which suites, and why.
        error: what cannot be carried out; then nothing runs.
    """

    checks: int = 0
    timed: int = 0
    collected: list[str] = field(default_factory=list)
    exclusive: list[str] = field(default_factory=list)
    disruptive: list[str] = field(default_factory=list)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_applicable: dict[str, int] = field(default_factory=dict)
    planned: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    def looks_afresh(self, check: Check) -> bool:
        """Whether a check may rely on nothing that was looked up before: the target was changed meanwhile."""
        return check.afterwards and bool(self.disruptive)


def know_procedures(item: pytest.Item, collector: pytest.Collector) -> None:
    """Every procedure that a test names is in the catalogue.

    Raises:
        CollectError: one is not; names the nearest.
    """
    ids = [str(name) for marker in item.iter_markers("procedure") for name in marker.args]
    if not ids:
        return
    from pytest_llmops.procedures.catalogue import procedure

    for name in ids:
        try:
            procedure(name)
        except ConfigError as error:
            raise collector.CollectError(f"{item.nodeid}: {error}") from None


def in_order(items: list[pytest.Item]) -> None:
    """Put tests into the phases of a run, the order within each as it is.

    First those that ask how bad it is, and whatever else may run in parallel; then what runs alone: of the ready suites
    what changes nothing before what does; and last of all what looks at how the changes came out.
    """
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    check = item.stash.get(CHECK, None)
    if check is None:
        return 1
    if check.afterwards:
        return 4
    if check.exclusive:
        return 2 if check.ready and not check.disruptive else 3
    return 0 if check.ready and TRIAGE in our_fixtures(item) else 1


class Selection:
    """Marks our tests before ``-m`` is applied, and leaves out after it what does not apply to the target."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def settle(self, config: pytest.Config, items: list[pytest.Item], found: list[pytest.Item]) -> None:
        """Leave out what does not apply, and put the tests in their order; ``found`` are all of our tests.

        Raises:
            pytest.UsageError: the target cannot be read, or a test needs what does not exist.
        """
        selected = Selected(collected=[item.stash[CHECK].key for item in found])
        ours = [item for item in items if CHECK in item.stash]
        for item in ours:  # other plugins may have marked them meanwhile
            check = item.stash[CHECK]
            check.disruptive, check.exclusive = changes(item), runs_alone(item)
            check.afterwards = comes_afterwards(item)
        try:
            if ours:
                self._leave_out(config, items, self.run.declared, selected)
        except LlmopsError as error:
            if not self.run.worker:
                raise pytest.UsageError(str(error)) from None
            selected.error = str(error)  # the controller says it
        in_order(items)
        if selected.not_applicable or any(CHECK in item.stash for item in items):
            self.run.selected = selected  # else -m or -k left none of ours: a stranger's run

    def count(self, items: list[pytest.Item]) -> None:
        """Keep what it came to in the end: others, such as ``--lf``, leave out more after us."""
        selected = self.run.selected
        checks = [(item, item.stash[CHECK]) for item in items if CHECK in item.stash]
        if selected is None or not (checks or selected.not_applicable):
            self.run.selected = None
            return
        selected.checks = len(checks)
        selected.timed = sum(bool(our_fixtures(item) & COMPARING) for item, _ in checks)
        selected.exclusive = [item.nodeid for item, check in checks if check.exclusive]
        selected.disruptive = [item.nodeid for item, check in checks if check.disruptive]
        selected.known = {item.nodeid: check.identity for item, check in checks}
        if checks and not selected.error and not self.run.pytest.option.collectonly:
            from pytest_llmops.plugin.plan import planned

            recording = self.run.options.baseline == "record"
            selected.planned = [
                planned(item, self.run.declared, recording=recording, afresh=selected.looks_afresh(check))
                for item, check in checks
            ]

    def mark(self, item: pytest.Item) -> None:
        """The folder's marker, and those of the procedures that the test binds for the target's profile."""
        check = item.stash[CHECK] = check_of(item)
        check.disruptive |= self._is_production and loads(item)
        bound = list(dict.fromkeys(str(name) for marker in item.iter_markers("procedure") for name in marker.args))
        system = self._system()
        check.procedures = tuple(name for name in bound if name.partition(".")[0] == system)
        words = {check.suite} if check.ready and check.suite in SUITES else set()
        words |= {"disruptive"} if check.disruptive else set()
        if bound:
            from pytest_llmops.procedures.catalogue import procedure

            check.section = procedure((check.procedures or bound)[0]).section
            words |= {word for name in check.procedures for word in procedure(name).suite}
        for word in sorted(words):
            item.add_marker(word)
        if check.ready:  # a library's deprecation is no operator's red check, whatever the project asks of its own
            item.add_marker(pytest.mark.filterwarnings("default"))
        from pytest_llmops.plugin import allure_results

        if allure_results.wanted(item.config):
            name = self.run.declared.name if self.run.declared_or_none else ""
            allure_results.label(item, check, system or name)

    @property
    def _is_production(self) -> bool:
        """Whether load is as good as a change: there every load test needs both keys."""
        target = self.run.declared_or_none
        return target is not None and target.table.environment == "production"

    def _system(self) -> str:
        """The system whose runbook applies; empty also where the target cannot be read, which is said later."""
        target = self.run.declared_or_none
        return target.table.system if target else ""

    def _leave_out(self, config: pytest.Config, items: list[pytest.Item], target: Target, selected: Selected) -> None:
        from pytest_llmops.plugin.plan import carried_suites

        reasons = {item: self._why_not(item, target) for item in items if CHECK in item.stash}
        out = [item for item, reason in reasons.items() if reason]
        selected.not_applicable = dict(Counter(reasons[item] for item in out))
        selected.left_out = [
            {"test": item.stash[CHECK].key, "suites": carried_suites(item), "reason": reasons[item]} for item in out
        ]
        if self.run.options.plan:
            self._say_what_they_would_do(target, out, selected)
        if out:
            config.hook.pytest_deselected(items=out)
            items[:] = [item for item in items if not reasons.get(item)]

    def _say_what_they_would_do(self, target: Target, out: list[pytest.Item], selected: Selected) -> None:
        """Whoever may turn a key has to see what it would set going."""
        from pytest_llmops.plugin.plan import planned

        for item, entry in zip(out, selected.left_out, strict=True):
            if entry["reason"].startswith((LOCKED, CLOSED)):
                lacking = missing(target, self.run.options, self.run.began, item.stash[CHECK].procedures)
                entry["would"] = planned(item, target, lacking=lacking)

    def _why_not(self, item: pytest.Item, target: Target) -> str:
        """Why a test does not run on this target; empty if it does."""
        from pytest_llmops.target.components import ROLES

        check = item.stash[CHECK]
        generic = item.get_closest_marker("generic") is not None
        if not generic and not check.procedures and (check.ready or item.get_closest_marker("procedure")):
            return f"no procedure of profile {target.table.profile}"
        for role in needed_roles(item, ROLES):
            if role not in ROLES:
                known = ", ".join(ROLES)
                raise ConfigError(
                    f"{item.nodeid}: needs({role!r}) names no component.{did_you_mean(role, ROLES)} Known: {known}."
                )
            if target.table.components.serving(role) is None:
                return f"no {' or '.join(ROLES[role])} in target {target.name}"
        twin = self.run.twin
        if loads(item) and (beside := no_load_beside(target, twin.declared if twin else None)):
            return beside
        if not check.disruptive:
            return ""
        return why_locked(target, self.run.options, self.run.began, check.procedures)
