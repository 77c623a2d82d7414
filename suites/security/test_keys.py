"""Keys: known by name and date, no older than they may be, taken where they are valid, and refused once replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.key_inventory import KeyInventory
    from pytest_llmops.clients.langfuse import Langfuse
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.services import Services
    from pytest_llmops.samples import Workload


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.monthly.key-age", fault="key_inventory:old")
@pytest.mark.procedure("enterprise-pipeline.monthly.key-age", fault="key_inventory:undated")
@pytest.mark.procedure(fault="key_inventory:old")
def test_keys_are_rotated(key_inventory: KeyInventory, record: Record) -> None:
    """By the inventory no key that is in use is older than it may be."""
    with record.to_the_end():
        for name, days in key_inventory.ages().items():
            record(f"key_age_days[{name}]", days, "days")


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.monthly.api-key-roles", fault="keys_in_use:unknown-role")
@pytest.mark.procedure("enterprise-pipeline.monthly.api-key-roles", fault="keys_in_use:stranger")
@pytest.mark.procedure("enterprise-pipeline.monthly.api-key-roles", fault="keys_in_use:retired")
@pytest.mark.procedure(fault="keys_in_use:unknown-role")
def test_keys_that_are_taken_are_known(key_inventory: KeyInventory) -> None:
    """Each key that the application takes has a role that there is, and is in the inventory with it, not retired."""
    wrong = key_inventory.wrong()
    assert not wrong, f"keys: {'; '.join(wrong)}"


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.monthly.api-key-roles", fault="key_inventory:unused")
@pytest.mark.procedure(fault="key_inventory:unused")
def test_keys_are_used(key_inventory: KeyInventory, record: Record) -> None:
    """No key of the application lies idle for longer than it may, by the record of when each was last used."""
    with record.to_the_end():
        for name, days in key_inventory.idle().items():
            record(f"key_idle_days[{name}]", days, "days")


@pytest.mark.generic
@pytest.mark.procedure(fault="api:keeps-keys")
@pytest.mark.procedure(fault="api:open")
@pytest.mark.procedure(fault="api:any-key")
def test_a_replaced_key_is_refused(api: Api, key_inventory: KeyInventory, prompts: Workload) -> None:
    """A key that was replaced by another is answered with 401 or 403."""
    api.refusal(prompts[0], role=key_inventory.replaced)


@pytest.mark.procedure("document-enhancer.api-errors.key-validity", fault="openai_api:refused")
def test_openai_takes_the_key(services: Services, record: Record) -> None:
    """OpenAI lists its models for the configured key; 401 is a key that is not valid."""
    tried = services.unproven("openai_api").tried("models")
    record("key_status[openai]", tried.status, of=tried.said)


@pytest.mark.procedure("document-enhancer.api-errors.key-validity", fault="anthropic_api:refused")
def test_anthropic_takes_the_key(services: Services, record: Record) -> None:
    """Anthropic lists its models for the configured key; 401 is a key that is not valid."""
    tried = services.unproven("anthropic_api").tried("models")
    record("key_status[anthropic]", tried.status, of=tried.said)


@pytest.mark.procedure("enterprise-pipeline.monthly.openrouter-key", fault="openrouter_key:refused")
@pytest.mark.procedure("enterprise-pipeline.monthly.openrouter-key", fault="openrouter_key:spent")
def test_openrouter_takes_the_key(services: Services, record: Record) -> None:
    """OpenRouter knows the configured key, and there is credit left on it; a key without a limit has no such number."""
    account = services.unproven("openrouter_key")
    tried = account.tried("key")
    record("key_status[openrouter]", tried.status, of=tried.said)
    left = account.value("key")
    assert left, "openrouter_key: its answer does not say what is left on the key"
    if left["remaining"] is not None:
        record("credit_left[openrouter]", left["remaining"], "USD", of=f"of {left['limit']} on this key")


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.monthly.langfuse-keys", fault="langfuse:refused")
def test_langfuse_takes_the_keys(langfuse: Langfuse, record: Record) -> None:
    """Where answers are traced, Langfuse takes the keys that they are traced with."""
    record("key_status[langfuse]", langfuse.keys_status(), of="401 is of keys that are not valid")
