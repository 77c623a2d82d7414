"""Rolling back: to the version that was deployed before, which the commit before is not always."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.rollback import Rollback


@pytest.mark.procedure("document-enhancer.rollback.select-commit", fault="deployments:several")
def test_rollback_goes_to_what_was_deployed_before(rollback: Rollback) -> None:
    """The commit that a rollback goes to by itself is the one that was deployed before."""
    goes, before = rollback.default(), rollback.deployed_before()
    assert goes.hash == before.hash, (
        f"rollback: goes to {goes}; deployed before was {before}: give rollback.sh that one"
    )
