"""A check: one of our tests, under a key that is the same from a clone, a wheel, serial and parallel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.plugin.markers import SUITES
from pytest_llmops.plugin.ours import SUITES_FOLDER
from pytest_llmops.plugin.reading import CHANGE, LOAD
from pytest_llmops.procedures.bindings import COMPARING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest

TIMED = COMPARING | {"drill"}
TRAFFIC = "traffic"
TRIAGE, DIAGNOSTICS, AGAIN = "triage", "diagnostics", "triage_again"
ASKS = {
    TRAFFIC: "api",
    "model_update": "ollama",
    "models_in_memory": "ollama",
    "cleanup": "files",
    "security_log": "logs",
    "retire_backups": "files",
    "stored_backups": "files",
    "made_backup": "files",
    "restored_in_place": "files",
    "restoration": "files",
    "redis_dump": "redis",
    "upkeep": "vectors",
    "vector_backup": "vectors",
    "model_loss": "ollama",
    "key_cache": "redis",
    "disclosure": "api",
    "hostile_input": "api",
    "limits": "api",
    "permission_review": "app_command",
    "forbidden_commands": "app_command",
    "candidate_set": "ollama",
    "attacks": "api",
    "model_attacks": "llm",
    "poisoned": "api",
    "key_inventory": "files",
    "configuration": "files",
    **dict.fromkeys(
        (
            "crontab",
            "dependencies",
            "effective_settings",
            "maintenance",
            "own_tests",
            "rollback",
            "runbook",
            "scanner",
            "system_packages",
        ),
        "app_command",
    ),
}
"""Fixtures that stand for no component themselves, and the one that they ask."""


@dataclass
class Check:
    """What the plugin knows of one of our tests.

    Attributes:
        key: path below ``suites/`` (else below rootdir) + qualified name + params.
        suite: the folder's marker, or the first suite marker of a test elsewhere.
        ready: whether it lives in the ready suites.
        procedures: ids that it binds for the target's profile.
        section: heading of the runbook, for reports.
        exclusive: whether it must run alone.
        disruptive: whether it changes the target: by its marker, or because it asks for ``change``.
        afterwards: whether it looks at what the run's changes came to.
        metrics: what it has measured and recorded so far, as plain JSON.
        notes: remarks that make a pass less than a plain one (``no-baseline``, …).
        breaches: severities of thresholds that did not hold.
        recordings: what a candidate baseline takes from here, as plain JSON.
        before_call: the newest call when the test itself began, as a curl command.
        last_passed: when it last passed on this target, where it does not now and that is known.
        category: the class of the newest phase's outcome; empty for a plain pass.
        worst_part: what the worst part of it came to so far, the first of several.
        documents: what it wrote for people, as paths relative to the reports' folder.
        red: whether its newest outcome is a failure or an error.
    """

    key: str
    suite: str
    ready: bool
    procedures: tuple[str, ...] = ()
    section: str = ""
    exclusive: bool = False
    disruptive: bool = False
    afterwards: bool = False
    metrics: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    recordings: list[dict[str, Any]] = field(default_factory=list)
    before_call: str = ""
    last_passed: float | None = None
    category: str = ""
    worst_part: dict[str, Any] | None = None
    documents: list[str] = field(default_factory=list)
    red: bool = False

    def forget(self) -> None:
        """Begin anew: of several attempts the last one counts."""
        self.metrics, self.notes, self.breaches, self.recordings, self.documents = [], [], [], [], []
        self.last_passed = self.worst_part = None
        self.category = ""
        self.red = False

    @property
    def identity(self) -> dict[str, Any]:
        """Which check it is, as in ``run.json``."""
        return {
            "test": self.key,
            "suite": self.suite,
            "section": self.section,
            "procedures": list(self.procedures),
        }


def our_fixtures(item: pytest.Item) -> frozenset[str]:
    """Fixtures of ours that a test uses; one of the user's own under the same name is none of them."""
    info = getattr(item, "_fixtureinfo", None)  # there is no public way to ask whose definition of a name counts
    known = info.name2fixturedefs if info else {}
    return frozenset(name for name, definitions in known.items() if _reaches_ours(name, definitions))


def _reaches_ours(name: str, definitions: Sequence[Any]) -> bool:
    """Whether the definition that counts is ours, or is built on ours of the same name."""
    for definition in reversed(definitions):
        if str(getattr(definition.func, "__module__", "")).startswith("pytest_llmops."):
            return True
        if name not in definition.argnames:
            return False
    return False


def check_of(item: pytest.Item) -> Check:
    """The check that a test is."""
    ready = item.path.is_relative_to(SUITES_FOLDER)
    _, _, name = item.nodeid.partition("::")
    if ready:
        below = item.path.relative_to(SUITES_FOLDER)
        key, suite = f"{below.as_posix()}::{name}", below.parts[0]
    else:
        key = item.nodeid
        suite = next((marker.name for marker in item.iter_markers() if marker.name in SUITES), "")
    return Check(
        key, suite, ready, exclusive=runs_alone(item), disruptive=changes(item), afterwards=comes_afterwards(item)
    )


def changes(item: pytest.Item) -> bool:
    """Whether a test changes the target, by what its markers say now or because it asks for ``change``."""
    return CHANGE in our_fixtures(item) or item.get_closest_marker("disruptive") is not None


def loads(item: pytest.Item) -> bool:
    """Whether a test sends load; in production that is as good as a change."""
    return LOAD in our_fixtures(item)


def runs_alone(item: pytest.Item) -> bool:
    """Whether a test has to run alone, by what its markers say now, or for it changes or times the target."""
    timed = bool(our_fixtures(item) & TIMED)
    return timed or changes(item) or comes_afterwards(item) or item.get_closest_marker("exclusive") is not None


def comes_afterwards(item: pytest.Item) -> bool:
    """Whether a test looks at what the run's changes came to, by what its markers say now."""
    return item.get_closest_marker("after_changes") is not None


def needed_roles(item: pytest.Item, roles: Iterable[str]) -> list[str]:
    """Fixtures and ``needs`` words of a test that stand for components."""
    marked = [str(word) for marker in item.iter_markers("needs") for word in marker.args]
    ours = our_fixtures(item)
    used = [ASKS.get(name, name) for name in getattr(item, "fixturenames", ()) if name in ours]
    return [*(role for role in used if role in roles), *marked]
