"""About what a check will cost, read from the test's own source: nothing is called to find it out."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

from pytest_llmops.plugin.cost import Asking, Cost, times_of
from pytest_llmops.plugin.drill_cost import DRILL, drilling
from pytest_llmops.plugin.load_cost import calls_of, kinds_of
from pytest_llmops.plugin.source import arguments, constant, function_of, number, root
from pytest_llmops.target.components import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

LOAD = "load_run"
"""The fixture that sends load."""

CAPACITY = "capacity"
"""The method of that fixture that searches for the highest rate."""

BEYOND = "beyond_limit"
"""The one that sends more than the component's own limit lets pass."""

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

ACTS = ("stop", "start", "restart", "roll", "kill", "pause", "resume", "set", "fill", "clear")

READS_FIGURES = {
    ("record", "figure"),
    ("figures", "read"),
    ("figures", "shares"),
    ("figures", "after_each"),
    ("record", "rise"),
    ("record", "spread"),
}
"""Fixtures, and the methods of theirs, that read a figure by its name."""

ASKS_AGAIN = ("traffic", "one_by_one")
"""The fixture with the round of questions, and the method of its that asks them once more."""

LOOKS = {"recovered": ("preflight", 1), "restarted": ("preflight", 1), "served": ("health", 10)}
"""Fixtures that act on a component and look at it: what they call, and about how often."""

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
DEEPEST = 4
"""Calls from function to function that are followed."""


def cost_of(item: pytest.Item, asking: Asking) -> Cost:
    """About what a test will cost; at least a call for each component that it asks for."""
    reading = _Reading(asking)
    test, reading.functions = function_of(item)
    if test is not None:
        reading.read(test.body, {**asking.components, PROMPTS: PROMPTS, **({CHANGE: CHANGE} if asking.changes else {})})
    seen = {operation.partition(".")[0] for operation in reading.cost.operations}
    for component in dict.fromkeys(asking.components.values()):
        if component not in seen:
            reading.cost.operations[f"{component}.call"] += 1
    return reading.cost


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
        self.names = {**self.names, **{root(target): service for target in node.targets if service}}
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
        if name == "measure":
            self._measure(node)
            return
        self._carry_out(node, name)
        if name == LOAD:
            self._load(node)
        elif name == "record":
            self._record(node)
        elif isinstance(node.func, ast.Attribute):
            self._method(node, node.func, root(node.func))
        elif name in self.functions and self.depth < DEEPEST:
            self._follow(node, self.functions[name])
        self.generic_visit(node)

    def _method(self, node: ast.Call, called: ast.Attribute, of: str) -> None:
        """A call of a method of what a name stands for, or of a client that was just handed out."""
        component = self._service(called.value) or self._component(of)
        if (of, called.attr) in self.asking.asks:
            self._asked(self.asking.asks[of, called.attr])
        elif component:
            self._ask(node, component, called.attr)
        if of == LOAD:
            self._load_by(node, called.attr)
        elif (of, called.attr) in READS_FIGURES:
            self._figures(node, called.attr)
        elif self.names.get(of) == CHANGE:
            self._change(node, called.attr)
        elif (of, called.attr) == ASKS_AGAIN:
            self.cost.operations["api.query"] += self.times * self._asked_again(node)

    def _figures(self, node: ast.Call, method: str) -> None:
        """The figures that a call reads; around steps also before them, a gauge only after each."""
        match method, [*arguments(node)]:
            case "after_each", [gauge, counter, steps]:
                after = self._steps(steps)
                named = [gauge] * after + [counter] * (1 + after)
            case "rise", [name, steps]:
                named = [name] * (1 + self._steps(steps))
            case _, given:
                named = given[:1]
        values = [self._value(one) for one in named] * self.times
        self.cost.figures += [one for one in values if isinstance(one, str) and one]

    def _steps(self, node: ast.AST) -> int:
        """How many steps these are: known of the round of questions, asked again one by one, and of the prompts."""
        match node:
            case ast.Call(func=ast.Attribute(attr=method) as called) if (root(called), method) == ASKS_AGAIN:
                return self._asked_again(node)
        return self._rounds(node)

    def _asked_again(self, node: ast.Call) -> int:
        """How many questions asking them again is."""
        rounds = next((self._value(word.value) for word in node.keywords if word.arg == "rounds"), 1)
        return self.asking.prompts * int(rounds or 1)

    def _asked(self, calls: Mapping[str, int]) -> None:
        """What a fixture asks by itself."""
        for operation, count in calls.items():
            self.cost.operations[operation] += count * self.times
            self.cost.reached.add(operation.partition(".")[0])

    def _load_by(self, node: ast.Call, way: str) -> None:
        """Load in one of its further ways."""
        if way == BEYOND:
            self._past_limit(node)
        elif way in {CAPACITY, BREAKING}:
            self._load(node, "stress" if way == BREAKING else "", searching=way == CAPACITY)

    def _ask(self, node: ast.Call, component: str, method: str) -> None:
        given = list(arguments(node))
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
            component = self._value(next(arguments(node), None))
            self.cost.changes.append((act, component if isinstance(component, str) else ""))

    def _carry_out(self, node: ast.Call, name: str) -> None:
        """An operation or a clean-up by its name, a drill, or an act on a component that is looked at."""
        if name == DRILL and self.asking.changes:
            self._drill(node)
        carried = self._value(next(arguments(node), None))
        carried = carried if isinstance(carried, str) else ""
        if name in {OPERATION, CARRIED_OUT} and carried:
            self.cost.carried_out.append(carried)
        if name == CARRIED_OUT and carried:
            _, kind = [*map(self._value, arguments(node)), ""][:2]
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
        component = self._component(root(client)) if client else ""
        name, before = constant(given.get("name")), set(self.cost.operations)
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
        name = constant(node.args[0]) if node.args else ""
        rate, seconds, start = (number(words.get(word)) for word in ("rate", "seconds", "start"))
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

    def _past_limit(self, node: ast.Call) -> None:
        """More calls than the limit lets pass, and, unless the source says otherwise, a few after a wait."""
        from pytest_llmops.load.shaping import calls_beyond

        words = {word.arg: self._value(word.value) for word in node.keywords}
        (kind,) = kinds_of(node, self._value)
        component = self._component(root(kind.client)) if kind.client else ""
        limit = self.asking.tables[component].rate_limit if component else None
        if limit is not None:
            calls = calls_beyond(limit, after=words.get("after") is not False)
            self._sent(component, str(words.get("route") or "query"), self.times * calls, node)

    def _kinds(self, node: ast.Call, named: str) -> list[tuple[str, str, float, ast.Call]]:
        """What load asks: component, operation, share of all calls, and where it is asked for."""
        workload = self.asking.load.workloads.get(named)
        if workload:
            whole = sum(one.weight for one in workload.calls)
            asked = [(self._called(one.component), one.by_route or one.asks, one.weight) for one in workload.calls]
            return [(component, operation, weight / whole, node) for component, operation, weight in asked]
        found = []
        for kind in kinds_of(node, self._value):
            component = self._component(root(kind.client)) if kind.client else ""
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
        name = constant(node.args[0]) if node.args else ""
        unit = constant(node.args[2]) if len(node.args) > 2 else ""
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
        if isinstance(over, ast.Call) and root(over.func) == "range" and len(over.args) == 1:
            count = over.args[0]
            return count.value if isinstance(count, ast.Constant) and isinstance(count.value, int) else 1
        roots = {root(part) for part in (over, *(arguments(over) if isinstance(over, ast.Call) else ()))}
        return self.asking.prompts if any(self.names.get(root) == PROMPTS for root in roots) else 1

    def _component(self, name: str) -> str:
        """The component that a name stands for; empty if it stands for none, or for the prompts."""
        component = self.names.get(name, "")
        return component if component in self.asking.tables else ""

    def _service(self, node: ast.AST) -> str:
        """The further service that ``services("NAME")`` is; empty for anything else."""
        if not (isinstance(node, ast.Call) and root(node.func) == SERVICES and node.args):
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
            return self._component(root(node))
        return constant(node)
