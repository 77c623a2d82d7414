"""The catalogue of procedures: what each step of a system's runbook asks for."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEMS = ("voyageur", "document-enhancer", "agent-aiops", "enterprise-pipeline", "aegis-rag")
"""The systems whose runbooks are catalogued; a procedure's id starts with one of them."""

SUITES = (
    "daily", "weekly", "monthly", "security", "dr", "load",
    "quality", "incident", "maintenance", "deploy", "monitor",
)  # fmt: skip
"""The suites' markers, and the only words that a procedure's ``suite`` may hold."""


@dataclass(frozen=True, slots=True)
class ProcedureThreshold:
    """A number (or word) that the runbook demands.

    Attributes:
        metric: what is compared, in the catalogue's own naming (``summary_response_time_s``).
        op: one of ``== != < <= > >=``.
        value: the right-hand side; a word for states such as ``HEALTHY``.
        unit: of the value; empty for words and plain numbers.
        level: ``target`` states what must hold; ``warning`` and ``critical`` state what breaks the rule.
        for_s: seconds for which it must last; 0 where the runbook gives none.
    """

    metric: str
    op: str
    value: int | float | str
    unit: str
    level: str
    for_s: int = 0


@dataclass(frozen=True, slots=True)
class Procedure:
    """One step, check, threshold set or rule of a system's runbook.

    Attributes:
        id: ``<system>.<section>.<step>``.
        system: the system whose runbook it is, one of ``SYSTEMS``.
        section: heading of the runbook, as written there.
        cadence: how often (``daily``, ``on-incident``, ``continuous``, …).
        when: the time that the runbook gives, empty if none.
        suite: markers under which it is carried out, each one of ``SUITES``.
        kind: ``check``, ``measure``, ``action``, ``report``, or ``human`` where it stays with a person.
        component: what it is about (``ollama``, ``qdrant``, ``logs``, …).
        check: what is done and asserted, as a sentence.
        thresholds: the numbers that the runbook demands.
        disruptive: whether it can interrupt, degrade, change or delete.
        notes: limits, contradictions and wrong commands of the runbook, and where it says it.
    """

    id: str
    system: str
    section: str
    cadence: str
    when: str
    suite: tuple[str, ...]
    kind: str
    component: str
    check: str
    thresholds: tuple[ProcedureThreshold, ...]
    disruptive: bool
    notes: str

    @property
    def automatable(self) -> bool:
        """Whether a test can carry it out; the others are signed off by a person."""
        return self.kind != "human"


@cache
def catalogue() -> Mapping[str, Procedure]:
    """Every procedure of every system by id, in runbook order; reads all files (about 0.1 s, once)."""
    return MappingProxyType({key: found for system in SYSTEMS for key, found in of_system(system).items()})


def procedure(id: str) -> Procedure:  # noqa: A002  (the catalogue's own word for it)
    """The procedure of that id; reads only its system's file.

    Raises:
        ConfigError: no such procedure; names the nearest id.
    """
    system = id.partition(".")[0]
    known = of_system(system) if system in SYSTEMS else catalogue()
    if id in known:
        return known[id]
    # Ids of one section share most of their letters, so only the nearest one is worth naming.
    nearest = get_close_matches(id, known, n=1)
    raise ConfigError(f"unknown procedure {id!r}.{did_you_mean(id, nearest)}")


@cache
def of_system(system: str) -> Mapping[str, Procedure]:
    """The procedures of one system by id, in runbook order; reads only its file. None of a system that has none."""
    if system not in SYSTEMS:
        return MappingProxyType({})
    text = files("pytest_llmops.procedures").joinpath(f"{system}.toml").read_text("utf-8")
    return MappingProxyType({table["id"]: _procedure(table) for table in tomllib.loads(text)["procedure"]})


def _procedure(table: dict[str, Any]) -> Procedure:
    thresholds = tuple(ProcedureThreshold(**threshold) for threshold in table["thresholds"])
    return Procedure(**{**table, "suite": tuple(table["suite"]), "thresholds": thresholds})
