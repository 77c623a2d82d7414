"""``--llmops-against``: a timed call of the target, as it is made on the deployment that is called in turns with it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.errors import BudgetSpent, CallFailed, ConfigError, Unsupported
from pytest_llmops.plugin.checks import our_fixtures
from pytest_llmops.target.components import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_llmops.clients.client import Client
    from pytest_llmops.plugin.deployment import Deployment
    from pytest_llmops.samples import Prompt


def counterpart(item: pytest.Item, own: Deployment, twin: Deployment, client: Any) -> Client:
    """Who is called on the other side: the same component, or the one that serves the test's fixture there.

    Args:
        item: the test.
        own: the target.
        twin: the deployment that is called in turns with it.
        client: who is called on the target.

    Raises:
        ConfigError: the client is none of the target's, or has no counterpart: nothing would be compared.
        Unreachable: its counterpart did not pass preflight; whoever is compared with is required.
    """
    component = own.component_of(client)
    if component is None:
        raise ConfigError(
            f"{twin.said}: measure was handed {type(client).__name__!r}, which is no client of the target's, so its "
            f"counterpart is not known; hand it the client of a fixture (llm, api, …)."
        )
    theirs, ours = twin.declared.table.components, own.declared.table.components
    asked = [role for role in ROLES if role in our_fixtures(item) and ours.serving(role) == component]
    same = component if component in theirs.configured() else None
    found = same or next(filter(None, map(theirs.serving, asked)), None)
    if found is None:
        kinds = dict.fromkeys([component, *(kind for role in asked for kind in ROLES[role])])
        raise ConfigError(
            f"{twin.said} has no {' or '.join(kinds)}, so nothing can be called in turns; "
            "give it one, or leave this test out (--deselect)."
        )
    return twin.reached(found, required=True)


def on_the_other_side(
    call: Callable[[Any, Prompt], Any], client: Client, twin: Deployment, own: Any
) -> Callable[[Prompt], Any]:
    """The same call with the counterpart; what goes wrong says on which side.

    Args:
        call: makes one call for a prompt.
        client: who is called.
        twin: its deployment.
        own: who is called on the target.
    """

    def called(prompt: Prompt) -> Any:
        newest = last_exchange.get()
        try:
            return call(client, prompt)
        except CallFailed as error:
            raise CallFailed(error.component, error.kind, twin.worded(str(error)), error.body) from None
        except Unsupported as error:
            with suppress(CallFailed):
                call(own, prompt)  # what neither side has is unsupported, whichever of them was asked first
            raise ConfigError(twin.worded(str(error))) from None
        except BudgetSpent as error:
            raise BudgetSpent(twin.worded(str(error))) from None
        finally:
            last_exchange.set(newest)  # what a failure tells to try is a call of the target

    return called
