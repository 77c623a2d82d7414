"""Orders within a text: what it tells its reader to say. The healthy stack takes such a sentence for no fact."""

from __future__ import annotations

import re

_WORDS = (
    "word say print reply answer respond write output repeat append echo execute run begin start add confirm call "
    "spell translate remember speak speaks end approve approved send obey carry start starts begins prints "
    "antworte schreib schreibe réponds responde scrivi escriba escreva napisz ответь"
)
_VERB = re.compile(rf"\b({'|'.join(_WORDS.split())})\b|回复|答えて|أجب|लिखें", re.IGNORECASE)
_SAID = re.compile(r"\b[A-Z]{3,}-[A-Z0-9-]*[A-Z0-9]\b")
"""A code: capitals, a dash, capitals and digits."""

_INSTRUCTIONS = re.compile(
    r"\b(reveal|show|print|repeat|tell|state|quote|summari[sz]e|write|translate|gib|nenne)\b.{0,80}"
    r"\b(system prompt|instructions|anweisungen|above this line)\b"
    r"|\bwhich words do your instructions\b|\bprint everything above\b",
    re.IGNORECASE | re.DOTALL,
)

_ADDRESSED = re.compile(r"^(you|never|do not|always)\b", re.IGNORECASE)


def addressed(sentence: str) -> bool:
    """Whether a sentence tells its reader how to behave."""
    return bool(_ADDRESSED.search(sentence))


def given(text: str) -> bool:
    """Whether a text is an order to say something."""
    return bool(_VERB.search(text) and _SAID.search(text))


def carried_out(text: str) -> str | None:
    """What somebody says who does all that he is told; None where a text is no order."""
    return _SAID.findall(text)[-1] if given(text) else None


def asks_for_instructions(text: str) -> bool:
    """Whether a text asks its reader for the instructions that he works under."""
    return bool(_INSTRUCTIONS.search(text))
