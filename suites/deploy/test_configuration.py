"""The configuration of a deployment: it can be read, is in effect, and there is a copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.effective import EffectiveSettings
    from pytest_llmops.clients.failing_service import FailingService
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("document-enhancer.config.files-valid", fault="config_files:broken")
def test_configuration_files_can_be_read(app_command: AppCommands, record: Record) -> None:
    """Every configuration file compiles or parses, and holds something."""
    record("config_files", len(app_command.lines("config_files")), "files")


@pytest.mark.procedure("document-enhancer.config.settings-need-restart", fault="processes:stale")
def test_processes_have_read_the_newest_settings(effective_settings: EffectiveSettings) -> None:
    """No process started before the settings were last written."""
    stale = effective_settings.stale()
    assert not stale, f"settings: restart what has not read them: {'; '.join(stale)}"


@pytest.mark.procedure("document-enhancer.pre-deploy.backup-config", fault="config_backups:old")
def test_configuration_is_backed_up(effective_settings: EffectiveSettings) -> None:
    """The newest copy of the configuration was made after its last change."""
    why = effective_settings.not_backed_up()
    assert not why, why


@pytest.mark.procedure("document-enhancer.environment.defaults", fault="effective_settings:changed")
@pytest.mark.procedure("aegis-rag.resources.environment", fault="api_environment:unset")
def test_defaults_are_in_effect(effective_settings: EffectiveSettings) -> None:
    """Where nobody sets a variable, the value that the application works with is the known one."""
    wrong = effective_settings.wrong()
    assert not wrong, f"settings: {'; '.join(wrong)}"


@pytest.mark.procedure("document-enhancer.environment.defaults", fault="effective_settings:fails")
def test_defaults_that_nothing_reads(effective_settings: EffectiveSettings) -> None:
    """The runbook names no variable that no code reads."""
    assert effective_settings.values()
    if unread := effective_settings.unread():
        raise Vacuous(f"settings: the runbook gives defaults that have no effect: {'; '.join(unread)}.")


@pytest.mark.procedure("document-enhancer.rate-limit.retry-and-timeout", fault="gateway_retry:gives-up")
@pytest.mark.procedure("document-enhancer.rate-limit.retry-and-timeout", fault="gateway_retry:hammers")
@pytest.mark.procedure("document-enhancer.rate-limit.retry-and-timeout", fault="gateway_retry:hasty")
@pytest.mark.procedure("document-enhancer.rate-limit.retry-and-timeout", fault="gateway_retry:patient")
def test_a_failing_provider_is_tried_again(
    app_command: AppCommands, failing_service: FailingService, record: Record
) -> None:
    """Against a provider that always fails the client in effect tries as often as it must, waits longer, gives up."""
    said = app_command.json("gateway_retry", failing_service.url)
    if said["provider"] != "gateway":
        raise Vacuous(
            f"settings: LLM calls go to {said['provider']}, by a client with retries of its own; the attempts, pauses "
            f"and timeout of the runbook are those of the gateway's client, which nobody uses."
        )
    record("retry_attempts", failing_service.calls, "calls")
    for number, pause_s in enumerate(failing_service.pauses_s, 1):
        record(f"retry_delay[{number}]", pause_s, "s")
    record("client_timeout", said["timeout_s"], "s")


@pytest.mark.procedure("document-enhancer.rate-limit.configured-rate", fault="rate_burst:doubled")
@pytest.mark.procedure("document-enhancer.rate-limit.configured-rate", fault="rate_burst:unheeded")
@pytest.mark.procedure("document-enhancer.rate-limit.configured-rate", fault="rate_burst:astray")
def test_a_burst_is_held_to_the_configured_rate(
    app_command: AppCommands, failing_service: FailingService, record: Record
) -> None:
    """The settings in effect allow the runbook's rate, and of a burst some calls arrive, no more than that."""
    said = app_command.json("rate_burst", failing_service.url)
    if said["rate_limit"] is None:
        raise Vacuous("settings: those in effect know no rate of calls, whatever the runbook writes; none is kept.")
    record("rate_limit_per_minute", said["rate_limit"])
    arrived = failing_service.calls
    assert arrived, "app_command: of a burst no call arrived, so nothing shows that its client is held to a rate"
    record("requests_per_minute", arrived, "calls", of="of a burst of a third more than the rate")


@pytest.mark.procedure("document-enhancer.config.hot-reload-json", fault="rule_in_use:stale")
def test_rules_are_used_without_a_restart(app_command: AppCommands, operation: Callable[[str], Operated]) -> None:
    """A value of a JSON file that is changed is the one that is used then, though nothing was started anew."""
    before = app_command.text("rule_in_use").strip()
    changed = operation("change-a-rule")
    assert not changed.idle, f"settings: {'; '.join(changed.idle)}: give change-a-rule another value"
    used, wanted = app_command.text("rule_in_use").strip(), changed.values["rule"]
    assert before == changed.before["rule"], (
        f"settings: {before!r} was used, and {changed.before['rule']!r} stood there"
    )
    assert used == wanted, f"settings: {used!r} is used, and {wanted!r} stands in the file; start anew what reads it"
