"""The fixture that carries out a drill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.control.change import Change
    from pytest_llmops.plugin.drilling import Drill
    from pytest_llmops.plugin.run import Run


@pytest.fixture
def drill(_llmops: Run, request: pytest.FixtureRequest, change: Change) -> Drill:
    """Break something on purpose, and see it come back: ``drill(name, component, fault, *, recovery=None, …)``.

    The component and what depends on it have to be steady first; then comes the fault, which a probe has to notice, and
    then the recovery, or else it comes back by itself; all has to be steady again. Everything that is watched is probed
    all the time, each by a thread, and the calls count in the budget. What fault and recovery do by ``change`` is taken
    back at the end of the test. Recorded are ``drill_detect[NAME]`` and ``drill_rto[NAME]``, and with ``canary``, the
    name of a store that can be written to safely, ``drill_rpo[NAME]``; their thresholds are the objectives. The
    timeline is among the documents, as a page and a picture. ``beside probe figure observe left_s within_s slowest_s``
    are the other words.

    Returns what was seen: ``detect_s rto_s rpo_s loss probes failed(component) failed_pct(component)``.

    Example:
        def test_model_server_is_lost(drill, change):
            drill("model-server-lost", "ollama", lambda: change.kill("ollama"), recovery=lambda: change.start("ollama"))
    """
    from pytest_llmops.plugin.drilling import Drill
    from pytest_llmops.plugin.this_test import ThisTest

    return Drill(ThisTest.asking(_llmops, request), change)
