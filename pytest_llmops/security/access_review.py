"""Who may do what at a target, whichever components it has: asked once a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.errors import Unsupported
from pytest_llmops.security.access import PAGES, REFUSED, Matrix, matrix
from pytest_llmops.security.lacking import unless_lacking
from pytest_llmops.security.tenants import Isolation, isolation

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.over_http import OverHttp
    from pytest_llmops.clients.service import Service
    from pytest_llmops.target.load import Target


class AccessReview:
    """The fixture ``access``.

    Args:
        target: the deployment.
        client: the client of a component, whether or not it has passed preflight.
        reached: the same, once it has.
        once: looks something up once a run.
    """

    def __init__(
        self,
        target: Target,
        client: Callable[[str], object],
        reached: Callable[[str], object],
        once: Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]],
    ) -> None:
        self._target = target
        self._client = client
        self._reached = reached
        self._once = once

    def matrix(self) -> Matrix:
        """Every kind of key at every route of the API: ``weaknesses of() of_roles() document()``.

        Raises:
            Unsupported: the target is declared to ask for no key, and asks for none; or it has no API.
            CallFailed: it is declared so, and that is not true; it asks for none, and is not; or no answer came.
        """
        if self._target.table.components.api is None:
            unless_lacking(self._target, "target", "access", self._who_asks)
            raise Unsupported(f"target {self._target.name} has no component api, and so no routes.")
        service = cast("Service", self._reached("api"))
        return Matrix.read(self._once("access", lambda: matrix(service, self._target).as_json()))

    def isolation(self) -> Isolation:
        """Whether what one user was answered is given to another: ``again other``.

        Raises:
            Unsupported: there is no API, or it knows no users.
            Vacuous: it keeps no answer.
            CallFailed: no answer came.
        """
        if self._target.table.components.api is None:
            raise Unsupported(f"target {self._target.name} has no component api, and so no users.")
        return isolation(cast("Api", self._reached("api")), self._target)

    def _who_asks(self) -> str:
        """Which component asks for a key, in words; empty where none does."""
        for component in self._target.table.components.configured():
            if component in PAGES:
                answer = cast("OverHttp", self._client(component)).http.call("GET", PAGES[component], signed=False)
                if answer.status in REFUSED:
                    return f"{component}: {answer.asked} without a key answered {answer.status}"
        return ""
