"""Ready settings, one TOML or one folder of them per kind of system.

A profile may extend another; what it has not of that, it names by its path in ``without``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

from pytest_llmops.errors import ConfigError, did_you_mean

_FOLDER = files("pytest_llmops.target") / "profiles"

BARE = "none"
"""A target without a profile: a few thresholds and questions, no components, no routes."""


@cache
def names() -> tuple[str, ...]:
    """All profiles, by name."""
    found = [
        item for item in _FOLDER.iterdir() if item.name[0] != "_" and (item.is_dir() or item.name.endswith(".toml"))
    ]
    return tuple(sorted(item.name.removesuffix(".toml") for item in found))


@cache
def figure_names() -> frozenset[str]:
    """The figures of all profiles: a figure that one system lacks is no misspelling."""
    return frozenset(name for profile in names() for name in _extended(profile).get("figures", {}))


def read(name: str, where: str = "") -> dict[str, Any]:
    """The profile's values, with those of the profile that it extends under them.

    Args:
        name: the profile.
        where: who asks for it, for the error.

    Raises:
        ConfigError: there is none of that name.
    """
    if name == BARE:
        return _extended("_generic")
    if name not in names():
        asked = f"{where}: " if where else ""
        raise ConfigError(
            f"{asked}unknown profile {name!r}.{did_you_mean(name, names())} Profiles: {', '.join(names())}."
        )
    return _extended(name)


def under(name: str) -> str:
    """The profile that one extends; empty where it stands alone."""
    return "" if name == BARE else str(_written(name).get("extends", ""))


def _extended(name: str) -> dict[str, Any]:
    """The values of a profile, or of one that only others extend (``_generic``)."""
    values = deepcopy(_written(name))
    parent, without = values.pop("extends", None), values.pop("without", [])
    under = _extended(parent) if parent else {}
    for path in without:
        under = _less(under, *path.split("."))
    return merged(under, values)


def _less(values: Mapping[str, Any], key: str, *rest: str) -> dict[str, Any]:
    """The values without what stands at a path.

    Raises:
        KeyError: nothing stands there, so that there is nothing to leave out.
    """
    left = {name: value for name, value in values.items() if name != key or rest}
    if key not in values:
        raise KeyError(key)
    return left | {key: _less(values[key], *rest)} if rest else left


@cache
def _written(name: str) -> dict[str, Any]:
    """What a profile itself says: one file, or a folder with one file for each subject.

    It is read once a process, so nobody may change what is returned.
    """
    folder = _FOLDER / name
    if not folder.is_dir():
        return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    values: dict[str, Any] = {}
    for part in sorted(folder.iterdir(), key=lambda item: item.name):
        if part.name.endswith(".toml"):
            values = _joined(values, tomllib.loads(part.read_text(encoding="utf-8")), part.name)
    return values


def _joined(one: Mapping[str, Any], other: Mapping[str, Any], part: str) -> dict[str, Any]:
    """What two parts of a profile say, of which neither is over the other: tables and lists are added up.

    Raises:
        ConfigError: of the same they say two things.
    """
    result = dict(one)
    for key, value in other.items():
        below = one.get(key, value)
        if key not in one or below == value:
            result[key] = value
        elif isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = _joined(below, value, part)
        elif isinstance(below, list) and isinstance(value, list):
            result[key] = [*below, *value]
        else:
            raise ConfigError(f"{part}: {key} is {value!r}, and another part of the profile says {below!r}; keep one.")
    return result


WHOLE = frozenset({"auth", "body", "accept", "cases"})
"""Tables that mean something only as a whole: a request body of yours is not mixed with the profile's."""

OF_KINDS = frozenset({"figures"})
"""Tables of tables each of which means something only as a whole: its keys depend on its kind."""


KIND = "driver"
"""What a table says by this means something only with it: one of another driver takes the other's place."""


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are merged key by key; anything else, and what means something only as a whole, is replaced."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        if key in OF_KINDS and isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = {**below, **value}
            continue
        both = key not in WHOLE and isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = merged(below, value) if both and _alike(below, value) else value  # type: ignore[arg-type]
    return result


def _alike(under: Any, over: Any) -> bool:
    """Whether two tables are of the same kind: the one on top says so, or says nothing of it."""
    return bool(over.get(KIND, under.get(KIND)) == under.get(KIND))


def embedded(values: dict[str, Any]) -> dict[str, Any]:
    """A profile's values for a sandbox: asked what that knows, held to limits that its pace can break."""
    sandbox = values.get("sandbox", {})
    replaced = ("prompts", "golden", "thresholds", "growth", "load", "retrieval")
    over = {key: sandbox[key] for key in replaced if key in sandbox}
    if "reported" in sandbox:
        over["incident"] = {"reported": sandbox["reported"]}
    models = {key: sandbox[key] for key in ("candidate", "successor") if key in sandbox}
    if models:
        over["components"] = {"ollama": models}
    if "keys" in sandbox:
        auth = values["components"]["api"]["auth"]
        keyed = {**auth, "roles": {**auth.get("roles", {}), **sandbox["keys"]}}
        over = merged(over, {"components": {"api": {"auth": keyed}}})
    return merged(values, over)
