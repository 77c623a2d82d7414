"""About what a check will cost, read from the test's own source: nothing is called to find it out."""

from __future__ import annotations

import ast
import math
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.plugin.drill_cost import DRILL, drilling
from pytest_llmops.plugin.load_cost import calls_of, kinds_of
from pytest_llmops.target.components import ROLES
from pytest_llmops.target.loads import Load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pytest

    from pytest_llmops.target.component import Component

LOAD = "load_run"
"""The fixture that sends load."""

CAPACITY = "capacity"
"""The method of that fixture that searches for the highest rate."""

BREAKING = "until_it_breaks"
"""The one that sends a shape until the target has had enough: ``stress``, where none is named."""

TRIED, TRIED_S = 24, 10.0
"""About how many times the calls of a second at the first rate a search makes, a second; and how long it tries each."""

PROMPTS = "prompts"
"""The fixture with the workload, and what a name stands for that was handed it."""

CHANGE = "change"
"""The fixture that changes the target, and what a name stands for that was handed it."""

SERVICES = "services"
"""The fixture that hands out clients of further services by name."""

OPERATION, CARRIED_OUT = "operation", "carried_out"
"""The fixtures that carry out an operation of the target, by its name; the second records how long it took."""

DELETE = "delete"
"""What a clean-up does, among the acts of a test."""

ACT_OF = {"cleanup": DELETE, "restarted": "restart"}
"""Fixtures that do one thing to what they are called with: a clean-up by its name, or a component."""

ACTS = ("stop", "start", "restart", "roll", "kill", "pause", "resume", "set")

READS_FIGURES = {
    ("record", "figure"),
    ("figures", "read"),
    ("figures", "shares"),
    ("record", "rise"),
    ("record", "spread"),
}
"""Fixtures, and the methods of theirs, that read a figure by its name."""

ASKS_AGAIN = ("traffic", "one_by_one")
"""The fixture with the round of questions, and the method of its that asks them once more."""

LOOKS = {"recovered": ("preflight", 1), "restarted": ("preflight", 1), "served": ("health", 10)}
"""Fixtures that act on a component and look at it: what they call, and about how often."""

ERASES = {
    ("erasure", "carried_out"): {
        "api.ingest": 1,
        "api.query": 3,
        "api.feedback": 1,
        "api.delete": 2,
        "api.deletion": 2,
    },
    ("erasure", "refusals"): {"api.delete": 4},
}
"""What the fixture that deletes a synthetic person calls, by its method; the other methods read what came of it."""

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
DEEPEST = 4
"""Calls from function to function that are followed."""


@dataclass
class Cost:
    """What a test asks for.

    Attributes:
        operations: ``component.method`` to about how many calls.
        tokens: generated ones, at most.
        measures: name, component and method of each timed metric.
        records: name and unit of each single value that it records, where both stand in its source.
        timed_calls: those of the operations that are timed, and
        timed_tokens: those of the tokens.
        figures: names of the figures that it reads, where they stand in its source.
        changes: act and component of each call on ``change``, of each restart and clean-up; empty where the source
            does not name the component.
        carried_out: names of the operations that it carries out, where they stand in its source.
        loads: component, operation and calls of each load that it sends.
    """

    operations: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    measures: list[dict[str, str]] = field(default_factory=list)
    records: list[dict[str, str]] = field(default_factory=list)
    timed_calls: int = 0
    timed_tokens: int = 0
    figures: list[str] = field(default_factory=list)
    changes: list[tuple[str, str]] = field(default_factory=list)
    carried_out: list[str] = field(default_factory=list)
    loads: list[tuple[str, str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Asking:
    """What has to be known to read a test.

    Attributes:
        components: fixture name to the component that serves it.
        tables: the target's components.
        prompts: how many the workload has.
        timed: a measurement's name to its calls if it raises no suspicion, warm-up included.
        params: the test's own.
        suffix: of its metrics' names, for a parametrized test.
        changes: whether it asks for ``change``.
        load: the target's shapes and workloads.
    """

    components: Mapping[str, str]
    tables: Mapping[str, Component]
    prompts: int
    timed: Callable[[str], int]
    params: Mapping[str, Any] = field(default_factory=dict)
    suffix: str = ""
    changes: bool = False
    load: Load = field(default_factory=Load)


def times_of(operation: str, kind: str = "") -> tuple[str, str]:
    """What is recorded of an operation that was carried out: its time, and for how long nobody was served.

    Args:
        operation: its name.
        kind: of which it is one of several, such as ``rollback``; empty where it is the only one.
    """
    which = f"[{operation}]" if kind else ""
    return f"{kind or operation}_time{which}", f"{kind or operation}_downtime{which}"


def cost_of(item: pytest.Item, asking: Asking) -> Cost:
    """About what a test will cost; at least a call for each component that it asks for."""
    reading = _Reading(asking)
    code = getattr(getattr(item, "function", None), "__code__", None)
    found = _functions(code.co_filename) if code else {}
    test = next((f for f in found.values() if code and _first_line(f) == code.co_firstlineno), None)
    if test is not None:
        reading.functions = {name: f for name, f in found.items() if f is not test}
        reading.read(test.body, {**asking.components, PROMPTS: PROMPTS, **({CHANGE: CHANGE} if asking.changes else {})})
    seen = {operation.partition(".")[0] for operation in reading.cost.operations}
    for component in dict.fromkeys(asking.components.values()):
        if component not in seen:
            reading.cost.operations[f"{component}.call"] += 1
    return reading.cost


def methods_of(item: pytest.Item, fixture: str) -> set[str]:
    """The methods of a fixture that a test calls, by its source; those that another function calls for it not."""
    code = getattr(getattr(item, "function", None), "__code__", None)
    found = _functions(code.co_filename) if code else {}
    test = next((f for f in found.values() if code and _first_line(f) == code.co_firstlineno), None)
    calls = (node.func for node in ast.walk(test) if isinstance(node, ast.Call)) if test else ()
    return {one.attr for one in calls if isinstance(one, ast.Attribute) and _root(one.value) == fixture}


@cache
def _functions(file: str) -> dict[str, ast.FunctionDef]:
    """The functions and methods of a file, by name."""
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):  # made on the fly, or gone since
        return {}
    return {
        f"{node.name}" if node in tree.body else f"{node.name}:{node.lineno}": node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


def _first_line(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


class _Reading(ast.NodeVisitor):
    """Walks through a test, counting calls on the names that stand for components."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.cost = Cost()
        self.functions: Mapping[str, ast.FunctionDef] = {}
        self.names: dict[str, str] = {}
        self.times = 1
        self.depth = 0

    def read(self, nodes: Sequence[ast.AST], names: dict[str, str], times: int = 1) -> None:
        """Read nodes in which these names stand for components, and which are carried out so many times."""
        before = self.names, self.times
        self.names, self.times = names, self.times * times
        for node in nodes:
            self.visit(node)
        self.names, self.times = before

    def visit_Assert(self, node: ast.Assert) -> None:
        """What is said where it does not hold is not carried out."""
        self.visit(node.test)

    def visit_Assign(self, node: ast.Assign) -> None:
        """A name for a further service stands for it from then on; so does one for what a fixture hands out."""
        service = self._service(node.value)
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
            service = service or self._component(node.value.func.id)
        self.names = {**self.names, **{_root(target): service for target in node.targets if service}}
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        """Once for each."""
        self.visit(node.iter)
        self.read(node.body, self.names, self._rounds(node.iter))

    def generic_visit(self, node: ast.AST) -> None:
        """A comprehension is carried out once for each, too."""
        if not isinstance(node, COMPREHENSIONS):
            super().generic_visit(node)
            return
        first = node.generators[0]
        self.visit(first.iter)
        inner = [part for part in ast.iter_child_nodes(node) if part is not first]
        self.read([*inner, *first.ifs], self.names, self._rounds(first.iter))

    def visit_Call(self, node: ast.Call) -> None:
        """A call of a client, of a tool that measures or records, or of another function of the file."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        component = ""
        if isinstance(node.func, ast.Attribute):
            component = self._service(node.func.value) or self._component(_root(node.func))
        if name == "measure":
            self._measure(node)
            return
        way = node.func.attr if isinstance(node.func, ast.Attribute) and _root(node.func) == LOAD else ""
        if name == LOAD or way in {CAPACITY, BREAKING}:
            self._load(node, "stress" if way == BREAKING else "", searching=way == CAPACITY)
        if isinstance(node.func, ast.Attribute) and (_root(node.func), node.func.attr) in READS_FIGURES:
            figure = self._value(next(_given(node), None))
            self.cost.figures += [figure] * self.times if isinstance(figure, str) and figure else []
        if isinstance(node.func, ast.Attribute) and self.names.get(_root(node.func)) == CHANGE:
            self._change(node, node.func.attr)
        self._carry_out(node, name)
        if isinstance(node.func, ast.Attribute) and (_root(node.func), node.func.attr) == ASKS_AGAIN:
            rounds = next((self._value(word.value) for word in node.keywords if word.arg == "rounds"), 1)
            self.cost.operations["api.query"] += self.times * self.asking.prompts * int(rounds or 1)
        if name == "record":
            self._record(node)
        elif component and isinstance(node.func, ast.Attribute):
            self._ask(node, component, node.func.attr)
        elif name in self.functions and self.depth < DEEPEST:
            self._follow(node, self.functions[name])
        self.generic_visit(node)

    def _ask(self, node: ast.Call, component: str, method: str) -> None:
        given = list(_given(node))
        calls = self.times
        if any(isinstance(value, ast.Name) and self.names.get(value.id) == PROMPTS for value in given):
            calls *= self.asking.prompts  # all of them are handed over
        if any(isinstance(value, ast.Lambda) for value in given):
            calls *= 2  # something happens within: it looks before and after
        self.cost.operations[f"{component}.{method}"] += calls
        if method == "generate":
            self.cost.tokens += calls * self._length(node, component)

    def _change(self, node: ast.Call, act: str) -> None:
        if act in ACTS:
            component = self._value(next(_given(node), None))
            self.cost.changes.append((act, component if isinstance(component, str) else ""))

    def _carry_out(self, node: ast.Call, name: str) -> None:
        """An operation or a clean-up by its name, an erasure, a drill, or an act on a component that is looked at."""
        if name == DRILL and self.asking.changes:
            self._drill(node)
        if isinstance(node.func, ast.Attribute):
            for operation, calls in ERASES.get((_root(node.func), node.func.attr), {}).items():
                self.cost.operations[operation] += calls * self.times
        carried = self._value(next(_given(node), None))
        carried = carried if isinstance(carried, str) else ""
        if name in {OPERATION, CARRIED_OUT} and carried:
            self.cost.carried_out.append(carried)
        if name == CARRIED_OUT and carried:
            _, kind = [*map(self._value, _given(node)), ""][:2]
            self.cost.records += [{"name": one, "unit": "s"} for one in times_of(carried, kind)]
        if name in LOOKS and carried:
            what, times = LOOKS[name]
            self.cost.operations[f"{carried}.{what}"] += times * self.times
        if name in ACT_OF and self.asking.changes:
            self.cost.changes.append((ACT_OF[name], carried))

    def _drill(self, node: ast.Call) -> None:
        found = drilling(node, self._value, self.asking.tables)
        for operation, calls in found.calls.items():
            self.cost.operations[operation] += calls * self.times
        self.cost.records += found.records
        self.cost.changes += found.changes

    def _measure(self, node: ast.Call) -> None:
        given = dict(zip(("name", "client", "call"), node.args, strict=False))
        given |= {word.arg: word.value for word in node.keywords if word.arg in {"name", "client", "call"}}
        client, call = given.get("client"), given.get("call")
        component = self._component(_root(client)) if client else ""
        name, before = _constant(given.get("name")), set(self.cost.operations)
        sides = 2 if any(word.arg == "against" for word in node.keywords) else 1
        timed = sides * self.asking.timed(f"{name}{self.asking.suffix}")
        calls, tokens = sum(self.cost.operations.values()), self.cost.tokens
        if isinstance(call, ast.Lambda):
            bound = {argument.arg: component for argument in call.args.args[:1]}
            self.read([call.body], {**self.names, **bound}, timed)
        elif component:
            self.cost.operations[f"{component}.call"] += self.times * timed
        self.cost.timed_calls += sum(self.cost.operations.values()) - calls
        self.cost.timed_tokens += self.cost.tokens - tokens
        made = [operation for operation in self.cost.operations if operation not in before]
        method = next((one.partition(".")[2] for one in made if one.startswith(f"{component}.")), "")
        if name:
            measured = {"name": f"{name}{self.asking.suffix}", "component": component, "method": method}
            self.cost.measures.append(measured)

    def _load(self, node: ast.Call, usual: str = "", *, searching: bool = False) -> None:
        """As many calls as it names, or its rate, stages or shape bring; where the source does not say, nobody knows.

        A search for the highest rate tries a dozen of them, on the mean about twice the first.
        """
        words = {word.arg: self._value(word.value) for word in node.keywords}
        name = _constant(node.args[0]) if node.args else ""
        rate, seconds, start = (_number(words.get(word)) for word in ("rate", "seconds", "start"))
        shape = self.asking.load.shapes.get(str(words.get("shape") or usual))
        seconds = sum(stage.lasts for stage in shape.stages) if shape and searching else seconds
        shaped = shape.offered(rate or shape.rate or self.asking.load.rate) if shape else 0
        calls = TRIED * start * (seconds or TRIED_S) if searching else calls_of(node, self._value) or shaped
        kinds = self._kinds(node, str(words.get("workload") or ""))
        for component, operation, share, asked in kinds:
            self._sent(component, operation, self.times * math.ceil(calls * share), asked)
        component, operation, *_ = kinds[0]
        if name:
            metric = f"{name}{self.asking.suffix}"
            self.cost.measures.append({"name": metric, "component": component, "method": operation})

    def _kinds(self, node: ast.Call, named: str) -> list[tuple[str, str, float, ast.Call]]:
        """What load asks: component, operation, share of all calls, and where it is asked for."""
        workload = self.asking.load.workloads.get(named)
        if workload:
            whole = sum(one.weight for one in workload.calls)
            asked = [(self._called(one.component), one.by_route or one.asks, one.weight) for one in workload.calls]
            return [(component, operation, weight / whole, node) for component, operation, weight in asked]
        found = []
        for kind in kinds_of(node, self._value):
            component = self._component(_root(kind.client)) if kind.client else ""
            found.append((component, self._under_load(component, kind.node), kind.share, kind.node))
        return found

    def _called(self, role: str) -> str:
        """The component that a workload names by its role, or by its own name."""
        return next((one for one in ROLES.get(role, ()) if one in self.asking.tables), role)

    def _sent(self, component: str, operation: str, calls: int, node: ast.Call) -> None:
        if component not in self.asking.tables:
            return  # the target has none of that name, or the source does not say who is called
        self.cost.operations[f"{component}.{operation}"] += calls
        self.cost.loads.append((component, operation, calls))
        tokens = calls * self._length(node, component) if operation == "generate" else 0
        self.cost.tokens += tokens
        self.cost.timed_calls += calls
        self.cost.timed_tokens += tokens

    def _under_load(self, component: str, node: ast.Call) -> str:
        """What load asks of a component."""
        words = {word.arg: self._value(word.value) for word in node.keywords}
        if hasattr(self.asking.tables.get(component), "routes"):
            return str(words.get("route") or "query")
        return "search" if component in ROLES["vectors"] else "embed" if words.get("embed") else "generate"

    def _record(self, node: ast.Call) -> None:
        name = _constant(node.args[0]) if node.args else ""
        unit = _constant(node.args[2]) if len(node.args) > 2 else ""
        if name and (unit or len(node.args) == 2) and not node.keywords:
            self.cost.records.append({"name": name, "unit": unit})

    def _follow(self, node: ast.Call, function: ast.FunctionDef) -> None:
        """Another function of the file, which may have been handed a client."""
        named = zip((argument.arg for argument in function.args.args), node.args, strict=False)
        passed = [*named, *((word.arg or "", word.value) for word in node.keywords)]
        known = {name: self.names[v.id] for name, v in passed if isinstance(v, ast.Name) and v.id in self.names}
        if known:
            self.depth += 1
            self.read(function.body, known)
            self.depth -= 1

    def _rounds(self, over: ast.AST) -> int:
        """How often a loop over this goes round: known of the prompts and of a plain range."""
        if isinstance(over, ast.Call) and _root(over.func) == "range" and len(over.args) == 1:
            count = over.args[0]
            return count.value if isinstance(count, ast.Constant) and isinstance(count.value, int) else 1
        roots = {_root(part) for part in (over, *(_given(over) if isinstance(over, ast.Call) else ()))}
        return self.asking.prompts if any(self.names.get(root) == PROMPTS for root in roots) else 1

    def _component(self, name: str) -> str:
        """The component that a name stands for; empty if it stands for none, or for the prompts."""
        component = self.names.get(name, "")
        return component if component in self.asking.tables else ""

    def _service(self, node: ast.AST) -> str:
        """The further service that ``services("NAME")`` is; empty for anything else."""
        if not (isinstance(node, ast.Call) and _root(node.func) == SERVICES and node.args):
            return ""
        name = self._value(node.args[0])
        return name if isinstance(name, str) and name in self.asking.tables else ""

    def _length(self, node: ast.Call, component: str) -> int:
        """Tokens that an answer is asked for."""
        words = {word.arg: word.value for word in node.keywords}
        table = self.asking.tables[component]
        given = self._value(words.get("max_tokens"))
        level = getattr(table, "detail", {}).get(self._value(words.get("detail")))
        return int(given or (level.max_tokens if level else getattr(table, "max_tokens", 0)))

    def _value(self, node: ast.AST | None) -> Any:
        """A constant, the value of one of the test's params, a text made of these, or a client's component."""
        if isinstance(node, ast.Name):
            return self.asking.params.get(node.id)
        if isinstance(node, ast.JoinedStr):
            parts = [self._value(one.value if isinstance(one, ast.FormattedValue) else one) for one in node.values]
            return "" if any(part in {"", None} for part in parts) else "".join(map(str, parts))
        if isinstance(node, ast.Attribute) and node.attr == "component":
            return self._component(_root(node))
        return _constant(node)


def _root(node: ast.AST) -> str:
    """The name that ``a``, ``a.b`` and ``a.b.c`` start with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _given(node: ast.Call) -> Iterator[ast.AST]:
    yield from node.args
    yield from (word.value for word in node.keywords)


def _number(found: Any) -> float:
    return float(found) if isinstance(found, int | float) else 0.0


def _constant(node: ast.AST | None) -> Any:
    return node.value if isinstance(node, ast.Constant) else ""
