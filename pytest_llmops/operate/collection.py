"""Drives the configuration of a Qdrant collection: what of it is set, and taken back, is one value each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients.kept_collection import KeptCollection, nested
from pytest_llmops.clients.reproduction import as_curl
from pytest_llmops.clients.signing import signature
from pytest_llmops.control.driver import Status
from pytest_llmops.errors import CallFailed, ControlError
from pytest_llmops.operate.behind import BehindDriver, acting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Configured


class CollectionDriver(BehindDriver):
    """One collection; what is kept of it are some values of its configuration, by ``PART.KEY``.

    A PATCH leaves alone what it does not name, and can make no value unset again, so one that is unset is never set.
    """

    def __init__(self, settings: Configured, target: Target) -> None:
        super().__init__(settings, target)
        self._client = cast("Vectors", self.client)
        self._collection = KeptCollection(self._client.http, settings.collection)

    def status(self, within_s: float) -> Status:
        """The configuration that is in effect."""
        now = self._read()
        return Status("running", detail=", ".join(f"{key} = {value}" for key, value in now.items()), kept=now)

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Have these values in effect."""
        now = self._read()
        changed = {key: value for key, value in kept.items() if now.get(key) != value}
        unset = [key for key in changed if now.get(key) is None or changed[key] is None]
        if unset:
            said = f"{unset[0]} is unset before or after this, and no PATCH can make it unset"
            raise ControlError("", "refused", f"{self.what}: {said}; it stays as it is.")
        with acting():
            self._collection.configure(changed, within_s)

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The same PATCH, for curl."""
        http = self._client.http
        body = json.dumps(nested({key: value for key, value in kept.items() if value is not None}))
        url = f"{self._client.address}{self._collection.path}"
        return as_curl(http.target, http.component, "PATCH", url, body, signature(http.target, http.component))

    def _read(self) -> dict[str, Any]:
        try:
            found = self._collection.configuration()
            return {key: found.get(key) for key in self.control.keys}
        except CallFailed as error:
            kind = "absent" if error.kind == "http-404" else "away"
            raise ControlError("", kind, str(error)) from error
