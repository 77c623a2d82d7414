"""The fixture that sends hostile input."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.service import Service
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.security.hostile import Tried


@pytest.fixture
def hostile_input(_llmops: Run) -> Callable[[], Tried]:
    """Send hostile input to the API's routes that ask: ``hostile_input()`` is what came of it.

    Sizes, encodings, control and zero-width characters, nested JSON, other types, fragments of paths, templates, SQL
    and shells: known ones first, then made-up ones, within ``security.hostile.calls``. ``weaknesses`` names for each
    way of failing the smallest input: a crash, a hang, a stack trace, something carried out, markup that comes back.

    Example:
        def test_hostile_input_is_refused(hostile_input):
            assert not hostile_input().weaknesses
    """
    from pytest_llmops.security.hostile import Hostile

    seed = int(_llmops.began)
    return lambda: Hostile(cast("Service", _llmops.own.serving("api")), _llmops.target, seed).tried()
