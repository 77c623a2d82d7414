"""What is changed by a component's own API: its client, made of the file's table or the journal's, and its driver."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.clients.client import connect
from pytest_llmops.control.value import SetDriver
from pytest_llmops.errors import CallFailed, ControlError
from pytest_llmops.state.ledger import Uncounted
from pytest_llmops.target.components import Components
from pytest_llmops.target.secrets import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.clients.client import Client
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Behind


def reached(settings: Behind, target: Target) -> Client:
    """The client of the component that a setting is behind; its calls count in no run's budget.

    Args:
        settings: the setting's table, which holds the component's.
        target: in whose environment secrets are.
    """
    endpoint = {**settings.endpoint, "url": _address(settings, target)}
    components = Components.model_validate({settings.component: endpoint})
    table = target.table.model_copy(update={"components": components})
    return connect(replace(target, table=table), settings.component, Uncounted())


def _address(settings: Behind, target: Target) -> str | None:
    """The component's address, with user and password where the target has them for the same one: no journal does."""
    url: str | None = settings.endpoint.get("url")
    part = target.table.components.configured().get(settings.component)
    return part.url if part and part.url and without_userinfo(part.url) == url else url


class BehindDriver(SetDriver):
    """A driver that acts by a component's client.

    Args:
        settings: its table, which holds the component's.
        target: in whose environment secrets are.
    """

    def __init__(self, settings: Behind, target: Target) -> None:
        super().__init__(settings.what, settings)
        self.client = reached(settings, target)

    def close(self) -> None:
        """Give the connections back."""
        self.client.close()


@contextmanager
def looking() -> Iterator[None]:
    """Have a look that failed told as a driver tells it: nobody is there who could be asked."""
    try:
        yield
    except CallFailed as error:
        raise ControlError("", "away", str(error)) from error


@contextmanager
def acting() -> Iterator[None]:
    """Have an act that failed told as a driver tells it."""
    try:
        yield
    except CallFailed as error:
        raise ControlError("", "timeout" if error.kind == "timeout" else "refused", str(error)) from error
