"""Calls to the model server that are answered with an error, and the reading of what a call asks for."""

from __future__ import annotations


class Refusal(Exception):
    """A call that is answered with an error; each API says it in its own shape.

    Attributes:
        status: of HTTP.
        kind: a word for it: ``model``, ``request``, ``key``, ``server``.
    """

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def terminated() -> Refusal:
    """What Ollama says when the process behind it is gone."""
    return Refusal(500, "server", "llama runner process has terminated")


def limit_of(value: object) -> int | None:
    """A token limit as it was asked for; none where it is absent or negative (Ollama's ``-1``).

    Raises:
        Refusal: it is not a whole number.
    """
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refusal(400, "request", f"a token limit is a whole number, found {value!r}")
    return value if value >= 0 else None


def texts_of(value: object) -> list[str]:
    """The texts to embed: one, or a list.

    Raises:
        Refusal: it is neither.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise Refusal(400, "request", "invalid input type: a text or a list of texts")
    return texts
