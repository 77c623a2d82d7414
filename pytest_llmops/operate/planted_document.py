"""Drives a document that is planted among those that an API answers from: by its routes of ingesting and deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.control.driver import Status
from pytest_llmops.operate.behind import BehindDriver, acting, looking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.api import Api
    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import PlantedDocument


class PlantedDocumentDriver(BehindDriver):
    """A document; what is kept of it is whether the answer to its own question names it as a source."""

    def __init__(self, settings: PlantedDocument, target: Target) -> None:
        super().__init__(settings, target)
        self._api, self._settings = cast("Api", self.client), settings

    def status(self, within_s: float) -> Status:
        """Whether it is found."""
        with looking():
            there = self._settings.document in self._api.query(self._settings.question).sources
        return Status("running", detail="planted" if there else "", kept={"there": there})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Ingest it, or delete it with all else of the user in whose name it was ingested."""
        named = {"document": self._settings.document, "user": self._settings.user}
        with acting():
            if kept["there"]:
                self._api.call("ingest", **named, text=self._settings.text, title="").ok()
            else:
                self._api.call("delete", **named).ok()

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """How a person takes it out."""
        route = self._api.route("delete")
        path = route.path.replace("{user}", self._settings.user).replace("{document}", self._settings.document)
        return f"{route.method} {path} of {self._settings.component}"
