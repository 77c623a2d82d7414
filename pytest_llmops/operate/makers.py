"""The drivers of what is changed by a component's own API: they are made of its client, so they live above control."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.control.driver import Driver
    from pytest_llmops.control.drivers import Makers
    from pytest_llmops.target.load import Target

DRIVERS = {
    "tag": "tag:TagDriver",
    "loaded": "loaded:LoadedDriver",
    "collection": "collection:CollectionDriver",
    "scratch": "scratch:ScratchDriver",
    "snapshot": "snapshot:SnapshotDriver",
    "aside-keys": "aside_keys:AsideKeysDriver",
    "planted": "planted:PlantedDriver",
    "planted-document": "planted_document:PlantedDocumentDriver",
    "canary": "canary:CanaryDriver",
}
"""Driver to the module of this room and its class, made of a table and a target; imported when it is needed."""


def _maker(place: str) -> Callable[[Any, Target, Callable[[str], None]], Driver]:
    def make(settings: Any, target: Target, say: Callable[[str], None]) -> Driver:
        made: Any = resolve_name(f"pytest_llmops.operate.{place}")(settings, target)
        made.say = say
        driver: Driver = made
        return driver

    return make


MAKERS: Makers = {driver: _maker(place) for driver, place in DRIVERS.items()}
"""Driver to what makes it of its table."""
