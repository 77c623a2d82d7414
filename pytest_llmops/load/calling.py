"""From the number of a call in a plan to the call itself, made by the clients that make all other calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.api import GUEST
from pytest_llmops.clients.reply import reply_of
from pytest_llmops.errors import CallFailed, LlmopsError
from pytest_llmops.load.schedule import chosen
from pytest_llmops.samples import Stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.load.plan import LoadPlan, Request


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call.

    Attributes:
        request: the place of its request in the mix, and
        prompt: of its prompt in that.
        kind: of its failure; empty for a success.
        said: the sentence of that.
        stream: timings of a streamed answer.
    """

    request: int
    prompt: int
    kind: str = ""
    said: str = ""
    stream: Stream = field(default_factory=Stream)

    @property
    def tokens(self) -> int:
        """Generated tokens by the server's count; -1 where it gave none."""
        return -1 if self.stream.tokens_out is None else self.stream.tokens_out

    @property
    def times(self) -> tuple[float, float, float]:
        """TTFT, TTFO and TPOT in seconds; NaN where there is none."""
        known = (self.stream.ttft_s, self.stream.first_answer_s, self.stream.tpot_s)
        ttft_s, ttfo_s, tpot_s = (nan if one is None else one for one in known)
        return ttft_s, ttfo_s, tpot_s


class Calling:
    """Makes the calls of a plan.

    Args:
        plan: which.
        clients: by component.
    """

    def __init__(self, plan: LoadPlan, clients: Mapping[str, Any]) -> None:
        self.plan = plan
        self._clients = clients

    def __call__(self, number: int) -> Outcome:
        """Make a call, by its number; whatever becomes of it is an outcome."""
        request, prompt = chosen(self.plan, number)
        asked = self.plan.requests[request]
        try:
            result = self._made(asked, prompt, number)
        except CallFailed as error:
            return Outcome(request, prompt, error.kind, str(error))
        except LlmopsError as error:  # a vector of another length, a template that lacks a word
            return Outcome(request, prompt, "unsupported", str(error))
        except Exception as error:  # noqa: BLE001 (a call that only vanished would be counted nowhere)
            said = f"{asked.component}: its answer cannot be read: {type(error).__name__}: {error}"
            return Outcome(request, prompt, "bad-answer", said)
        if kind := getattr(result, "failure", ""):  # a 200 is not a success: blocked, empty, an error status
            said = f"{asked.component}: the answer to {asked.prompts[prompt].id} was {kind}."
            return Outcome(request, prompt, kind, said)
        stream = getattr(result, "stream", None)
        return Outcome(request, prompt, stream=stream if isinstance(stream, Stream) else Stream())

    def _made(self, asked: Request, prompt: int, number: int) -> Any:
        client = self._clients[asked.component]
        text = asked.prompts[prompt].text
        if self.plan.cache_bust:
            text = f"({self.plan.seed}-{number}) {text}"
        if asked.operation == "search":
            return client.search(asked.vectors[prompt], **asked.words)
        if asked.operation == "write":
            return client.write(asked.vectors[prompt], **asked.words)
        if asked.operation == "embed":
            return client.embed(text, model=asked.model)
        if asked.operation == "generate":
            return client.generate(text, model=asked.model, max_tokens=asked.max_tokens, stream=asked.stream)
        answer = client.call(asked.route, prompt=text, **{"user": GUEST, "fresh": True} | asked.words)
        route = client.route(asked.route)
        return reply_of(answer, route) if route.answer else answer
