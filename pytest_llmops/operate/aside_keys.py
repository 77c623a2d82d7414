"""Drives the keys of a Redis cache that are set aside before they are deleted, so that they can be put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients.cache_keys import ASIDE, CacheKeys
from pytest_llmops.control.driver import Status
from pytest_llmops.errors import CallFailed, ControlError
from pytest_llmops.operate.behind import BehindDriver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import AsideKeys

BY_HAND = f"in redis-cli: SCAN 0 MATCH {ASIDE.decode()}*, and RENAMENX each to its name without {ASIDE.decode()}"
"""How a person puts them back."""


class AsideKeysDriver(BehindDriver):
    """A cache's keys; what is kept of them is whether any is set aside: what each holds never leaves its server."""

    def __init__(self, settings: AsideKeys, target: Target) -> None:
        super().__init__(settings, target)
        self._client = cast("Redis", self.client)
        self._keys = CacheKeys(self._client, settings.cache, settings.spare)

    def status(self, within_s: float) -> Status:
        """Whether any is set aside."""
        aside = self._done(lambda: self._keys.aside)
        return Status("running", detail="set aside" if aside else "", kept={"aside": aside})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Set all of them aside, or put those back that are."""
        self._done(self._keys.set_aside if kept["aside"] else self._keys.put_back)

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """How a person puts them back."""
        return BY_HAND

    def _done(self, do: Callable[[], Any]) -> Any:
        try:
            return do()
        except CallFailed as error:
            kind = "away" if error.kind in {"refused", "connection", "timeout"} else "refused"
            raise ControlError("", kind, str(error)) from error
