"""The searches of a target, and queries whose right documents are known: ``[targets.NAME.retrieval.SEARCH]``."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pytest_llmops.target.paths import Below
from pytest_llmops.target.table import JmesPath, Table


class Labelled(Table):
    """A query, and the documents that a search has to find for it."""

    id: str = Field(min_length=1, description="Stable name: by it runs are compared.")
    text: str = Field(min_length=1, description="What is searched for.")
    expect: list[str | list[str]] = Field(
        min_length=1,
        description="Each a document that has to be found, by the name that the search gives it; an address, or its "
        "host: 'python.org'. A list: any of them will do.",
    )

    @property
    def documents(self) -> list[list[str]]:
        """Of each document that is expected the names by which it may be found."""
        return [[one] if isinstance(one, str) else one for one in self.expect]


class Pair(Table):
    """Two texts of which it is known whether they are about the same."""

    one: str = Field(min_length=1)
    other: str = Field(min_length=1)
    alike: bool = Field(description="Whether they are; then their embeddings have to be near.")


class Search(Table):
    """One search of a target (docs, 'retrieval')."""

    by: Literal["vectors", "api", "command"] = Field(
        "vectors",
        description="vectors: the query is embedded, and Qdrant asked. api: the sources of an answer. command: of "
        "app_command, which prints what was found.",
    )
    command: str = Field("", description="By command: its name; it is given the queries, JSON of id to text.")
    embedder: str = Field(
        "",
        description="A further service whose route 'embed' answers with a vector; without it, the model server's "
        "embedding_model.",
    )
    results: JmesPath | None = Field(
        None, description="By api: JMESPath to a list of { id, score }; without it the route's sources."
    )
    document: JmesPath = Field("doc_id", description="JMESPath to a document's name in a point's payload.")
    text: JmesPath = Field("text", description="JMESPath to a segment's text in it.")
    embedded: JmesPath | None = Field(
        None, description="JMESPath to what was embedded of it, e.g. \"join('. ', [title, text])\"; without it, text."
    )
    ingested: JmesPath | None = Field(None, description="JMESPath to when it was ingested (epoch or ISO 8601).")
    k: int = Field(3, ge=1, description="How many of the first results count.")
    depth: int = Field(10, ge=1, description="How many results are asked for: a rank beyond it is none.")
    files: list[Below] = Field(
        [], description="Globs of golden files beside llmops.toml: the cases whose expect has sources."
    )
    queries: list[Labelled] = Field([], description="Labelled queries, where they are few.")
    same_as: str = Field("", description="Another search, whose queries it is asked: as before and after reranking.")
    pairs: list[Pair] = Field([], description="Texts that are alike, or not: whether embeddings tell them apart.")

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.by == "command") != bool(self.command):
            raise ValueError('command = "…" goes with by = "command", and by = "command" with it')
        ids = [query.id for query in self.queries]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"query ids must differ; twice here: {', '.join(twice)}")
        if self.same_as and (self.files or self.queries):
            raise ValueError("same_as takes the queries of another search: leave files and queries out")
        if self.depth < self.k:
            raise ValueError(f"depth = {self.depth} is less than k = {self.k}: so many results are never there")
        return self
