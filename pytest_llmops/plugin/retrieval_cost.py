"""About what asking a search costs: its table says by what it searches, so nothing is called to find it out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pytest_llmops.clients.embedding import EMBED
from pytest_llmops.measure.stored import LOOK, READ, SAMPLE
from pytest_llmops.plugin.source import constant, function_of, root

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from pytest_llmops.target.load import Target
    from pytest_llmops.target.retrieval import Search

RETRIEVAL = "retrieval"
"""The fixture that asks the target's searches."""

LOOKS_INTO = {"collection", "figure_changes"}
"""Methods of it that look at points of the vector store."""

EMBEDS = {"drift", "model_change"}
"""Those that have queries embedded, and do not search."""


def once_for_retrieval(item: pytest.Item, target: Target) -> dict[str, dict[str, int]]:
    """What a test asks for once a run of the target's searches: each round to ``component.method`` to calls."""
    found: dict[str, dict[str, int]] = {}
    there = target.table.components.configured()
    for method, name in _asked(item):
        search = target.table.retrieval.get(name)
        if search is None:
            continue
        for kind, asks in _rounds(method, search, target):
            calls = {one: count for one, count in asks.items() if one.partition(".")[0] in there and count}
            found |= {f"{kind}-{name}": calls} if calls else {}
    return found


def _asked(item: pytest.Item) -> Iterator[tuple[str, str]]:
    """Methods of the fixture that a test calls, and the search that each is called with."""
    test, _ = function_of(item)
    for node in ast.walk(test) if test else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and root(node.func.value) == RETRIEVAL:
            yield node.func.attr, str(constant(node.args[0]) if node.args else "")


def _rounds(method: str, search: Search, target: Target) -> Iterator[tuple[str, dict[str, int]]]:
    owner = target.table.retrieval[search.same_as] if search.same_as else search
    queries = len(owner.queries)  # those of files are not read to find out
    embeds = _embeds(search, target)
    if method == "separation":
        yield "separation", {embeds: 2 * len(search.pairs)}
    elif method in LOOKS_INTO:
        yield "collection", {"qdrant.scroll": LOOK, embeds: SAMPLE}
    elif method == "recent":
        yield "recent", {"qdrant.scroll": READ}
    else:
        if search.by == "vectors" or method in EMBEDS:
            yield ("embedded-again" if method == "again" else "embedded"), {embeds: queries}
        if method not in EMBEDS:
            by = {"vectors": ("qdrant.search", queries), "api": ("api.query", queries)}
            operation, calls = by.get(search.by, (f"app_command.{search.command}", 1))
            yield ("retrieval-again" if method == "again" else "retrieval"), {operation: calls}


def _embeds(search: Search, target: Target) -> str:
    """How one text is embedded, as ``component.method``."""
    if search.embedder:
        return f"{search.embedder}.{EMBED}"
    return f"{target.table.components.serving('llm') or 'llm'}.{EMBED}"
