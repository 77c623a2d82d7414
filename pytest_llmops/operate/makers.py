"""The drivers of what is changed by a component's own API: they are made of its client, so they live above control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.control.driver import Driver
    from pytest_llmops.control.drivers import Makers
    from pytest_llmops.target.load import Target


def _tag(settings: Any, target: Target, say: Callable[[str], None]) -> Driver:
    from pytest_llmops.operate.tag import TagDriver

    return TagDriver(settings, target, say)


def _loaded(settings: Any, target: Target, say: Callable[[str], None]) -> Driver:  # noqa: ARG001 (it tells nothing)
    from pytest_llmops.operate.loaded import LoadedDriver

    return LoadedDriver(settings, target)


def _collection(settings: Any, target: Target, say: Callable[[str], None]) -> Driver:  # noqa: ARG001 (it is quick)
    from pytest_llmops.operate.collection import CollectionDriver

    return CollectionDriver(settings, target)


def _scratch(settings: Any, target: Target, say: Callable[[str], None]) -> Driver:  # noqa: ARG001 (it is quick)
    from pytest_llmops.operate.scratch import ScratchDriver

    return ScratchDriver(settings, target)


def _snapshot(settings: Any, target: Target, say: Callable[[str], None]) -> Driver:  # noqa: ARG001 (it is quick)
    from pytest_llmops.operate.snapshot import SnapshotDriver

    return SnapshotDriver(settings, target)


def _aside_keys(settings: Any, target: Target, say: Callable[[str], None]) -> Driver:  # noqa: ARG001 (it is quick)
    from pytest_llmops.operate.aside_keys import AsideKeysDriver

    return AsideKeysDriver(settings, target)


def _planted(settings: Any, target: Target, say: Callable[[str], None]) -> Driver:  # noqa: ARG001 (it is quick)
    from pytest_llmops.operate.planted import PlantedDriver

    return PlantedDriver(settings, target)


def _planted_document(settings: Any, target: Target, say: Callable[[str], None]) -> Driver:  # noqa: ARG001 (it is quick)
    from pytest_llmops.operate.planted_document import PlantedDocumentDriver

    return PlantedDocumentDriver(settings, target)


def _canary(settings: Any, target: Target, say: Callable[[str], None]) -> Driver:  # noqa: ARG001 (it is quick)
    from pytest_llmops.operate.canary import CanaryDriver

    return CanaryDriver(settings, target)


MAKERS: Makers = {
    "tag": _tag,
    "loaded": _loaded,
    "collection": _collection,
    "scratch": _scratch,
    "snapshot": _snapshot,
    "aside-keys": _aside_keys,
    "planted": _planted,
    "planted-document": _planted_document,
    "canary": _canary,
}
"""Driver to what makes it of its table."""
