"""The words of a request that a server does not take, learnt from what it says when it refuses them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.errors import CallFailed

RENAMED = {"max_tokens": "max_completion_tokens"}
"""What newer OpenAI models call the length of an answer."""

DISPENSABLE = ("stream_options", "temperature")
"""What an answer comes without, too: then without counts, or with the model's own randomness."""

REFUSED = {"http-400", "http-422"}


class Dialect:
    """How one server wants to be asked; every refusal is learnt once."""

    def __init__(self) -> None:
        self._renamed: dict[str, str] = {}
        self._without: set[str] = set()

    def spoken(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body of a request as this server takes it."""
        kept = {word: value for word, value in body.items() if word not in self._without}
        return {self._renamed.get(word, word): value for word, value in kept.items()}

    def learns(self, error: CallFailed, body: dict[str, Any]) -> bool:
        """Whether a refusal names a word of the body that can be said in another way, or be left out."""
        if error.kind not in REFUSED:
            return False
        said = "\n".join(_texts(error.body))
        for word, other in RENAMED.items():
            if word in body and other in said:
                self._renamed[word] = other
                return True
        for word in DISPENSABLE:
            if word in body and word in said:
                self._without.add(word)
                return True
        return False


def _texts(body: str) -> Iterator[str]:
    """What an answer says: all of a plain one, of JSON the texts. Keys and ``input`` are the request's, said back."""
    try:
        found = [json.loads(body)]
    except ValueError:
        found = [body]
    while found:
        one = found.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict | list):
            found += [value for key, value in one.items() if key != "input"] if isinstance(one, dict) else one
