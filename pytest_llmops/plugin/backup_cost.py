"""What proving a backup asks by itself: said before it asks, and nothing is called for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.clients.prints import READ

if TYPE_CHECKING:
    from pytest_llmops.plugin.security_cost import Asks
    from pytest_llmops.target.load import Target

VECTOR_BACKUP = "vector_backup"


def backup_asks_of(target: Target) -> Asks:
    """What each method of a proof asks at the most; empty where the target has no vector store."""
    from pytest_llmops.operate.vector_backup import most_calls

    table = target.table.components.qdrant
    if table is None:
        return {}
    proof = most_calls(table)
    calls = {"proven": proof, "may_be_lost": READ + proof, "lost_since": READ, "restored_from": proof}
    return {(VECTOR_BACKUP, method): {f"qdrant.{method}": count} for method, count in calls.items()}
