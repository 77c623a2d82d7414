"""Asks a golden set: each case several times, in rounds, of whoever answers questions at the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_llmops.errors import CallFailed, ConfigError, Unsupported
from pytest_llmops.golden.answers import CaseAnswers, Given, GoldenAnswers, halved, kinds_of
from pytest_llmops.golden.evaluators import Answer, held

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.golden.case import Case, GoldenSet
    from pytest_llmops.target.load import Target

EVERY = 20
"""Questions after which somebody is told how far it is."""

NO_TEXT = {"bad-answer", "empty"}
"""Failures of calls that were answered, but for a text: such an answer is wrong, and not lost."""

API, LLM = "api", "llm"
"""Who can be asked: the service in front, where it takes questions, else the model server."""


class Asker(Protocol):
    """Puts a case to whoever answers."""

    @property
    def component(self) -> str:
        """Who is asked."""

    def can(self, case: Case) -> str:
        """Why nothing that it answers could pass a case; empty where it could."""

    def answer(self, case: Case) -> Answer:
        """The answer.

        Raises:
            CallFailed: none came.
        """


@dataclass(frozen=True)
class OfApi:
    """Asks the service in front by its route ``query``, past its cache; it finds the texts of a case itself."""

    api: Api

    @property
    def component(self) -> str:
        """Who is asked."""
        return self.api.component

    def can(self, case: Case) -> str:
        """It has to say where sources and blocks stand, and chooses its model itself."""
        if case.expect.sources and self.api.route("query").sources is None:
            return f"sources are expected, and routes.query of {self.component} does not say where they stand"
        if case.expect.grounded and self.api.route("query").texts is None:
            return (
                f"it is to be grounded, and routes.query of {self.component} does not say where texts of sources stand"
            )
        return f"it names the model {case.model}, which {self.component} chooses itself" if case.model else ""

    def answer(self, case: Case) -> Answer:
        """The answer, with the sources that it names."""
        reply = self.api.query(case.prompt)
        return Answer(reply.text, reply.blocked, reply.sources, reply.texts)


@dataclass(frozen=True)
class OfModel:
    """Asks the model server; the texts that an answer has to rest on stand before the question.

    Attributes:
        llm: the server.
        max_tokens: length of an answer.
        model: that is asked whatever a case says; empty: the case's own, or the target's.
    """

    llm: Llm
    max_tokens: int
    model: str = ""

    @property
    def component(self) -> str:
        """Who is asked."""
        return self.llm.component

    def can(self, case: Case) -> str:
        """It names no sources, and has the texts of a case alone."""
        if case.expect.grounded and not case.context:
            return f"it is to be grounded, and gives {self.component} no context"
        return f"sources are expected, and {self.component} names none" if case.expect.sources else ""

    def answer(self, case: Case) -> Answer:
        """The answer."""
        model = self.model or case.model or None
        said = self.llm.generate(put(case), model=model, max_tokens=self.max_tokens, stream=False).text
        return Answer(said, texts=tuple(case.context))


def asked_of(target: Target) -> str:
    """The fixture whose component answers questions.

    Raises:
        Unsupported: nobody does.
    """
    parts = target.table.components
    if parts.api is not None and "query" in parts.api.routes:
        return API
    if parts.serving(LLM):
        return LLM
    raise Unsupported(f"target {target.name} has neither an api with a route query nor a model server to be asked.")


def carries_texts(target: Target) -> None:
    """Go on only where answers come with the texts of their sources; a model server's are the context of a case.

    Raises:
        Unsupported: they do not, or nobody can be asked; says what to write.
    """
    api = target.table.components.api
    if asked_of(target) == API and api is not None and api.routes["query"].texts is None:
        raise Unsupported(
            "api: its answers carry no texts of their sources, so nobody can say whether they rest on them; where they "
            "do, say where in routes.query.texts."
        )


def put(case: Case) -> str:
    """What a model server is asked: the question, after the texts that its answer has to rest on."""
    if not case.context:
        return case.prompt
    texts = "\n".join(case.context)
    return f"Answer the question from the context alone.\n\nContext:\n{texts}\n\nQuestion: {case.prompt}\nAnswer:"


def ask(golden: GoldenSet, asker: Asker, repeats: int, say: Callable[[str], None]) -> GoldenAnswers:
    """Ask each case so many times, all of them once before any a second time.

    Args:
        golden: the cases.
        asker: who is asked.
        repeats: how often.
        say: is told how far it is.

    Raises:
        ConfigError: a case could not pass, whatever is answered.
        BudgetSpent: the run's budget, or the target's own limit, is used up.
    """
    cannot = [f"{golden.places[case.id][0]}: case {case.id}: {why}" for case in golden if (why := asker.can(case))]
    if cannot:
        raise ConfigError("\n".join(f"{sentence}; it could not pass." for sentence in cannot))
    given: dict[str, list[Given]] = {case.id: [] for case in golden}
    for number in range(repeats * len(golden)):
        case = golden.cases[number % len(golden)]
        if number and not number % EVERY:
            say(f"golden dataset: {number} of {repeats * len(golden)} questions asked of {asker.component}")
        given[case.id].append(_given(case, asker))
    cases = tuple(
        CaseAnswers(
            case.id, case.prompt, tuple(case.tags), case.digest, kinds_of(case.expect.given), tuple(given[case.id])
        )
        for case in golden
    )
    return GoldenAnswers(asker.component, cases)


def _given(case: Case, asker: Asker) -> Given:
    """Ask once; that no answer came is kept beside those that did."""
    try:
        answer = asker.answer(case)
    except CallFailed as error:
        if error.kind not in NO_TEXT:
            return Given("", {}, str(error))
        answer = Answer("")
    found, kinds = held(case, answer), kinds_of(case.expect.given)
    return Given(answer.text, halved(kinds, found.missed), unjudged=halved(kinds, found.unjudged))
