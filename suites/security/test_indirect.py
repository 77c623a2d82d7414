"""Indirect prompt injection: what a document can have the system say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.security.indirect import Poisoned


@pytest.mark.generic
@pytest.mark.procedure(fault="api:obeys-documents")
@pytest.mark.procedure(fault="llm:obeys")
def test_documents_give_no_orders(poisoned: Poisoned) -> None:
    """The order of a document that was planted is not carried out by the answer that rests on it."""
    poisoned.plant()
    asked = poisoned.ask()
    assert not asked.obeyed, f"the order of a planted document was carried out: {asked.said}"


@pytest.mark.generic
@pytest.mark.procedure(fault="api:keeps-vectors")
def test_a_planted_document_is_removed(poisoned: Poisoned) -> None:
    """A document that was planted, and deleted by the API's own route, is no source of an answer any more."""
    poisoned.plant()
    left = poisoned.remove()
    assert not left, f"a planted document was deleted, and {'; '.join(left)}"
