"""Trouble with the provider of the model: another one takes over, or it is asked less often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record

MINUTE_S = 60


@pytest.mark.needs("api")
@pytest.mark.procedure(
    "document-enhancer.api-errors.switch-provider",
    "document-enhancer.api-errors.restart",
    fault="provider_in_use:stale",
)
@pytest.mark.procedure("document-enhancer.api-errors.switch-provider", fault="api:errors=1")
def test_fallback_provider_processes_a_document(
    app_command: AppCommands, operation: Callable[[str], Operated], record: Record
) -> None:
    """After the switch and a restart the other provider is in use, and a document is processed by it."""
    switched = operation("switch-provider")
    if switched.idle:
        raise Vacuous(f"settings: {'; '.join(switched.idle)}, so nothing was switched.")
    record("provider_switch_downtime", switched.down_s, "s")
    used = app_command.text("provider_in_use").strip()
    assert used == switched.value("provider"), (
        f"settings: {used} is in use, and {switched.values['provider']} was set; look whether a variable of the "
        "process's own stands in its way"
    )
    done = operation("process-a-document")
    ended = done.steps[-1]
    record("fallback_processing_time", done.took_s, "s", of=ended.seen)
    assert ended.seen.endswith("is completed"), f"api: with the provider {used} {ended.seen}"


@pytest.mark.procedure("document-enhancer.errors.reduce-rate", fault="rate_limit:unread")
def test_refusals_stop(
    app_command: AppCommands, logs: Logs, operation: Callable[[str], Operated], record: Record
) -> None:
    """Once the rate is lowered, and what reads it is started anew, the provider refuses no call any more."""
    before = logs.follow("llm_calls", 0, during=lambda: app_command.run("annotate"))
    refused = logs.event("rate_limited", among=before)
    record("refusals_before", len(refused), "calls")
    if not len(refused):
        raise Vacuous("logs: the provider refuses no call at the rate that is set; it is left as it is.")
    lowered = operation("reduce-rate")
    assert not lowered.idle, f"settings: {'; '.join(lowered.idle)}, and the provider refuses calls: lower it further"
    called = logs.follow("llm_calls", 0, during=lambda: app_command.run("annotate"))
    assert len(called), "logs: no call to the provider is logged after the rate was lowered, so nothing is seen of it"
    record("calls_of_a_minute", called.busiest(MINUTE_S), "calls")
    refused = logs.event("rate_limited", among=called)
    record("refusals_of_the_provider", len(refused), "calls", of="; ".join(map(str, refused.top(1))))
