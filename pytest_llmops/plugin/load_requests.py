"""What a load run asks: of one client, of a mix, or by a workload of the target; and the same of another deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError, Unsupported
from pytest_llmops.load.requests import request_for
from pytest_llmops.load.shaping import prompts_of, workload_of
from pytest_llmops.plugin.counterpart import counterpart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.load.plan import Request
    from pytest_llmops.plugin.deployment import Deployment
    from pytest_llmops.plugin.this_test import ThisTest
    from pytest_llmops.samples import Workload
    from pytest_llmops.target.loads import LoadCall

SENT = {"arrivals", "seed", "cache_bust", "deadline", "processes", "workers", "bind", "in_flight", "stops"}
"""Fields of `LoadPlan` that a test may give."""


class LoadRequests:
    """The requests of one test's load.

    Args:
        test: whose.
    """

    def __init__(self, test: ThisTest) -> None:
        self._run = test.run
        self._item = test.item
        self._asked: list[tuple[Request, Any, Workload, dict[str, Any]]] = []

    def one(self, client: Any, prompts: Workload | None, how: dict[str, Any]) -> Request:
        """One kind of call; see ``load/requests.py``.

        Args:
            client: who is called.
            prompts: the workload; the target's own by default.
            how: see there.
        """
        prompts = prompts or self._run.target.workload
        request = request_for(client, prompts, **how)
        self._asked.append((request, client, prompts, how))
        return request

    def of(
        self, client: Any, prompts: Workload | None, mix: Sequence[Request], workload: str, how: dict[str, Any]
    ) -> tuple[tuple[Request, ...], dict[str, Any]]:
        """What is asked, and what was said of how it is sent.

        Args:
            client: who is called, unless there is a mix or a workload.
            prompts: what is asked.
            mix: requests of several kinds.
            workload: the name of one of the target's.
            how: both, as a test gives it.
        """
        sent = {word: how[word] for word in SENT & how.keys()}
        asked = {word: value for word, value in how.items() if word not in SENT}
        if not workload:
            return tuple(mix) or (self.one(client, prompts, asked),), sent
        table = workload_of(self._run.target, workload)
        prompts = prompts or prompts_of(table, self._run.target.workload)
        requests = tuple(self._called(call, prompts, asked) for call in table.calls)
        own = {"seed": table.seed, "cache_bust": table.cache_bust, "deadline": table.deadline}
        return requests, own | sent

    def _called(self, call: LoadCall, prompts: Workload, asked: dict[str, Any]) -> Request:
        component = self._run.declared.table.components.serving(call.component) or call.component
        if component not in self._run.declared.table.components.configured():
            raise Unsupported(f"target {self._run.declared.name} has no {call.component} to put load on.")
        words = {"words": call.words, "model": call.model, "max_tokens": call.max_tokens, "stream": call.stream}
        how = {"route": call.by_route, "embed": call.asks == "embed", "weight": call.weight, **words, **asked}
        return self.one(self._run.own.reached(component), prompts, {**how, "name": call.called})

    def on(self, twin: Deployment, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The same, asked of the deployment that is compared with.

        Raises:
            LlmopsError: a request was not made here, so nobody knows by which client.
        """
        theirs = []
        for request in requests:
            made = next((one for one in self._asked if one[0] is request), None)
            if made is None:
                said = f"so that {twin.said} can be asked the same"
                raise LlmopsError(f"{request.name}: make the requests of a mix by load_run.request, {said}.")
            _, client, prompts, how = made
            theirs.append(request_for(counterpart(self._item, self._run.own, twin, client), prompts, **how))
        return tuple(theirs)
