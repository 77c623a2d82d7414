"""The API's answer to a question, found in the body by the route's paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.target.routes import Route

UNHEARD = frozenset({401, 404, 405, 408, 429})
"""Statuses by which nobody looked at the question; a body without an answer is then no block."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The API's answer to a question.

    Attributes:
        text: the answer; empty for a block.
        sources: ids of the sources that it names.
        texts: of these sources, where the route says where they stand.
        blocked: whether the API refused the input, by the profile's predicate over the body.
        status: HTTP status.
        elapsed_s: the whole call.
        body: the JSON as it came.
        values: further parts of it, as the route names them; None where the answer has no such part.
    """

    text: str
    sources: tuple[str, ...]
    blocked: bool
    status: int
    elapsed_s: float
    body: Any = field(repr=False, default=None)
    values: Mapping[str, Any] = field(default_factory=dict)
    texts: tuple[str, ...] = field(repr=False, default=())

    @property
    def failure(self) -> str:
        """Why a timed call with this outcome is no success; empty if it is one."""
        return "blocked" if self.blocked else ("" if self.text.strip() else "empty")

    def knows(self, expect: str) -> bool:
        """Whether it holds the words that a right answer holds, in capitals or not."""
        return expect.lower() in self.text.lower()


def reply_of(answer: Answer, route: Route) -> Reply:
    """Read an answer by the route that was asked.

    Raises:
        CallFailed: a status other than 2xx that is no block, or no text where it should be (kind ``bad-answer``).
    """
    body, blocked = None, False
    if answer.status < 500 and answer.status not in UNHEARD and answer.is_json:  # a block may be a 200, and a 4xx
        body = answer.json()
        blocked = bool(route.blocked and jmespath.search(route.blocked, body))
    if not blocked:
        body = answer.ok().json()
    text = jmespath.search(route.answer, body) if route.answer else body
    sources = jmespath.search(route.sources, body) if route.sources else None
    if not blocked and not isinstance(text, str):
        raise CallFailed(
            answer.component,
            "bad-answer",
            f"{answer.component}: {answer.asked} answered {answer.status} without a text at {route.answer!r}; "
            f"it holds {_holds(body)}.",
        )
    named = tuple(str(source) for source in sources or ())
    texts = jmespath.search(route.texts, body) if route.texts else None
    rests_on = tuple(str(one) for one in texts or () if one)
    values = parts_of(body, route)
    return Reply(text or "", named, blocked, answer.status, answer.elapsed_s, body, values, rests_on)


def parts_of(body: Any, route: Route) -> dict[str, Any]:
    """The further parts of a body, as the route names them; also of an answer whose text is withheld."""
    return {name: jmespath.search(path, body) for name, path in route.values.items()}


def _holds(body: Any) -> str:
    """The paths of a body as far as two keys deep, for whoever looks for the right one."""
    if not isinstance(body, dict):
        return f"a {type(body).__name__}" if body is not None else "nothing"
    paths = [
        f"{key}.{inner}" if inner else key
        for key, value in body.items()
        for inner in (value if isinstance(value, dict) and value else [""])
    ]
    return ", ".join(paths) or "no key"
