"""Configuration: secrets lie in the one file that is meant for them, and nobody else may read or change what is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.files import Files
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.security.configuration import Configuration


@pytest.mark.generic
@pytest.mark.procedure("voyageur.security.config-secrets", fault="configuration_texts:exposed")
@pytest.mark.procedure("voyageur.security.config-secrets", fault="configuration_texts:repeated")
@pytest.mark.procedure(fault="configuration_texts:exposed")
def test_no_secret_lies_about(configuration: Configuration, record: Record) -> None:
    """No configuration file but the one that is meant for it holds a secret; each is told by its name alone."""
    exposed = configuration.exposed()
    record("exposed_secrets", len(exposed), "secrets", of="; ".join(map(str, exposed)))


@pytest.mark.generic
@pytest.mark.procedure(
    "voyageur.security.config-secrets", "document-enhancer.permissions.env-file", fault="env_file:open"
)
@pytest.mark.procedure(
    "voyageur.security.config-secrets", "document-enhancer.permissions.env-file", fault="env_file:missing"
)
@pytest.mark.procedure(fault="env_file:open")
def test_secrets_are_for_the_service_alone(configuration: Configuration) -> None:
    """The file with the secrets belongs to the service's user, and nobody else may read it."""
    wrong = configuration.env_file().wrong
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.generic
@pytest.mark.procedure("voyageur.security.config-secrets", fault="secrets_tracked:tracked")
@pytest.mark.procedure(fault="secrets_tracked:tracked")
def test_git_does_not_track_secrets(app_command: AppCommands, record: Record) -> None:
    """No file that is meant to hold secrets is among those that git has."""
    tracked = app_command.lines("secrets_tracked")
    record("secrets_tracked", len(tracked), "files", of=", ".join(tracked))


@pytest.mark.procedure("document-enhancer.permissions.scripts-and-folders", fault="data_folders:writable")
@pytest.mark.procedure("document-enhancer.permissions.scripts-and-folders", fault="scripts:closed")
@pytest.mark.procedure("document-enhancer.permissions.scripts-and-folders", fault="config_json:writable")
def test_scripts_and_folders_have_their_permissions(files: Files, record: Record) -> None:
    """Scripts and folders can be used by all and written by their owner alone; what all may read is named."""
    wrong = [said for name in ("scripts", "data_folders", "config_json") for said in files.found(name).wrong]
    readable = [fact.name for fact in files.found("data_folders").open_to_all]
    record("folders_open_to_all", len(readable), "folders", of=f"may hold text of documents: {', '.join(readable)}")
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.procedure(
    "document-enhancer.start.environment-variables",
    "document-enhancer.environment.api-key-present",
    fault="environment:keyless",
)
@pytest.mark.procedure("document-enhancer.environment.api-key-present", fault="environment:other-key")
@pytest.mark.procedure("document-enhancer.start.environment-variables", fault="environment:mistyped")
def test_the_key_of_the_provider_is_set(app_command: AppCommands) -> None:
    """The provider is one that there is, and the key that it takes is set; log level and provider have defaults."""
    said = app_command.json("environment")
    assert not said["unknown"], f"settings: {'; '.join(said['unknown'])}"
    if said["provider"] == "gateway":
        raise Vacuous("settings: the provider is the gateway, which has the keys; this process needs none.")
    assert said["key"] in said["set"], (
        f"settings: {said['key']}, the key of the provider {said['provider']}, is not set; "
        f"set: {', '.join(said['set']) or 'none'}"
    )
