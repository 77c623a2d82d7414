"""Drives a snapshot of a Qdrant collection that is there for a while: whoever has it made says so before."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients.reproduction import as_curl
from pytest_llmops.clients.signing import signature
from pytest_llmops.clients.snapshots import Snapshots
from pytest_llmops.control.driver import Status
from pytest_llmops.errors import CallFailed, ControlError
from pytest_llmops.operate.behind import BehindDriver, acting, looking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Snapshotted

CLOCK_S = 2.0
"""What a server's moments may be off: they are told in whole seconds."""


class SnapshotDriver(BehindDriver):
    """One snapshot; what is kept of it is whether it may be there.

    To set it is to say so, for whoever finds the journal; whoever says it has the server make it. The server gives it
    its name. Until that is known, it is the only one that was made while it was asked for: of several none is deleted,
    for all but one of them are somebody's backups. A driver that is made of a journal's table is made after that.
    """

    def __init__(self, settings: Snapshotted, target: Target) -> None:
        super().__init__(settings.model_copy(update={"journalled": True}), target)
        self._client = cast("Vectors", self.client)
        self._settings = settings
        self._snapshots = Snapshots(self._client.http, settings.collection)
        self._known: bool | None = None if settings.journalled else False

    def status(self, within_s: float) -> Status:
        """Whether it is there."""
        if self._known is not None:
            return Status("running", detail=self._settings.snapshot, kept={"there": self._known})
        names = self._ours()
        return Status("running", detail=", ".join(names), kept={"there": bool(names or self._copy_is_there())})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Say that it may be there, or take it away, the copy first.

        Raises:
            ControlError: nobody can say which of several it is; names them.
        """
        if kept["there"]:
            self._known = True
            return
        self._known = None  # from here on it is looked at
        if self._settings.copy_path:
            Path(self._settings.copy_path).unlink(missing_ok=True)
            with suppress(OSError):  # another one lies there still
                Path(self._settings.copy_path).parent.rmdir()
        names = self._ours()
        if len(names) > 1:
            said = f"one of {', '.join(names)} is ours, and nobody can say which; none is deleted"
            raise ControlError("", "refused", f"{self.what}: {said}.")
        for name in names:
            with acting():
                self._snapshots.delete(name)

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """Deleting it, for curl; while its name is not known, listing those that there are."""
        http, name = self._client.http, self._settings.snapshot
        url = f"{self._client.address}/collections/{self._settings.collection}/snapshots"
        method, url = ("DELETE", f"{url}/{name}") if name else ("GET", url)
        return as_curl(http.target, http.component, method, url, None, signature(http.target, http.component))

    def _copy_is_there(self) -> bool:
        return bool(self._settings.copy_path) and Path(self._settings.copy_path).exists()

    def _ours(self) -> list[str]:
        """Its name; those that it may have."""
        settings = self._settings
        with looking():
            try:
                listed = self._snapshots.all()
            except CallFailed as error:
                if error.kind != "http-404":
                    raise
                return []  # they went with their collection
        if settings.snapshot:
            return [one.name for one in listed if one.name == settings.snapshot]
        return [
            one.name
            for one in listed
            if one.name not in settings.before
            and (one.created is None or settings.since - CLOCK_S <= one.created <= settings.until + CLOCK_S)
        ]
