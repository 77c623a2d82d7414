"""What clients that speak HTTP have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmops.clients.http import Http


class OverHttp:
    """A client whose calls go through :class:`Http`.

    Args:
        http: calls to the component.
    """

    def __init__(self, http: Http) -> None:
        self.http = http

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.http.url})"

    @property
    def component(self) -> str:
        """Its name in the target."""
        return self.http.component

    @property
    def address(self) -> str:
        """Where it is, without secrets."""
        return self.http.url

    def close(self) -> None:
        """Give the connections back."""
        self.http.close()
