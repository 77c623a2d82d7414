"""The handbook that the embedded stack knows."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from pytest_llmops.target.embedded import Document

_BREAK = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\[])|\n+")
_MARK = re.compile(r"^\s*(?:[-*•]|\[[^\]]*\])\s*")


@cache
def documents() -> tuple[Document, ...]:
    """All documents, in the file's order."""
    text = (files(__package__) / "corpus.toml").read_text(encoding="utf-8")
    return tuple(Document(**entry) for entry in tomllib.loads(text)["document"])


def sentences(text: str) -> list[str]:
    """A text's sentences, without list marks and ``[labels]`` before them."""
    parts = (_MARK.sub("", part).strip() for part in _BREAK.split(text))
    return [part for part in parts if part]
