"""Databases: dumped, and the dump restored into an empty server that is gone afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.operate.redis_restore import RestoredKeys
    from pytest_llmops.plugin.recording import Record

MEGABYTE = 1e6


@pytest.mark.generic
@pytest.mark.procedure(fault="redis:down")
@pytest.mark.procedure(fault="redis:forgetful")
def test_redis_can_be_restored(redis_dump: Callable[[], RestoredKeys], record: Record) -> None:
    """Every key of a dump is there once it is restored elsewhere: its type, its value and when it ends."""
    restored = redis_dump()
    record("redis_dump_keys", restored.keys, "keys")
    record("redis_dump_size", restored.bytes / MEGABYTE, "MB")
    record("redis_dump_time", restored.took_s, "s")
    assert not restored.wrong, f"redis: {'; '.join(restored.wrong)}"
