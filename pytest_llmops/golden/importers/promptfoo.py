"""Tests of promptfoo: ``vars`` and ``assert``. Their code is never run."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_llmops.golden.importers.record import Made, text, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.golden.importers.record import Answers

QUESTIONS = ("query", "question", "prompt", "input", "message")
"""Variables that hold the question, by their usual names; the first of them counts."""


def _listed(value: Any) -> list[str]:
    found = [one.strip() for one in value.split(",")] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError("it is no list of texts")
    return found


def _schema(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


_READ: dict[str, Callable[[Any], dict[str, Any]]] = {
    "equals": lambda value: {"exact": value if isinstance(value, str) else json.dumps(value)},
    "contains": lambda value: {"contains": {"all_of": [value]}},
    "contains-all": lambda value: {"contains": {"all_of": _listed(value)}},
    "contains-any": lambda value: {"contains": {"any_of": _listed(value)}},
    "not-contains": lambda value: {"contains": {"none_of": [value]}},
    "not-contains-any": lambda value: {"contains": {"none_of": _listed(value)}},
    "icontains": lambda value: {"regex": {"all_of": [f"(?i){re.escape(value)}"]}},
    "icontains-all": lambda value: {"regex": {"all_of": [f"(?i){re.escape(one)}" for one in _listed(value)]}},
    "icontains-any": lambda value: {"regex": {"any_of": [f"(?i){re.escape(one)}" for one in _listed(value)]}},
    "not-icontains": lambda value: {"regex": {"none_of": [f"(?i){re.escape(value)}"]}},
    "regex": lambda value: {"regex": {"all_of": [value]}},
    "not-regex": lambda value: {"regex": {"none_of": [value]}},
    "starts-with": lambda value: {"regex": {"all_of": [rf"\A{re.escape(value)}"]}},
    "is-json": lambda value: {"schema": _schema(value) if value is not None else {}},
    "is-refusal": lambda _: {"refusal": True},
    "not-is-refusal": lambda _: {"refusal": False},
}


class Promptfoo:
    """``tests`` of a promptfoo file, or one of them a line; ``golden_dataset/promptfoo_tests.jsonl`` too.

    Assertions that are code, ask a model or judge time or cost are left out by name. What is left of a test without
    any other is the question, which is expected to be answered.
    """

    keys = frozenset({"vars"})

    def made(self, record: Mapping[str, Any], _answers: Answers) -> Made:
        """The question with those assertions that have a counterpart."""
        values = record["vars"]
        name = next((one for one in QUESTIONS if one in values), None)
        if name is None:
            raise ValueError(f"vars has no question under {', '.join(QUESTIONS)}")
        left_out = [f"vars.{one}" for one in values if one not in {name, "context"}]
        expect: dict[str, Any] = {}
        for one in record.get("assert") or []:
            kind = text(one, "type")
            if kind in _READ and not str(one.get("value", "")).startswith("file://"):
                self._add(expect, _READ[kind](one.get("value")))
            else:
                left_out.append(f"assert {kind}")
        named = {"id": record["description"].strip()} if isinstance(record.get("description"), str) else {}
        case = {**named, "prompt": text(values, name), "context": texts(values, "context")}
        return Made({**case, "expect": expect or {"refusal": False}}, left_out)

    def _add(self, expect: dict[str, Any], further: dict[str, Any]) -> None:
        """Lay one assertion beside the others."""
        for kind, table in further.items():
            if kind not in expect:
                expect[kind] = table
            elif kind in {"contains", "regex"} and not set(table) & set(expect[kind]) & {"any_of"}:
                for key, parts in table.items():
                    expect[kind].setdefault(key, []).extend(parts)
            elif expect[kind] != table:
                raise ValueError(f"two assertions become {kind}, which can be said once")
