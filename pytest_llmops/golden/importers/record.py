"""One record of somebody's format, and what is made of it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

Answers = Literal["reference", "exact", "contains"]
"""What a known right answer becomes: a text beside the case, or what the answer has to be, or to contain."""

_WORDS = 7


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a record.

    Attributes:
        case: as in a golden file; without an id where the record has none. None: it is not taken over.
        left_out: what of the record is not in it, a clause each.
    """

    case: dict[str, Any] | None
    left_out: list[str] = field(default_factory=list)


class Importer(Protocol):
    """A format."""

    keys: frozenset[str]
    """By which a record of it is known: it has each of them."""

    def made(self, record: Mapping[str, Any], answers: Answers) -> Made:
        """A golden case of one record.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is not what the format says.
        """
        ...


def expected(answer: str, answers: Answers) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of a known right answer: keys of the case, and keys of ``expect``. That it is answered is always expected."""
    if not isinstance(answer, str):
        raise TypeError("the expected answer is no text")
    if answers == "reference":
        return {"reference": answer}, {"refusal": False}
    return {}, {answers: answer, "refusal": False}


def text(record: Mapping[str, Any], key: str) -> str:
    """A text of a record that has to be there.

    Raises:
        ValueError: it is missing, or no text.
    """
    found = record.get(key)
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f"{key} is no text")
    return found


def texts(record: Mapping[str, Any], key: str) -> list[str]:
    """Texts of a record; one counts as a list, a missing one as none.

    Raises:
        ValueError: something else is there.
    """
    found = record.get(key) or []
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise ValueError(f"{key} is no text and no list of texts")
    return [one for one in listed if one.strip()]


def slug(prompt: str) -> str:
    """A name made of a question's first words; of its letters' sum where it has none that are Latin."""
    plain = (
        unicodedata.normalize("NFKD", prompt.replace("'", "").replace("\u2019", "")).encode("ascii", "ignore").decode()
    )
    words = re.findall(r"[a-z0-9]+", plain.lower())[:_WORDS]
    return "-".join(words) or f"case-{hashlib.sha256(prompt.encode()).hexdigest()[:8]}"
