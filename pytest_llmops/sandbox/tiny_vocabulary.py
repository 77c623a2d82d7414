"""The tokens of the small models: the words of the handbook, so that most words of a question are one token each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pytest_llmops.sandbox import corpus
from pytest_llmops.sandbox.wording import STOP_WORDS

BLANK = "\u2581"
"""How SentencePiece writes the blank before a word."""

_NEVER, _SELDOM = -30.0, -6.0


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes:
        text: as SentencePiece writes it.
        score: of two pairs that could be merged, the one whose token has the higher score is.
        kind: the name of its type in the GGUF format.
        bias: added to its logit.
    """

    text: str
    score: float
    kind: str
    bias: float


@cache
def vocabulary() -> tuple[Token, ...]:
    """All tokens by number: ``<unk>``, ``<s>``, ``</s>``, the 256 bytes, single characters, words and their beginnings.

    The beginnings are there because SentencePiece builds a word up pair by pair: it reaches none without them.
    """
    special = [Token("<unk>", 0.0, "UNKNOWN", _NEVER), *(Token(t, 0.0, "CONTROL", _NEVER) for t in ("<s>", "</s>"))]
    special += [Token(f"<0x{byte:02X}>", 0.0, "BYTE", _NEVER) for byte in range(256)]
    pieces = {text: Token(text, -1e3, "NORMAL", _SELDOM) for text in (BLANK, *map(chr, range(33, 127)))}
    for rank, word in enumerate(_words()):
        piece = BLANK + word
        for end in range(2, len(piece)):
            pieces.setdefault(piece[:end], Token(piece[:end], -500.0 - end, "NORMAL", _SELDOM))
        pieces[piece] = Token(piece, -1.0 - rank * 1e-3, "NORMAL", 0.0)
    return (*special, *pieces.values())


def _words() -> list[str]:
    """The handbook's words as they are written, after the words that any text has."""
    read = " ".join(f"{document.title} {document.text}" for document in corpus.documents()).split()
    found = [word.strip(".,;:!?\"'()") for word in read]
    return list(dict.fromkeys([*sorted(STOP_WORDS), *filter(str.isascii, filter(None, found))]))
