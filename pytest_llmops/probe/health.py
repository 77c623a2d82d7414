"""What a health body says: good or bad, of when, and of what it depends on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmops.clients.health import moment_of
from pytest_llmops.probe.shapes import table
from pytest_llmops.probe.words import below, words
from pytest_llmops.target.durations import spoken

PATHS = (
    "/health",
    "/healthz",
    "/health/ready",
    "/health/live",
    "/api/health",
    "/api/v1/health",
    "/v1/health",
    "/actuator/health",
    "/status",
    "/readyz",
    "/ready",
    "/livez",
    "/ping",
)
"""Where health is usually asked for."""

OPPOSITES = {
    "unhealthy": "healthy", "degraded": "healthy", "down": "up", "fail": "pass", "failed": "pass", "failing": "pass",
    "warn": "pass", "error": "ok", "critical": "ok", "warning": "ok", "not ok": "ok", "bad": "good", "red": "green",
    "yellow": "green", "unavailable": "available", "offline": "online", "disconnected": "connected", "dead": "alive",
    "not ready": "ready", "not connected": "connected", "not available": "available", "stopped": "running",
    "unreachable": "reachable", "out of service": "up", "outage": "operational", "maintenance": "operational",
    "timeout": "ok", "missing": "available", "broken": "ok", "impaired": "operational",
}  # fmt: skip
"""Bad words, and the good one that each stands against."""

GOOD = frozenset(OPPOSITES.values()) | {
    "okay", "passed", "passing", "true", "live", "success", "succeeded", "normal", "nominal", "active",
    "serving", "fine", "loaded", "initialized",
}  # fmt: skip
"""Words that say that all is well."""

STATUS = ("status", "state", "health", "overall", "overall_status", "health_status", "healthy", "ok", "up", "alive",
          "ready", "live", "success", "indicator")  # fmt: skip
"""Keys that say how the service is, the likeliest first."""

INNER = ("status", "state", "health", "indicator", "code", "overall", "healthy", "ok", "up", "connected", "available")
"""Keys that say it one level down, and those of a dependency."""

LISTS = ("services", "dependencies", "components", "checks", "details", "subsystems", "deps", "entries", "results",
         "backends", "connections", "models", "info")  # fmt: skip
"""Keys below which dependencies stand."""

NAMES = ("name", "id", "service", "component")
"""Keys that name a dependency in a list of them."""

NO_DEPENDENCY = {
    *STATUS, *LISTS, "version", "environment", "env", "mode", "message", "name", "service", "stage", "role", "level",
    "type", "tier", "phase",
}  # fmt: skip
"""Keys of the body itself that are no dependency, whatever they say."""

TIMES = ("timestamp", "time", "now", "checked_at", "server_time", "datetime", "current_time", "ts")

EARLIEST_S = 946684800.0  # 2000: a smaller number is a duration
FRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class State:
    """A value that says how something is.

    Attributes:
        path: where it stands, JMESPath.
        value: what it said.
        good: True, False, or None for a word that is not known.
        accept: the values to accept; empty for a word that is not known.
    """

    path: str
    value: Any
    good: bool | None
    accept: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a health body says.

    Attributes:
        status: the service as a whole; None where no key says it.
        timestamp: JMESPath to the time; None without.
        age_s: how old that is.
        dependencies: by name.
    """

    status: State | None = None
    timestamp: str | None = None
    age_s: float | None = None
    dependencies: dict[str, State] = field(default_factory=dict)

    @property
    def sick(self) -> list[str]:
        """What the body itself calls bad, as parts of a sentence."""
        own = [f"{self.status.path} is {self.status.value!r}"] if self.status and self.status.good is False else []
        return own + [f"{name} is {one.value!r}" for name, one in self.dependencies.items() if one.good is False]

    @property
    def stale(self) -> str:
        """The age of a timestamp that is no longer of now; empty for a fresh one."""
        if self.age_s is None or self.age_s <= FRESH_S:
            return ""
        days = self.age_s / 86400
        return spoken(self.age_s) if days < 2 else f"{days:.0f} days"


def read(body: Any) -> Reading:
    """Read a health body; anything but an object says nothing."""
    if not isinstance(body, Mapping):
        return Reading()
    status = _status(body)
    stamp, age_s = _time(body)
    return Reading(status, stamp, age_s, _dependencies(body, status))


def state(path: str, value: Any) -> State | None:
    """What a value says of health; None where it is neither a word nor a truth value."""
    if isinstance(value, bool):
        return State(path, value, value, (True,))
    if not isinstance(value, str) or not value.strip():
        return None
    plain = value.strip().lower().replace("_", " ").replace("-", " ")
    if plain in GOOD or (plain == "none" and path.endswith("indicator")):
        return State(path, value, True, (value,))
    if plain in OPPOSITES:
        better = ("none",) if path.endswith("indicator") else (OPPOSITES[plain], "ok", "healthy")
        return State(path, value, False, tuple(dict.fromkeys(_like(value, word) for word in better)))
    return State(path, value, None, ())


def _like(sample: str, word: str) -> str:
    """A word in the case of another."""
    return word.upper() if sample.isupper() else (word.capitalize() if sample[:1].isupper() else word)


def _named(body: Mapping[str, Any], keys: tuple[str, ...]) -> list[str]:
    """The keys of a body that are one of these, the likeliest first."""
    known = {"_".join(words(key)): key for key in reversed(list(body))}
    return [known[key] for key in keys if key in known]


def _status(body: Mapping[str, Any], path: str = "") -> State | None:
    found: list[State] = []
    for key in _named(body, STATUS):
        here, value = below(path, key), body[key]
        if isinstance(value, Mapping):
            inner = [state(below(here, one), value[one]) for one in _named(value, INNER)]
            found += [one for one in inner if one is not None]
        elif (one := state(here, value)) is not None:
            found.append(one)
    if not found and not path:
        deeper = [
            _status(body[key], below("", key)) for key in ("data", "result") if isinstance(body.get(key), Mapping)
        ]
        found = [one for one in deeper if one is not None]
    known = [one for one in found if one.good is not None]
    return next(iter(known or found), None)


def _time(body: Mapping[str, Any]) -> tuple[str | None, float | None]:
    for key in _named(body, TIMES):
        moment = moment_of(body[key])
        if moment is not None and moment >= EARLIEST_S:
            return below("", key), time.time() - moment
    return None, None


def _dependencies(body: Mapping[str, Any], status: State | None) -> dict[str, State]:
    found: dict[str, State] = {}
    for key in _named(body, LISTS):
        path, value = below("", key), body[key]
        if isinstance(value, Mapping):
            found |= _of_table(value, path)
        elif isinstance(value, list):
            found |= _of_list(value, path)
    found |= {name: one for name, one in _of_table(body, "").items() if _is_flat_dependency(name, body[name])}
    return {name: one for name, one in found.items() if status is None or one.path != status.path}


def _is_flat_dependency(name: str, value: Any) -> bool:
    """Whether a key of the body itself is a dependency: ``database = "connected"``, not ``debug = true``."""
    if "_".join(words(name)) in NO_DEPENDENCY:
        return False
    return not isinstance(value, bool) or bool(
        set(words(name)) & {"connected", "ready", "loaded", "available", "ok", "alive", "healthy", "reachable"}
    )


def _of_table(inner: Mapping[str, Any], path: str) -> dict[str, State]:
    found = {name: _one(value, below(path, name)) for name, value in inner.items()}
    return {name: one for name, one in found.items() if one is not None and one.good is not None}


def _of_list(items: list[Any], path: str) -> dict[str, State]:
    found: dict[str, State] = {}
    for item in items:
        key = next((key for key in NAMES if isinstance(table(item).get(key), str)), None)
        if key is None or "\\" in item[key]:  # JMESPath's raw text has no way to write a backslash
            continue
        quoted = item[key].replace("'", "\\'")
        for inner in _named(item, INNER):
            one = state(f"{path}[?{key}=='{quoted}'].{below('', inner)} | [0]", item[inner])
            if one is not None and one.good is not None:
                found.setdefault(item[key], one)
    return found


def _one(value: Any, path: str) -> State | None:
    """The state of one dependency: a word, a truth value, an object with a status, or a list of such."""
    if isinstance(value, list) and value:
        return _one(value[0], f"{path}[0]") if isinstance(value[0], Mapping) else None
    if isinstance(value, Mapping):
        inner = [state(below(path, key), value[key]) for key in _named(value, INNER)]
        return next((one for one in inner if one is not None and one.good is not None), None)
    return state(path, value)
