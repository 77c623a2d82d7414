"""The lint of a runbook: looks at what its rules, metrics, jobs, panels and commands can say on this system at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients.client import LINTED
from pytest_llmops.clients.families import families_of
from pytest_llmops.errors import CallFailed
from pytest_llmops.judge.condition import metrics_of
from pytest_llmops.judge.vacuity import Exported, Finding, known, mistaken, of_panel, of_rule
from pytest_llmops.operate.deployed import asked_for
from pytest_llmops.operate.patience import Patience
from pytest_llmops.promql import PromqlError, parse
from pytest_llmops.target.monitoring import AlertRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.families import Family
    from pytest_llmops.clients.grafana import Grafana
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.watching import ScrapeTarget
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.monitoring import Vacuity

Reach = Callable[[str], "Client | None"]
"""The client of a component whose preflight has passed; None where there is none such."""

FOREIGN = ("process_", "python_", "go_", "promhttp_", "scrape_")
"""Metrics of a runtime: nobody's runbook expects all of them to move."""

PAUSE_S = 0.5
"""Between looks at whether something was scraped."""

NONE_DEPLOYED = "(none)"

NEEDS = {"job": "prometheus", "row": "prometheus", "panel": "grafana", "metric": "api"}
"""Who has to be asked about a declaration of a kind: without the API's page no metric of it is seen to stay silent."""


def look(target: Target, reach: Reach, ledger: Ledger, say: Callable[[str], object]) -> dict[str, Any]:
    """Look at everything once.

    Args:
        target: with its profile's tables of what ought to watch it.
        reach: hands out clients.
        ledger: whose budget of seconds is waited out of, where something has yet to be scraped.
        say: told that somebody has to wait.

    Returns:
        As plain JSON: ``findings``, and ``untrue``: declarations of the profile that are not so, or could not be
        looked into though the target has what is to be asked.

    Raises:
        CallFailed: a metrics page, Prometheus or Grafana cannot be asked.
    """
    found = [*_findings(target, reach, lambda within_s: Patience(ledger, say, within_s))]
    findings, untrue = known(found, _verifiable(target, reach))
    return {"findings": [one.as_json() for one in findings], "untrue": [*untrue, *_unseen(target, reach)]}


def _findings(target: Target, reach: Reach, patience: Callable[[float], Patience]) -> Iterator[Finding]:
    prometheus = cast("Prometheus | None", reach("prometheus"))
    deployed = _deployed(prometheus)
    rules = _rules(target, deployed)
    silent, exported = _exported(target, reach, prometheus, rules)
    for name in silent:
        asked = "questions were asked" if "query" in _routes(target) else "it was called"
        yield Finding("metric", name, f"has no value but 0, also when {asked}")
    if prometheus and not deployed:
        yield Finding("rule", NONE_DEPLOYED, "no alert rule is deployed: the list of alerts is always empty")
    for rule in rules:
        if said := _says_nothing(rule, exported):
            yield Finding("rule", rule.alert, said)
    if prometheus:
        yield from _jobs(target, reach, prometheus.targets())
        yield from _rows(target, prometheus, exported, patience)
    yield from _panels(target, reach, exported)
    yield from _commands(target)


def _verifiable(target: Target, reach: Reach) -> list[Any]:
    """Those declarations that could be looked into: where Prometheus is not there, nothing is said of its jobs."""
    asked = ((one, _whom(one)) for one in target.table.vacuous)
    return [one for one, component in asked if not component or reach(component) is not None]


def _unseen(target: Target, reach: Reach) -> Iterator[str]:
    """A sentence for each component that is there to be asked about declarations, and cannot be."""
    asked = {_whom(one) for one in target.table.vacuous}
    for component in sorted(asked & set(target.table.components.configured())):
        if reach(component) is None:
            yield f"{component} cannot be reached: what the profile says of it could not be looked into"


def _whom(declared: Vacuity) -> str:
    """Who has to be asked about a declaration; empty where nobody has to."""
    return "prometheus" if declared.what == NONE_DEPLOYED else NEEDS.get(declared.kind, "")


def _routes(target: Target) -> set[str]:
    return set(target.table.components.api.routes) if target.table.components.api else set()


def _exported(
    target: Target, reach: Reach, prometheus: Prometheus | None, rules: list[AlertRule]
) -> tuple[list[str], Exported]:
    """Metrics that stayed silent, and all that is exported: by the service's own page, and by what is scraped."""
    config = target.table.components.api
    page: dict[str, Family] = {}
    silent: list[str] = []
    if config is not None and config.metrics is not None and (api := cast("Api | None", reach("api"))):
        before = families_of(api.metrics_answer())
        _ask(target, api)
        page = families_of(api.metrics_answer())
        silent = [
            name
            for name, family in page.items()
            if family.silent
            and (name not in before or before[name].silent)
            and name not in config.rare
            and not name.startswith(FOREIGN)
        ]
    names = {series for family in page.values() for series in (family.name, *family.series)}
    highest = {series: bounds[-1] for family in page.values() for series, bounds in family.bounds.items()}
    if prometheus:
        scraped = prometheus.labels("__name__")
        names |= set(scraped)
        highest |= _bounds(rules, prometheus, set(scraped) - highest.keys())
    return silent, Exported(frozenset(names), frozenset(silent), highest)


def _ask(target: Target, api: Api) -> None:
    """A few questions, so that what moves at all has moved; one that fails moves something, too."""
    if "query" not in _routes(target):
        api.health()
        return
    for prompt in list(target.workload)[:LINTED]:
        try:
            api.query(prompt)
        except CallFailed:
            continue  # whether it answers is a check of its own


def _bounds(rules: list[AlertRule], prometheus: Prometheus, names: set[str]) -> dict[str, float]:
    """The highest finite bound of the histograms that rules ask for."""
    asked = {name for rule in rules for name in asked_for(rule.expr)}
    found: dict[str, float] = {}
    for name in sorted(asked & names):
        if name.endswith("_bucket"):
            bounds = [reading.labels["le"] for reading in prometheus.query(f"count by (le) ({name})")]
            finite = [float(bound) for bound in bounds if bound != "+Inf"]
            found |= {name: max(finite)} if finite else {}
    return found


def _deployed(prometheus: Prometheus | None) -> dict[str, str]:
    """The alert rules that are evaluated: name to condition."""
    rules = prometheus.rules() if prometheus else []
    return {rule.name: rule.expr for rule in reversed(rules) if rule.kind == "alerting"}


def _rules(target: Target, deployed: dict[str, str]) -> list[AlertRule]:
    """The runbook's rules, with the conditions under which they are deployed, and those that nobody described."""
    config = target.table.components.prometheus
    own = config.rules if config else []
    told = [rule.model_copy(update={"expr": deployed.get(rule.alert, rule.expr)}) for rule in own]
    strangers = deployed.keys() - {rule.alert for rule in own}
    return [*told, *(AlertRule.model_construct(alert=name, expr=deployed[name]) for name in sorted(strangers))]


def _says_nothing(rule: AlertRule, exported: Exported) -> str:
    """Why a rule can say nothing; empty where nothing speaks against it, or it asks for more than is known here."""
    try:
        return "; ".join([*of_rule(rule, exported), *mistaken(rule)])
    except PromqlError:
        return ""


def _jobs(target: Target, reach: Reach, scraped: list[ScrapeTarget]) -> Iterator[Finding]:
    config = target.table.components.prometheus
    components = {job.job: job.component for job in (config.jobs if config else [])}
    for one in scraped:
        component = components.get(one.job, "")
        if one.health == "down" and "HTTP status 4" in one.error and component and reach(component) is not None:
            yield Finding(
                "job", one.job, f"is always down: {component} is well, and at {_path(one.url)} the {one.error}"
            )


def _path(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]


def _rows(
    target: Target, prometheus: Prometheus, exported: Exported, patience: Callable[[float], Patience]
) -> Iterator[Finding]:
    config, table = target.table.components.prometheus, target.table
    interval_s = (config.scrape_interval if config else None) or 30.0
    waits = patience(max(8.0, 2 * interval_s / table.faster))
    for row in config.rows if config else []:
        if row.series is None:
            yield Finding("row", row.row, "no job yields it")
        elif not _filled(prometheus, row.series, exported, waits):
            yield Finding("row", row.row, f"Prometheus has no series {row.series}")


def _filled(prometheus: Prometheus, series: str, exported: Exported, waits: Patience) -> bool:
    """Whether Prometheus has a series; one that is on the service's page is waited for until it has been scraped."""
    comes = all(exported.has(name) for name in metrics_of(parse(series)))
    if not comes:
        return bool(prometheus.series(series))
    return waits.until(lambda: bool(prometheus.series(series)), PAUSE_S, "waiting until Prometheus has scraped")


def _panels(target: Target, reach: Reach, exported: Exported) -> Iterator[Finding]:
    config = target.table.components.grafana
    grafana = cast("Grafana | None", reach("grafana")) if config else None
    for table in config.dashboards if config and grafana else []:
        assert grafana is not None
        try:
            board = grafana.dashboard(table.uid)
        except CallFailed as error:
            if error.kind != "http-404":
                raise
            continue  # that it is not there is a check of its own
        for panel in board.panels:
            if said := of_panel(panel.queries, exported):
                yield Finding("panel", panel.title, f"draws nothing: {said}")


def _commands(target: Target) -> Iterator[Finding]:
    config = target.table.components.app_command
    for name, command in config.commands.items() if config else []:
        if command.unable:
            yield Finding("command", name, f"cannot work: {command.unable}")
