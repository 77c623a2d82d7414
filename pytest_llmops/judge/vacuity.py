"""What a runbook asks for and what can say nothing: alert rules, metrics, scrape jobs, panels, rows of a table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from promql_parser import BinaryExpr, Call, MatrixSelector, VectorSelector, walk

from pytest_llmops.judge.condition import bare, metrics_of, of_no_use
from pytest_llmops.promql import AlertRule, PromqlError, parse
from pytest_llmops.promql.trial import tried

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promql_parser import Expr

    from pytest_llmops.target.monitoring import AlertRule as RuleTable
    from pytest_llmops.target.monitoring import Vacuity

OF_A_FAMILY = ("", "_total", "_bucket", "_count", "_sum")
"""What may follow a family's name in the names of its series."""

_RATES = frozenset({"rate", "irate", "increase"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that can say nothing.

    Attributes:
        kind: ``rule``, ``metric``, ``job``, ``panel``, ``command`` or ``row``.
        what: its name.
        why: why that is so, as it was found.
        known: the profile's own words, where it declares it.
    """

    kind: str
    what: str
    why: str
    known: str = ""

    def __str__(self) -> str:
        """One line."""
        return f"{self.kind} {self.what}: {self.why}"

    def as_json(self) -> dict[str, str]:
        """Plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Exported:
    """What a system was seen to export.

    Attributes:
        names: of all series, and of families without one.
        still: metrics that had no sample but 0, before and after questions were asked.
        highest: name of a histogram's ``_bucket`` series to its highest finite bound.
        looked: where names come from, for sentences.
    """

    names: frozenset[str]
    still: frozenset[str] = frozenset()
    highest: Mapping[str, float] = field(default_factory=dict)
    looked: str = "what is scraped"

    def has(self, name: str) -> bool:
        """Whether a series of that name, or its family, is there."""
        return name in self.names or any(name == f"{family}{end}" for family in self.names for end in OF_A_FAMILY[1:])

    def moves(self, name: str) -> bool:
        """Whether it was not seen to stand still."""
        return not any(name == f"{metric}{end}" for metric in self.still for end in OF_A_FAMILY)


def of_rule(rule: RuleTable, exported: Exported) -> list[str]:
    """Why an alert rule can say nothing; empty where nothing speaks against it."""
    node = parse(rule.expr)
    return [*of_no_use(node, exported), *_unsummed(node)]


def mistaken(rule: RuleTable) -> list[str]:
    """The trials that a rule gets wrong, each in words: it fires where it must not, or does not where it should."""
    told = AlertRule(rule.alert, rule.expr, rule.for_s, rule.all_labels)
    said = []
    for trial in rule.trials:
        active = tried(told, rule.samples(trial), at_s=trial.at, interval_s=trial.interval)
        fires = any(alert.state == "firing" for alert in active)
        if fires != trial.fires:
            said.append(f"{'fires' if fires else 'does not fire'} when {trial.says}")
    return said


def of_panel(queries: Iterable[str], exported: Exported) -> str:
    """Why a panel can never draw anything; empty where one of its queries can."""
    said = []
    for query in queries:
        try:
            names = metrics_of(parse(query))
        except PromqlError:
            return ""  # it asks for more than is known here
        absent = [name for name in names if not exported.has(name)]
        still = [name for name in names if exported.has(name) and not exported.moves(name)]
        if not absent and not still:
            return ""
        said += [f"{name} is not exported" for name in absent] + [f"{name} stays 0" for name in still]
    return "; ".join(dict.fromkeys(said))


def known(findings: Sequence[Finding], declared: Iterable[Vacuity]) -> tuple[list[Finding], list[str]]:
    """What was found, with the profile's words where it declares it; and the declarations that are not so.

    Args:
        findings: what was found.
        declared: ``[[vacuous]]`` of the target.
    """
    by_name = {(one.kind, one.what): one for one in findings}
    untrue = []
    for table in declared:
        found = by_name.get((table.kind, table.what))
        if found is None:
            untrue.append(f"{table.kind} {table.what} is declared vacuous ({table.why}), and is not: take it out")
        else:
            by_name[table.kind, table.what] = Finding(found.kind, found.what, found.why, table.why)
    return list(by_name.values()), untrue


def _unsummed(node: Expr) -> list[str]:
    """A part divided by its whole, label by label: each series of the part is divided by itself."""
    found: list[str] = []

    def visit(one: Any) -> bool:
        if isinstance(one, BinaryExpr) and str(one.op) == "/" and (one.modifier is None or not one.modifier.matching):
            part, whole = _rated(one.lhs), _rated(one.rhs)
            if part and whole and part.name == whole.name and _narrower(part, whole):
                labels = ", ".join(dict.fromkeys(matcher.name for matcher in part.matchers.matchers))
                found.append(
                    f"says nothing: both sides of the division of {part.name} keep the label {labels}, so that each "
                    f"series is divided by itself and the ratio is 1; sum both sides"
                )
        return True

    walk(node, visit)
    return found


def _rated(node: Any) -> VectorSelector | None:
    """The series of ``rate(series[5m])``, unless they are put together."""
    node = bare(node)
    if isinstance(node, Call) and node.func.name in _RATES:
        node = bare(node.args[0])
    if isinstance(node, MatrixSelector):
        node = node.vector_selector
    return node if isinstance(node, VectorSelector) else None


def _narrower(part: VectorSelector, whole: VectorSelector) -> bool:
    return {str(one) for one in whole.matchers.matchers} < {str(one) for one in part.matchers.matchers}
