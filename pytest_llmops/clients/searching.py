"""A search of the target, asked its labelled queries: by the vectors, by the API's answers, or by a command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import jmespath
from jmespath.exceptions import JMESPathError

from pytest_llmops.clients.api import GUEST
from pytest_llmops.clients.embedding import embedder_of
from pytest_llmops.errors import CallFailed, Unsupported, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.embedding import Embedder
    from pytest_llmops.clients.traffic import Once
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.retrieval import Labelled, Search

    Results = dict[str, list[tuple[str, float | None]]]
    """Of each query, by its id, names and scores of what was found, best first."""

AGAIN = "-again"
"""What ends the name of a second round's facts."""


class Searching:
    """A search of the target.

    Args:
        name: of the target's ``retrieval``.
        target: the deployment.
        reach: gives the client of a configured component, once preflight has passed.
        once: gives what the first process of the run made under a name, and makes it if that is this one.
    """

    def __init__(self, name: str, target: Target, reach: Callable[[str], Client], once: Once) -> None:
        self.name = name
        self.table: Search = target.table.retrieval[name]
        self._target = target
        self._reach = reach
        self._once = once

    def found(self, queries: Sequence[Labelled], *, again: bool = False) -> Results:
        """What it finds for each query; asked once a run.

        Args:
            queries: labelled ones.
            again: in a second round, embedded anew, which is asked once a run, too.

        Raises:
            CallFailed: a search failed, or its answer cannot be read.
            Unsupported: the target lacks what it searches by.
        """
        round_ = f"{self.name}{AGAIN if again else ''}"
        fact = self._once(f"retrieval-{round_}", lambda: {"found": self._ask(queries, again=again)})
        return {name: [(str(one[0]), one[1]) for one in results] for name, results in fact["found"].items()}

    def embedded(self, queries: Sequence[Labelled], *, again: bool = False) -> tuple[str, dict[str, list[float]]]:
        """By which model the queries are embedded, and their vectors; asked once a run, and once for a second round.

        Raises:
            CallFailed: one could not be embedded.
            Unsupported: nothing here can embed.
        """

        def embed() -> dict[str, Any]:
            embedder = self.embedder()
            return {"model": embedder.model, "vectors": {query.id: embedder(query.text) for query in queries}}

        fact = self._once(f"embedded-{self.name}{AGAIN if again else ''}", embed)
        return str(fact["model"]), dict(fact["vectors"])

    def embedder(self) -> Embedder:
        """Who embeds its texts.

        Raises:
            Unsupported: nothing here can, or it searches by what embeds for itself.
        """
        if self.table.by == "command":
            raise Unsupported(f"the search {self.name} is a command that embeds for itself: no text can be embedded.")
        return embedder_of(self._target, self.table.embedder, self._reach)

    def vectors(self) -> Vectors:
        """The vector store that it searches.

        Raises:
            Unsupported: the target has none.
        """
        component = self._target.table.components.serving("vectors")
        if component is None:
            raise Unsupported(f"target {self._target.name} has no vector store (components.qdrant) to look into.")
        return cast("Vectors", self._reach(component))

    def looked_up(self, path: str, document: Any, of: str = "qdrant") -> Any:
        """What a path of its table points at: in a point's payload, or in the answer of another component.

        Raises:
            CallFailed: it has no meaning there (kind ``bad-answer``).
        """
        try:
            return jmespath.search(path, document)
        except JMESPathError as error:
            said = f"{of}: {path!r} of retrieval.{self.name} has no meaning in {excerpt(str(document))}"
            raise CallFailed(of, "bad-answer", f"{said} ({str(error).splitlines()[0].rstrip('.')}).") from None

    def _ask(self, queries: Sequence[Labelled], *, again: bool) -> Results:
        if self.table.by == "vectors":
            return self._by_vectors(queries, again=again)
        if self.table.by == "api":
            api = cast("Api", self._client("api"))
            return {query.id: self._of_answer(api, query)[: self.table.depth] for query in queries}
        return self._by_command(cast("AppCommands", self._client("app_command")), queries)

    def _client(self, component: str) -> Client:
        if component not in self._target.table.components.configured():
            raise Unsupported(f"target {self._target.name} has no {component}, by which {self.name} is searched.")
        return self._reach(component)

    def _by_vectors(self, queries: Sequence[Labelled], *, again: bool) -> Results:
        store = self.vectors()
        _, embedded = self.embedded(queries, again=again)
        found: Results = {}
        for query in queries:
            hits = store.search(embedded[query.id], limit=self.table.depth)
            found[query.id] = [(self._named(hit.payload, hit.id), hit.score) for hit in hits]
        return found

    def _named(self, payload: Mapping[str, Any], otherwise: str) -> str:
        return str(self.looked_up(self.table.document, payload) or otherwise)

    def _of_answer(self, api: Api, query: Labelled) -> list[tuple[str, float | None]]:
        """The sources of an answer, also of one whose text is withheld."""
        if self.table.results is None:
            api.require("sources", "where sources stand")
        body = api.call("query", prompt=query.text, user=GUEST, fresh=True).ok().json()
        if self.table.results is None:
            told = self.looked_up(api.route("query").sources or "@", body, api.component)
            return [(str(name), None) for name in told or []]
        return [
            _result(api.component, self.name, one)
            for one in self.looked_up(self.table.results, body, api.component) or []
        ]

    def _by_command(self, commands: AppCommands, queries: Sequence[Labelled]) -> Results:
        asked = json.dumps({query.id: query.text for query in queries})
        told = commands.json(self.table.command, asked)
        lacking = [
            query.id for query in queries if not isinstance(told, dict) or not isinstance(told.get(query.id), list)
        ]
        if lacking:
            said = f"{self.table.command} printed no list of results for {', '.join(lacking)}"
            raise CallFailed(commands.component, "bad-answer", f"{commands.component}: {said}.")
        return {query.id: [_result(commands.component, self.name, one) for one in told[query.id]] for query in queries}


def _result(component: str, search: str, told: Any) -> tuple[str, float | None]:
    """One result: its id, and its score where it tells one."""
    if not isinstance(told, dict) or told.get("id") is None:
        said = f"{component}: a result of the search {search} is {told!r}, without an id."
        raise CallFailed(component, "bad-answer", said)
    score = told.get("score")
    return str(told["id"]), float(score) if isinstance(score, int | float) else None
