"""One round of questions through the API, asked once a run: the answers, and what the service counted and logged."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.api import GUEST
from pytest_llmops.clients.kept import Kept
from pytest_llmops.clients.reply import Reply, parts_of, reply_of
from pytest_llmops.clients.vitals import log_of, page_of
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.audit import AuditLog
    from pytest_llmops.clients.exposition import MetricsPage
    from pytest_llmops.samples import Prompt, Workload

    Once = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]

FEW = 5
"""Questions that a slow service is asked; a quick one is asked all."""

SLOW_S = 1.0
"""Seconds a question, above which a service is slow."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the round.

    Attributes:
        prompt: what was asked.
        kept: what became of it.
        api: who was asked.
    """

    prompt: Prompt
    kept: Kept
    api: Api

    @property
    def reply(self) -> Reply:
        """The answer.

        Raises:
            CallFailed: a status other than 2xx, or no whole answer.
        """
        return reply_of(self.kept.again(), self.api.route("query"))

    @property
    def parts(self) -> dict[str, Any]:
        """The further parts of the answer that the route names (``values``), also where its text is withheld.

        Raises:
            CallFailed: a status other than 2xx, or no JSON.
        """
        return parts_of(self.kept.again().ok().json(), self.api.route("query"))

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of the sources that the answer names.

        Raises:
            Unsupported: the route does not say where they stand.
        """
        self.api.require("sources", "where sources stand")
        return self.reply.sources

    @property
    def right(self) -> bool:
        """Whether the answer holds the words that a right one holds."""
        return self.reply.knows(self.prompt.expect)


class Traffic:
    """A round of questions, and the service's own account of it.

    Args:
        api: who was asked.
        workload: the target's questions.
        fact: what :func:`made` brought.

    Attributes:
        questions: in the order in which they were asked, those with a known answer first.
    """

    def __init__(self, api: Api, workload: Workload, fact: Mapping[str, Any]) -> None:
        self._api = api
        self._workload = workload
        kept = [Kept.read(found) for found in fact["questions"]]
        self.questions = tuple(
            Question(prompt, one, api) for prompt, one in zip(_ordered(workload), kept, strict=False)
        )
        self._metrics, self._audit = ([Kept.read(found) for found in fact[name]] for name in ("metrics", "audit"))

    def __repr__(self) -> str:
        return f"Traffic({len(self.questions)} questions to {self._api.address})"

    @property
    def timed_out(self) -> tuple[Question, ...]:
        """The questions that got no answer within the deadline."""
        failed = ((question, question.kept.came) for question in self.questions)
        return tuple(one for one, came in failed if isinstance(came, CallFailed) and came.kind == "timeout")

    @property
    def known(self) -> tuple[Question, ...]:
        """The questions whose right answer is known.

        Raises:
            Unsupported: there are none, so none could be wrong.
        """
        known = self._workload.known
        return tuple(question for question in self.questions if question.prompt in known)

    @property
    def pages(self) -> tuple[MetricsPage, MetricsPage]:
        """The service's metrics page before the round and after it.

        Raises:
            Unsupported: the profile names none.
            CallFailed: it could not be had.
        """
        before, after = (page_of(look.again(), look.at) for look in self._metrics)
        return before, after

    def each(self, part: str, **where: Any) -> list[Any]:
        """A part of every answer of a kind, as in ``each("score", route="search")``; None where an answer lacks it.

        Args:
            part: of the route's ``values``.
            **where: further parts, and what they have to be.

        Raises:
            Unsupported: the route names no such part.
            CallFailed: no question was answered.
            Vacuous: no answer is of that kind.
        """
        named = self._api.route("query").values
        if lacking := [name for name in (part, *where) if name not in named]:
            raise Unsupported(f"{self._api.component}: routes.query.values does not say where {lacking[0]} stands.")
        answered, failed = [], None
        for question in self.questions:
            try:
                answered.append(question.parts)
            except CallFailed as error:
                failed = error
        if not answered and failed is not None:
            raise failed
        found = [parts[part] for parts in answered if all(parts[name] == value for name, value in where.items())]
        if not found:
            kind = " and ".join(f"{name} {value}" for name, value in where.items())
            said = f"none of {len(answered)} answers is of {kind}, so {part} says nothing"
            raise Vacuous(f"{self._api.component}: {said}.")
        return found

    def again(self) -> Traffic:
        """Another round, asked now."""
        return Traffic(self._api, self._workload, made(self._api, self._workload))

    def one_by_one(self, rounds: int = 1) -> list[Callable[[], object]]:
        """The questions of the round again, so many times over, each as an act of its own; that one fails is kept."""
        asking = [partial(Kept.of, _question(self._api, question.prompt)) for question in self.questions]
        return [*asking] * rounds

    @property
    def audited(self) -> AuditLog:
        """The entries of the audit log that came with the round.

        Raises:
            Unsupported: the profile describes no audit log.
            CallFailed: it could not be had.
        """
        looks = [(look.again(), look.at) for look in self._audit]
        before, after = (replace(log_of(answer, self._api.route("audit")), read_at=at) for answer, at in looks)
        return after.since(before)


def round_of(api: Api, workload: Workload, once: Once, *, longest_s: float = math.inf) -> Traffic:
    """The run's one round.

    Args:
        api: who is asked.
        workload: the target's questions.
        once: gives what the first process of the run made under a name, and makes it if that is this one.
        longest_s: as of `made`, where it is made now.
    """
    return Traffic(api, workload, once("traffic", lambda: made(api, workload, longest_s=longest_s)))


def made(api: Api, workload: Workload, *, slow_s: float = SLOW_S, longest_s: float = math.inf) -> dict[str, Any]:
    """Ask the round, and look at the metrics page and the audit log before and after it.

    What fails is kept beside what does not: each check judges what it needs.

    Args:
        api: who is asked.
        workload: the target's questions.
        slow_s: seconds a question, above which only the first few are asked.
        longest_s: seconds that the round takes at most, for who cannot wait; one question is always asked.

    Returns:
        Plain JSON: ``questions``, ``metrics`` and ``audit``, each a list of kept calls.

    Raises:
        Unsupported: nothing can be asked: the profile describes no route ``query``.
        BudgetSpent: the run's budget, or the target's own rate limit, ended before the round.
    """
    api.route("query")
    audit, metrics = [Kept.of(lambda: api.call("audit"))], [Kept.of(api.metrics_answer)]
    questions = list(_asked(api, _ordered(workload), slow_s, longest_s))
    metrics.append(Kept.of(api.metrics_answer))
    audit.append(Kept.of(lambda: api.call("audit")))
    looks = {"questions": questions, "metrics": metrics, "audit": audit}
    return {name: [kept.as_json() for kept in found] for name, found in looks.items()}


def _asked(api: Api, prompts: Sequence[Prompt], slow_s: float, longest_s: float) -> Iterator[Kept]:
    """Every question once; of a slow service only the first few, and what is in time, for the suite is a guest."""
    start = time.perf_counter()
    for number, prompt in enumerate(prompts):
        each_s = (time.perf_counter() - start) / max(1, number)
        if (number >= FEW and each_s > slow_s) or (number + 1) * each_s > longest_s:
            return
        yield Kept.of(_question(api, prompt))


def _question(api: Api, prompt: Prompt) -> Callable[[], Answer]:
    return partial(api.call, "query", prompt=prompt.text, user=GUEST, fresh=True)


def _ordered(workload: Workload) -> list[Prompt]:
    """Those with a known answer first: they tell most."""
    return sorted(workload, key=lambda prompt: not prompt.expect)
