"""What is measured of a target's search: by its labelled queries, and by their embeddings."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmops.clients.searching import Searching
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, Vacuous
from pytest_llmops.golden.labelled import labelled
from pytest_llmops.judge.canary import Canary, Query, digest
from pytest_llmops.judge.drift import cosine, drift, separation
from pytest_llmops.judge.retrieval import Ranking, Retrieved, ranks_of
from pytest_llmops.measure.stored import Collection

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.traffic import Once
    from pytest_llmops.judge.drift import Drift, Separation
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.retrieval import Labelled


FIGURES = ("collection_points", "segment_length", "embedding_margin")
"""Numbers of a collection, and of its embeddings, that a canary holds."""


class Retrieval:
    """One search of the target; ``collection`` is what it searches, where that is a vector store.

    Args:
        name: of its ``retrieval``.
        target: the deployment.
        reach: gives the client of a configured component, once preflight has passed.
        once: gives what the first process of the run made under a name, and makes it if that is this one.

    Raises:
        Unsupported: the target describes no such search.
    """

    def __init__(self, name: str, target: Target, reach: Callable[[str], Client], once: Once) -> None:
        known = target.table.retrieval
        if name not in known:
            raise Unsupported(
                f"target {target.name} describes no search {name!r}; it has: {', '.join(known) or 'none'}. "
                f"Add [targets.{target.name}.retrieval.{name}] (docs, 'retrieval')."
            )
        self.name = name
        self.table = known[name]
        self._target = target
        self._searching = Searching(name, target, reach, once)
        self.collection = Collection(self._searching, f"{target.where[:-1]}.retrieval.{name}]")

    @cached_property
    def queries(self) -> dict[str, Labelled]:
        """Its labelled queries by id: of the table and its files, or those of the search that it is the same as.

        Raises:
            Unsupported: there are none.
            ConfigError: a file does not hold, or an id is there twice.
        """
        owner = self.table.same_as or self.name
        table, where = self._target.table.retrieval[owner], f"{self._target.where[:-1]}.retrieval.{owner}]"
        found = [*table.queries, *(labelled(self._target.root, table.files, where) if table.files else [])]
        if not found:
            raise Unsupported(
                f"{where} has no labelled queries, so nobody knows what should be found; give it files of golden cases "
                f"whose expect has sources, or queries."
            )
        queries = {one.id: one for one in found}
        if len(queries) < len(found):
            twice = next(one.id for one in found if queries[one.id] is not one)
            raise ConfigError(f"{where}: the query {twice!r} is there twice, in its queries and in its files.")
        return queries

    def found(self, *, again: bool = False) -> Retrieved:
        """What it finds for its labelled queries; asked once a run, and once more for a second round.

        Raises:
            Unsupported: there are none, or the target lacks what it searches by.
            CallFailed: a search failed.
        """
        told = self._searching.found([*self.queries.values()], again=again)
        rankings = []
        for query in self.queries.values():
            names = [name for name, _ in told[query.id]]
            scores = tuple(score for _, score in told[query.id] if score is not None)
            rankings.append(Ranking(query.id, ranks_of(query.documents, names), tuple(names), scores))
        return Retrieved(tuple(rankings), self.table.k)

    def separation(self) -> Separation:
        """How well its embeddings tell texts that are alike from texts that are not; embedded once.

        Raises:
            Unsupported: nothing here can embed, or the table has no pairs.
        """
        return self._separated

    @cached_property
    def _separated(self) -> Separation:
        if not self.table.pairs:
            where = f"{self._target.where[:-1]}.retrieval.{self.name}]"
            raise Unsupported(f"{where} has no pairs of texts that are alike, and that are not; add pairs.")
        embedder = self._searching.embedder()
        near = [(cosine(embedder(pair.one), embedder(pair.other)), pair.alike) for pair in self.table.pairs]
        return separation([one for one, alike in near if alike], [one for one, alike in near if not alike])

    def model(self) -> str:
        """By which model the queries are embedded, with its digest where the server tells it.

        Raises:
            Unsupported: nothing here can embed.
        """
        return self._searching.embedded([*self.queries.values()])[0]

    def drifted(self, canary: Canary) -> Drift:
        """Where the embeddings of the canary's queries are, beside where they were when it was accepted.

        Raises:
            Unsupported: nothing here can embed; or the canary holds no embeddings.
            Vacuous: too few of its queries are asked as they were.
            CallFailed: they are of another length (kind ``other-model``).
        """
        model, now = self._searching.embedded([*self.queries.values()])
        unlike = canary.unlike(self.queries)
        then = {name: one.vector for name, one in canary.queries.items() if one.vector and name not in unlike}
        if not any(one.vector for one in canary.queries.values()):
            raise Unsupported(f"the canary of {self.name} holds no embeddings ({canary.said}).")
        try:
            return drift([*then.values()], [now[name] for name in then])
        except ValueError as error:
            said = f"{self.name}: embeddings by {model or 'a model that nobody names'} cannot be those of the canary"
            raise CallFailed("", "other-model", f"{said} ({canary.model or 'no model named'}): {error}.") from None

    def canary(self) -> Canary:
        """This round as a candidate: what was found, and as far as can be had the embeddings and the segments.

        Raises:
            Unsupported, CallFailed: as :meth:`found`.
        """
        found, model = self.found(), ""
        vectors: dict[str, list[float]] = {}
        if self.table.by != "command":
            try:
                model, vectors = self._searching.embedded([*self.queries.values()])
            except Unsupported:
                model, vectors = "", {}  # it is searched by what embeds for itself
        queries = {
            one.query: Query(
                digest=digest(self.queries[one.query]),
                ranks=[*one.ranks],
                names=[*one.names],
                scores=[*one.scores],
                vector=vectors.get(one.query, []),
            )
            for one in found.rankings
        }
        return Canary(
            target=self._target.name,
            search=self.name,
            recorded=dt.datetime.now(dt.UTC),
            model=model,
            k=self.table.k,
            queries=queries,
            figures={name: figure for name in FIGURES if (figure := self.figure(name)) is not None},
        )

    def figure(self, name: str) -> float | None:
        """A number of the collection, or of its embeddings, that a canary holds; None where the target shows none.

        Args:
            name: ``collection_points``, how many; ``segment_length``, the mean in characters; ``embedding_margin``.
        """
        looks: dict[str, Callable[[], float]] = {
            "collection_points": self.collection.count,
            "segment_length": lambda: self.collection.segments().mean_length,
            "embedding_margin": lambda: self.separation().margin,
        }
        try:
            return looks[name]()
        except (Unsupported, Vacuous):
            return None
