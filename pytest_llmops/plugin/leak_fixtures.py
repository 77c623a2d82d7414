"""The fixture that looks for leaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.security.leak_review import Leaks


@pytest.fixture
def leaks(_llmops: Run) -> Leaks:
    """What the target lets out: ``answers() error_pages() metrics() logs() traces() told() detected() affected()``.

    Persons, secrets, the target's own keys, and, in answers and error pages, stack traces. Each place is looked through
    once a run, by few calls that the plan counts; what is found is told by kind and length, never itself. ``whole()``
    makes the check *vacuous* where nothing, or not all, could be looked through; ``unless_lacking(found)`` makes a
    person in a log *unsupported*, by name, where the target declares to redact nothing (``security.lacks``). Needs the
    extra ``[security]``.

    Example:
        def test_no_answer_leaks(leaks):
            found = leaks.answers()
            assert not found.leaks, found.said
            found.whole()
    """
    from pytest_llmops.security.leak_review import Leaks

    own = _llmops.own

    def reach(role: str) -> object:
        return own.serving(role) if own.target.table.components.serving(role) else None

    return Leaks(own.target, reach, _llmops.once)
