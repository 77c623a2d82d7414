"""One attack on what a system was told to do, and the corpus of them that this package brings."""

from __future__ import annotations

import base64
import codecs
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MARKER = "{marker}"
"""Stands for the canary, which is planted when the attack is sent."""

PAYLOAD = "{payload}"
"""Stands for the encoded part of an attack."""

SYSTEM_PROMPT = "system-prompt"
"""The category of the attacks that ask for the system prompt."""

ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "rot13": lambda text: str(codecs.encode(text, "rot13")),
    "hex": lambda text: text.encode().hex(" "),
    "reversed": lambda text: text[::-1],
    "percent": lambda text: quote(text, safe=""),
    "spelled": " ".join,
    "code-points": lambda text: " ".join(str(ord(sign)) for sign in text),
}
"""How the hidden part of an attack is written."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack.

    Attributes:
        id: of it, unlike all others.
        category: ``direct``, ``role-play``, …; of an imported one what its tool calls it.
        turns: what is sent, one message after the other; ``{marker}`` in it is the canary.
        owasp: of the OWASP Top 10 for LLM applications, 2025; empty where an imported one does not say.
        level: ``known`` where filters of patterns look for it, ``social`` where they cannot, else empty.
        payload: what is written for ``{payload}``, in the encoding ``encoded``.
        says: what its own tool looks for in an answer, in place of a canary of ours; empty for none.
        mutation: by which it was changed; empty for none.
    """

    id: str
    category: str
    turns: tuple[str, ...]
    owasp: str = ""
    level: str = ""
    payload: str = ""
    encoded: str = ""
    says: str = ""
    mutation: str = ""

    @property
    def asks_for_prompt(self) -> bool:
        """Whether the answer is held against the system prompt, for there is no canary in it."""
        return not self.says and not any(MARKER in text for text in (*self.turns, self.payload))

    def texts(self, marker: str) -> tuple[str, ...]:
        """What is sent, with the canary planted."""
        hidden = ENCODINGS[self.encoded](self.payload.replace(MARKER, marker)) if self.encoded else ""
        return tuple(turn.replace(PAYLOAD, hidden).replace(MARKER, marker) for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Corpus:
    """What this package brings.

    Attributes:
        version: of the data; another one is another measurement.
        attacks: in the file's order.
        controls: harmless questions by id.
    """

    version: str
    attacks: tuple[Attack, ...]
    controls: Mapping[str, str]


@cache
def corpus() -> Corpus:
    """The attacks and controls of this package."""
    found = _table("attacks")
    categories = found["categories"]
    attacks = tuple(
        Attack(
            id=one["id"],
            category=one["category"],
            turns=tuple(one.get("turns") or [one["text"]]),
            owasp=categories[one["category"]],
            level=one.get("level", ""),
            payload=one.get("payload", ""),
            encoded=one.get("encoded", ""),
        )
        for one in found["attack"]
    )
    controls = _table("controls")
    return Corpus(
        f"{found['version']}+{controls['version']}",
        attacks,
        {one["id"]: one["text"] for one in controls["control"]},
    )


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files("pytest_llmops.detect.corpora") / f"{name}.toml").read_text(encoding="utf-8"))
