"""The diagnostics bundle: what an investigation wants to see of a deployment, collected while it lasts."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.http import purpose
from pytest_llmops.clients.log_words import without_secrets, without_secrets_inside
from pytest_llmops.control.drivers import hands_on
from pytest_llmops.errors import CallFailed, ControlError, LlmopsError, Unreachable, Unsupported, Vacuous
from pytest_llmops.operate.side_by_side import TooLong, together
from pytest_llmops.target.components import Api, Llm
from pytest_llmops.target.secrets import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llmops.clients.client import Client
    from pytest_llmops.operate.findings import Finding
    from pytest_llmops.target.load import Target

COLLECT_S = 30.0
"""For all of it, and for what a command may take that has a longer deadline."""

MOST_S = 300.0
"""For all of it, whatever the deadlines of its commands: half of voyageur's "Detailed Investigation (10 minutes)"."""

SPARE_S = 10.0
"""Of all that time, what the benchmark leaves: it keeps what it has, and is not cut off."""

OWN_ALERTS = "alerts/api.json"
CONTAINERS = "containers.json"

LOGGED_S = 3600.0
"""How far back a log is kept: an hour, as in voyageur's runbook; of one that was silent, its newest lines."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the bundle.

    Attributes:
        file: its path within the bundle.
        what: it is, in words.
        text: of it, without what looks like a secret; those that the target names may be in it still. Empty where
            it could not be had.
        lacks: why it could not be had; empty where it was.
        took_s: how long that took.
        failed: whether that is a failure: it was there to be had, and did not answer.
        applies: False: the target has nothing of the kind, or what it says would say nothing.
    """

    file: str
    what: str
    text: str
    lacks: str
    took_s: float
    failed: bool = False
    applies: bool = True


class Bundle:
    """Collects what can be had of one deployment.

    Args:
        target: with addresses.
        client: gives a component's client, whether or not it can be reached.
        findings: of triage: what is down is not asked again.
    """

    def __init__(self, target: Target, client: Callable[[str], Client], findings: Sequence[Finding]) -> None:
        self.target = target
        self._client = client
        self._findings = findings
        self._down = {one.name: one.said for one in findings if one.kind == "component" and one.state == "failed"}

    def collect(self) -> list[Part]:
        """All parts, also those that could not be had."""
        wanted = {file: (what, collect) for file, what, collect in self._wanted()}
        with purpose("diagnostics"):
            done = together({file: collect for file, (_, collect) in wanted.items()}, self._within_s())
        parts = []
        for file, (what, _) in wanted.items():
            text, error = done[file].value, done[file].error
            lacks = "" if error is None else _said(error)
            if error is None and not (text or "").strip():
                lacks = "there is nothing in it"
            failed = isinstance(error, CallFailed | Unreachable | TooLong | ControlError)
            clean = "" if lacks else _cleaned(file, text or "")
            applies = not isinstance(error, Unsupported | Vacuous)
            parts.append(Part(file, what, clean, without_secrets(lacks), done[file].took_s, failed, applies))
        return parts

    def _wanted(self) -> Iterator[tuple[str, str, Callable[[], str]]]:
        table = self.target.table
        parts = table.components.configured()
        yield "findings.json", "what triage found", self._found
        yield "config.json", "the target's settings", self._settings
        controlled = [name for name, part in parts.items() if part.control is not None]
        for name in controlled:
            yield f"state/{name}.json", f"how {name} runs, by its driver", partial(self._state, name)
            yield f"logs/{name}.txt", f"the newest lines of {name}, by its driver", partial(self._driven_log, name)
        yield from self._said_by_services()
        if "machine" in parts:
            yield "machine.json", "figures of the machine", self._machine
        for name in dict.fromkeys([*table.incident.commands, *filter(None, [table.incident.summary])]):
            yield self.command_file(name), f"what the command {name} prints", partial(self._command, name)
        for name in ("ollama", "openai"):
            if name in parts:
                yield (
                    f"benchmark/{name}.json",
                    f"one short answer of {name} for each detail level",
                    partial(self._benchmark, name),
                )

    def _said_by_services(self) -> Iterator[tuple[str, str, Callable[[], str]]]:
        table = self.target.table
        parts = table.components.configured()
        for name in ("api", *table.components.services):
            part = parts.get(name)
            if isinstance(part, Api) and part.health is not None:
                yield f"health/{name}.txt", f"what the health route of {name} answers", partial(self._health, name)
        if table.components.api and table.components.api.metrics:
            yield "metrics.txt", "the API's page of metrics", self._metrics
        if table.components.api and "alerts" in table.components.api.routes:
            yield OWN_ALERTS, "the alerts that the API itself holds active", self._own_alerts
        if table.components.containers:
            yield CONTAINERS, "the containers, and how they are", self._containers
        if "prometheus" in parts:
            yield "alerts.json", "the alerts of Prometheus", self._alerts
        if table.components.logs:
            for source in table.components.logs.sources:
                yield f"logs/{source}.txt", f"the newest lines of the log {source}", partial(self._log, source)

    def _within_s(self) -> float:
        """How long it may take: as long as the slowest of its commands may, or the benchmark of a slow server."""
        table, commands = self.target.table.incident, self.target.table.components.app_command
        known = commands.commands if commands is not None else {}
        names = [name for name in (*table.commands, table.summary) if name in known]
        benchmarks = [len(part.detail) * _call_s(part) + SPARE_S for part in self._benchmarked().values()]
        return min(MOST_S, max([COLLECT_S, *benchmarks, *(known[name].deadline for name in names if name)]))

    def _benchmarked(self) -> dict[str, Llm]:
        """The model servers, by name; one that is down is not asked."""
        parts = self.target.table.components.configured()
        return {name: part for name, part in parts.items() if isinstance(part, Llm) and name not in self._down}

    def _found(self) -> str:
        return _json([one.as_json() for one in self._findings])

    def _settings(self) -> str:
        return _json(
            _without_userinfo(self.target.table.model_dump(mode="json", exclude_defaults=True, exclude={"sandbox"}))
        )

    def _state(self, name: str) -> str:
        with closing(hands_on(self.target, name)) as hands:
            return _json(asdict(hands.status()))

    def _driven_log(self, name: str) -> str:
        with closing(hands_on(self.target, name)) as hands:
            return "\n".join(hands.logs(self.target.table.incident.log_lines))

    def _health(self, name: str) -> str:
        client = self._reached(name)
        answer = client.call(client.config.health.route)
        return f"{answer.asked} answered {answer.status}\n\n{answer.text}\n"

    def _metrics(self) -> str:
        return str(self._reached("api").metrics_answer().ok().text)

    def _alerts(self) -> str:
        return _json([asdict(alert) for alert in self._reached("prometheus").alerts()])

    def _own_alerts(self) -> str:
        return _json(self._reached("api").active_alerts())

    def _containers(self) -> str:
        return _json([asdict(container) for container in self._reached("containers").all()])

    def _log(self, source: str) -> str:
        logs = self._reached("logs")
        entries = logs.entries(source, since_s=LOGGED_S) or logs.entries(source)
        return "".join(f"{line}\n" for line in entries.lines(self.target.table.incident.log_lines))

    def _machine(self) -> str:
        machine = self._reached("machine")
        usage = asdict(machine.usage())
        disks: Any
        try:
            disks = [asdict(disk) for disk in machine.disks()]
        except Unsupported as error:  # the rest is to be had all the same
            disks = str(error)
        return _json({"usage": usage, "disks": disks})

    def command_file(self, name: str) -> str:
        """Where the output of a command stands in the bundle."""
        return f"commands/{name}.{'json' if self._prints_json(name) else 'txt'}"

    def _prints_json(self, name: str) -> bool:
        commands = self.target.table.components.app_command
        return commands is not None and name in commands.commands and commands.commands[name].output == "json"

    def _command(self, name: str) -> str:
        commands = self._reached("app_command")
        return _json(commands.json(name)) if self._prints_json(name) else str(commands.text(name))

    def _benchmark(self, name: str) -> str:
        """Timed calls, one a detail level, each within the server's own deadline; one that fails says why."""
        client, part = self._reached(name), self._benchmarked()[name]
        return _json({level: _timed(client, level, _call_s(part)) for level in part.detail})

    def _reached(self, component: str) -> Any:
        if component in self._down:
            raise Unreachable(component, self._down[component])
        return self._client(component)


def _call_s(part: Llm) -> float:
    """For one call of the benchmark: the server's own deadline, and of all the time no more than there is."""
    return min(part.deadline, (MOST_S - SPARE_S) / max(1, len(part.detail)))


def _timed(client: Any, level: str, within_s: float) -> dict[str, Any]:
    """What one call of a detail level took, also where it came to nothing."""
    start, told = time.perf_counter(), {}
    try:
        answer = client.generate("Hello", detail=level, stream=False, deadline_s=within_s)
        told = {"tokens": answer.stream.tokens_out, "model": answer.model}
    except LlmopsError as error:  # it is what is to be kept of this level
        told = {"error": _said(error)}
    return {"seconds": round(time.perf_counter() - start, 4), **told}


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"


def _cleaned(file: str, text: str) -> str:
    """Without what looks like a secret: nobody but the service knows what it writes into its logs."""
    return _json(without_secrets_inside(json.loads(text))) if file.endswith(".json") else without_secrets(text)


def _without_userinfo(value: Any) -> Any:
    """The same without user and password in any address."""
    if isinstance(value, dict):
        return {key: _without_userinfo(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_userinfo(item) for item in value]
    return without_userinfo(value) if isinstance(value, str) and "://" in value else value


def _said(error: Exception) -> str:
    if isinstance(error, LlmopsError):
        kind = "not supported: " if isinstance(error, Unsupported) else ""
        return f"{kind}{error}"
    return f"{type(error).__name__}: {error}"


def index(parts: Sequence[Part], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is in a bundle, and what is not.

    Args:
        parts: of it.
        facts: what else the index says: when, of which target, how bad.
    """
    return {
        **facts,
        "files": [
            {"file": part.file, "what": part.what, "bytes": len(part.text.encode()), "took_s": round(part.took_s, 3)}
            for part in parts
            if not part.lacks
        ],
        "lacking": [
            {
                "file": part.file,
                "what": part.what,
                "why": part.lacks,
                "failed": part.failed,
                "applies": part.applies,
                "took_s": round(part.took_s, 3),
            }
            for part in parts
            if part.lacks
        ],
    }
