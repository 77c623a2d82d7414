"""Further services of a target, handed out by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_llmops.errors import Unsupported

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.plugin.deployment import Deployment


class Services:
    """Callable of a run; see the fixture.

    Args:
        own: the deployment whose they are.
    """

    def __init__(self, own: Deployment) -> None:
        self._own = own

    def __call__(self, name: str) -> Api:
        """The client of a service, once preflight has passed.

        Raises:
            Unsupported: the target has no such service.
            Unreachable: preflight failed.
        """
        return cast("Api", self._own.reached(self._known(name)))

    def unproven(self, name: str) -> Api:
        """The client of a service whether or not it can be reached, for the question whether it can.

        Raises:
            Unsupported: the target has no such service.
        """
        return cast("Api", self._own.client(self._known(name)))

    def _known(self, name: str) -> str:
        known = self._own.target.table.components.services
        if name not in known:
            raise Unsupported(
                f"target {self._own.declared.name} has no service {name!r}; it has: {', '.join(known) or 'none'}."
            )
        return name
