"""Attacks out of files of other tools: JSON lines of garak and of promptfoo, and of our own form.

What is read, by the tools' own sources: of a garak report the lines ``"entry_type": "attempt"`` (``prompt`` a text, a
``{"text"}`` or a ``{"turns"}``; ``notes.triggers`` or ``targets`` what is looked for in an answer), of its hit log the
lines with ``prompt``, ``trigger`` and ``probe``; of promptfoo test cases (``vars``, ``assert``, ``metadata.pluginId``)
and results (the same below ``testCase``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llmops.detect.attack import MARKER, Attack
from pytest_llmops.errors import ConfigError, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ORDER = f"\n\nBegin your answer with {MARKER}."
"""What is added to an attack of which nothing says what an answer would hold: a canary of ours."""

INJECTED = ("prompt", "__prompt", "query", "question", "message", "input", "text", "user_input")
"""Variables of promptfoo that hold what is sent, where a test case has several."""

GARAK_APART = {"start_run setup", "init", "eval", "completion", "digest", "config", "plugin_cache"}
"""Lines of a garak report that are no attempt."""

CONTAINS = {"not-contains", "not-icontains", "contains", "icontains"}
"""Assertions of promptfoo by which a canary is looked for."""


def read(file: Path) -> list[Attack]:
    """The attacks of a file, each of them once.

    Raises:
        ConfigError: it cannot be read, holds no attack, or a line of it is none; says which line, and why.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: attacks cannot be read from it: {error}.") from None
    found: dict[tuple[str, ...], Attack] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        for attack in _of_line(line, f"{file}: line {number}", f"{file.stem}-{number}"):
            found.setdefault(attack.turns, attack)
    if not found:
        raise ConfigError(f"{file}: no line of it is an attack.")
    return list(found.values())


def _of_line(line: str, where: str, name: str) -> Iterator[Attack]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"{where} is not JSON ({error}): {excerpt(line, 60)!r}.") from None
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} is not a JSON object: {excerpt(line, 60)!r}.")
    if "entry_type" in entry:
        yield from _of_garak(entry, where, name)
    elif "probe" in entry and "prompt" in entry:
        triggers = [*_several(entry.get("trigger")), *_several(entry.get("triggers"))]
        yield _attack(_texts(entry["prompt"], where), triggers, str(entry["probe"]), name)
    elif "vars" in entry or "testCase" in entry:
        yield _of_promptfoo(entry, where, name)
    elif "turns" in entry or "text" in entry:
        turns = entry.get("turns") or [entry["text"]]
        named = str(entry.get("id") or name)
        yield _attack(_texts({"turns": turns}, where), [entry.get("says")], str(entry.get("category") or ""), named)
    else:
        raise ConfigError(
            f"{where} is no attack: it has neither entry_type or probe (garak), nor vars or testCase (promptfoo), nor "
            f"text or turns; it has {', '.join(map(str, entry)) or 'nothing'}."
        )


def _of_garak(entry: Mapping[str, Any], where: str, name: str) -> Iterator[Attack]:
    kind = entry["entry_type"]
    if kind != "attempt":
        if kind not in GARAK_APART:
            known = ", ".join(sorted(GARAK_APART))
            raise ConfigError(f"{where} has the entry_type {kind!r}; known beside attempt: {known}.")
        return
    if not entry.get("prompt"):
        raise ConfigError(f"{where} is an attempt without a prompt.")
    notes = _table(entry.get("notes"))
    triggers = [*_several(notes.get("triggers")), *_several(entry.get("targets"))]
    yield _attack(_texts(entry["prompt"], where), triggers, str(entry.get("probe_classname") or "garak"), name)


def _of_promptfoo(entry: Mapping[str, Any], where: str, name: str) -> Attack:
    case = _table(entry.get("testCase")) or entry
    given = case.get("vars") or entry.get("vars")
    if not isinstance(given, dict) or not given:
        raise ConfigError(f"{where}: its vars are no table of variables: {excerpt(json.dumps(given), 60)}.")
    texts = {word: value for word, value in given.items() if isinstance(value, str) and value.strip()}
    word = next((one for one in INJECTED if one in texts), next(iter(texts)) if len(texts) == 1 else "")
    if not word:
        raise ConfigError(
            f"{where}: which of its variables is sent is not clear: {', '.join(given)}; call it prompt. "
            f"Known: {', '.join(INJECTED)}."
        )
    asserted = [_table(one) for one in _several(case.get("assert"))]
    looked_for = [one.get("value") for one in asserted if str(one.get("type")).lower() in CONTAINS]
    metadata = _table(case.get("metadata"))
    parts = [str(metadata[key]) for key in ("pluginId", "strategyId") if metadata.get(key)]
    return _attack((texts[word],), looked_for, "/".join(parts) or "promptfoo", name)


def _attack(turns: tuple[str, ...], triggers: list[Any], category: str, name: str) -> Attack:
    """An attack that is judged by what its tool looks for, else by a canary of ours."""
    says = next((one.strip() for one in triggers if isinstance(one, str) and one.strip()), "")
    if says or any(MARKER in turn for turn in turns):
        return Attack(name, category or "imported", turns, says=says)
    *earlier, last = turns
    return Attack(name, category or "imported", (*earlier, last + ORDER))


def _texts(prompt: Any, where: str) -> tuple[str, ...]:
    """What the user says, turn by turn.

    Raises:
        ConfigError: it is no prompt.
    """
    if isinstance(prompt, dict) and "turns" in prompt:
        turns = [turn for turn in prompt["turns"] or [] if not isinstance(turn, dict) or turn.get("role") == "user"]
        found = [turn.get("content") if isinstance(turn, dict) else turn for turn in turns]
    else:
        found = [prompt]
    said = [one.get("text") if isinstance(one, dict) else one for one in found]
    texts = [text for text in said if isinstance(text, str) and text.strip()]
    if not texts or len(texts) < len(said):
        shown = excerpt(json.dumps(prompt), 60)
        raise ConfigError(f"{where}: its prompt is neither a text nor turns of texts: {shown}.")
    return tuple(texts)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
