"""The configuration of a deployment: it can be read, is in effect, and there is a copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.effective import EffectiveSettings
    from pytest_llmops.clients.failing_service import FailingService
    from pytest_llmops.plugin.measuring import Record


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
def test_a_failing_provider_is_tried_again(
    app_command: AppCommands, failing_service: FailingService, record: Record
) -> None:
    """Against a provider that always fails the client makes its attempts, waits between them, and gives up."""
    said = app_command.json("gateway_retry", failing_service.url)
    record("retry_attempts", failing_service.calls, "calls")
    record("retry_delay", failing_service.pauses_s[0], "s")
    record("client_timeout", said["timeout_s"], "s")
