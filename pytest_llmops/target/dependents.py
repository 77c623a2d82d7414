"""Who else is touched when a component is: the blast radius of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.target.components import ROLES

if TYPE_CHECKING:
    from pytest_llmops.target.components import Components

BEHIND_API = frozenset({"ollama", "openai", "qdrant", "redis"})
"""What a service in front answers with."""

READERS = {"prometheus": ("alertmanager", "grafana")}
"""Who works with what another one keeps."""

ALSO_CALLED = {"cache": "redis", "vector": "qdrant", "model": "llm"}
"""What health bodies call a role or a component beside its own name."""


def dependents(components: Components, name: str) -> dict[str, str]:
    """The target's other components that depend on one, each with why.

    Args:
        components: the target's.
        name: of the one that is changed.
    """
    configured = components.configured()
    found = {reader: f"reads {name}" for reader in READERS.get(name, ()) if reader in configured}
    if components.api is None or name == "api":
        return found
    words = components.api.health.dependencies if components.api.health else {}
    said = [word for word in words if name in _meant(components, word)]
    if said:
        found["api"] = f"its health reads {', '.join(said)}"
    elif name in BEHIND_API:
        found["api"] = "is in front of it"
    return found


def _meant(components: Components, word: str) -> set[str]:
    """The components that a dependency of the health body may mean."""
    role = ALSO_CALLED.get(word, word)
    serving = components.serving(role) if role in ROLES else None
    return {word, role, *([serving] if serving else [])}
