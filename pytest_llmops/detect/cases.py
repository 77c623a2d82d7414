"""Labelled texts, by which each detector is tried: JSON lines beside this module."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from typing import Literal

Part = Literal["tuning", "held_out"]
"""What a detector is made with, and what it is judged by: written before it and never looked at while it is made."""

FEWEST = 75
"""Of positive and of negative cases each, in either part."""

_FOLDER = files("pytest_llmops.detect") / "cases"


@dataclass(frozen=True, slots=True)
class Case:
    """One text whose label is known.

    Attributes:
        id: its name, unique among the detector's cases.
        text: what the detector reads.
        label: whether it has to find something.
        why: what the case is about.
        given: further inputs of the detector, by name: ``marker``, ``attack``, ``prompt``.
    """

    id: str
    text: str
    label: bool
    why: str
    given: dict[str, str] = field(default_factory=dict)


def read(detector: str, part: Part) -> list[Case]:
    """The cases of a detector, in the order of their file.

    Raises:
        FileNotFoundError: the detector has none.
        ValueError: the held-out file is not the one whose sum was noted before the detector was written, or a line is
            no case; says which.
    """
    name = f"{detector}.{part}.jsonl"
    held = (_FOLDER / name).read_bytes()
    if part == "held_out":
        _check(name, held, (_FOLDER / "SHA256SUMS").read_text("utf-8"))
    return [_case(name, at, line) for at, line in enumerate(held.decode("utf-8").rstrip("\n").split("\n"), 1)]


def sums(text: str) -> dict[str, str]:
    """File name to its SHA-256, of what ``sha256sum`` writes."""
    pairs = (line.split(maxsplit=1) for line in text.splitlines())
    return {name.removeprefix("*"): digest for digest, name in pairs}


def _check(name: str, held: bytes, noted: str) -> None:
    wanted = sums(noted).get(name)
    found = sha256(held).hexdigest()
    if found != wanted:
        raise ValueError(
            f"{name} has the SHA-256 {found}, SHA256SUMS says {wanted or 'nothing of it'}: held-out cases are "
            "fixed before their detector is written and do not change after; new ones need a sum of their own"
        )


def _case(name: str, at: int, line: str) -> Case:
    try:
        fields = json.loads(line)
        case = Case(fields.pop("id"), fields.pop("text"), fields.pop("label"), fields.pop("why"), fields)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"line {at} of {name} is no case with id, text, label and why: {error!r}") from error
    if not (isinstance(case.label, bool) and all(isinstance(one, str) for one in (case.text, *fields.values()))):
        raise ValueError(f"line {at} of {name}: label is true or false, everything else a string")
    return case
