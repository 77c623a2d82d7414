"""Drives a collection of a Qdrant server that is there for a while, under a name of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients.reproduction import as_curl
from pytest_llmops.clients.signing import signature
from pytest_llmops.control.driver import Status
from pytest_llmops.operate.behind import BehindDriver, acting, looking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Scratch


class ScratchDriver(BehindDriver):
    """One such collection; what is kept of it is whether it is there. It is made empty."""

    def __init__(self, settings: Scratch, target: Target) -> None:
        super().__init__(settings, target)
        self._client = cast("Vectors", self.client)
        self._settings = settings
        self._path = f"/collections/{settings.collection}"

    def status(self, within_s: float) -> Status:
        """Whether it is there."""
        with looking():
            there = self._settings.collection in self._client.collections()
        return Status("running", detail="there" if there else "not there", kept={"there": there})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Make it, or take it away with all that is in it."""
        with acting():
            if kept["there"]:
                self._client.http.call("PUT", self._path, body=self._settings.like).ok()
            else:
                self._client.http.call("DELETE", self._path).ok()

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """Deleting it, for curl."""
        http = self._client.http
        signed = signature(http.target, http.component)
        return as_curl(http.target, http.component, "DELETE", f"{self._client.address}{self._path}", None, signed)
