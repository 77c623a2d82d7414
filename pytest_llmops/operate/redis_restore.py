"""A dump of Redis, restored into an empty server of our own and held against what was dumped."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redis

from pytest_llmops.clients.backup_content import Damaged
from pytest_llmops.clients.redis_dump import canaries, dump, keys_of, read
from pytest_llmops.control import tethered
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.state.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.clients.redis_dump import DumpedKey

START_S = 20.0
SLACK_S = 2.0
"""By how much the end of a key may differ: it is told in milliseconds from now on, and asked for later."""


@dataclass(frozen=True, slots=True)
class RestoredKeys:
    """A dump that was restored.

    Attributes:
        keys: how many are in it, canaries left out.
        bytes: of the dump.
        took_s: to dump, restore and compare.
        wrong: sentences of those that are not as they were.
    """

    keys: int
    bytes: int
    took_s: float
    wrong: tuple[str, ...]


def proven(source: Redis, path: Path) -> RestoredKeys:
    """Dump a database, restore the dump into an empty server and compare every key: its type, value and end.

    A key of each type is written before, under a name of its own, and deleted again: the dump is seen to hold it.

    Args:
        source: the server's client, at its database.
        path: of the dump; it is made.

    Raises:
        CallFailed: the server does not answer; ``damaged``: the dump cannot be read back.
        Unsupported: redis-server is not installed here, or the server knows no DUMP.
    """
    began = time.perf_counter()
    with scratch() as empty:
        planted = canaries(source)
        try:
            dump(source, path)
        finally:
            source.send("DEL", lambda: source.library.delete(*planted))
        try:
            keys = read(path)
        except Damaged as error:
            raise CallFailed(
                source.component,
                "damaged",
                f"{source.component}: the dump is damaged, and restores nothing that can be relied on: {error}.",
            ) from error
        there = {key.name for key in keys}
        lost = [f"the dump lacks {_shown(name)}, which was written before" for name in planted if name not in there]
        wrong = [*lost, *restore(keys, empty)]
    count = len(there - {*planted})
    return RestoredKeys(count, path.stat().st_size, time.perf_counter() - began, tuple(wrong))


def restore(keys: Sequence[DumpedKey], empty: Any) -> list[str]:
    """Restore keys into an empty database, and say what is not as it was, in sentences.

    Args:
        keys: of a dump.
        empty: redis-py's client of the database.

    Raises:
        CallFailed: ``refused``: the database is not empty.
    """
    if empty.dbsize():
        raise CallFailed("redis", "refused", "redis: what a dump is restored into is not empty; nothing was restored.")
    wrong = []
    for key in keys:
        left = 0 if key.ends_at is None else max(1, round((key.ends_at - time.time()) * 1000))
        try:
            empty.restore(key.name, left, key.payload)
        except redis.ResponseError as error:
            wrong.append(f"{_shown(key.name)} cannot be restored: {error}")
    found = {key.name: key for key in keys_of(empty, [key.name for key in keys])}
    differing = ((key, _differing(key, found.get(key.name))) for key in keys)
    return [*wrong, *(f"{_shown(key.name)} {said}" for key, said in differing if said)]


@contextmanager
def scratch() -> Iterator[Any]:
    """An empty server of our own, at a socket in a folder of its own, and gone afterwards: redis-py's client of it.

    Raises:
        Unsupported: redis-server is not installed here, or does not start.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise Unsupported("redis: to restore a dump takes redis-server on this machine; it is not installed.")
    with scratch_folder() as folder:
        place = folder / "redis.sock"
        words = ["--port", "0", "--unixsocket", str(place), "--save", "", "--appendonly", "no", "--dir", str(folder)]
        server = subprocess.Popen(  # noqa: S603 (words of ours)
            [sys.executable, "-I", "-S", tethered.__file__, program, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us
        )
        assert server.stdin is not None
        client: Any = redis.Redis(unix_socket_path=str(place), socket_timeout=START_S)
        try:
            _wait(client, server)
            yield client
        finally:
            client.close()
            server.stdin.close()
            server.wait()


def _wait(client: Any, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < end:
        try:
            client.ping()
        except redis.ConnectionError:
            time.sleep(0.02)
        else:
            return
    raise Unsupported(f"redis: redis-server, which a dump is restored into, did not start within {START_S:.0f} s.")


def _differing(key: DumpedKey, found: DumpedKey | None) -> str:
    if found is None:
        gone = key.ends_at is not None and key.ends_at - time.time() < SLACK_S
        return "" if gone else "is not there once it is restored"
    if found.kind != key.kind:
        return f"was of type {key.kind} and is of type {found.kind}"
    if found.sum != key.sum:
        return "has another value once it is restored"
    if (key.ends_at is None) is not (found.ends_at is None):
        return "has no end any more" if found.ends_at is None else "has an end that it had not"
    if key.ends_at is not None and found.ends_at is not None and abs(key.ends_at - found.ends_at) > SLACK_S:
        return f"ends {abs(key.ends_at - found.ends_at):.0f} s off"
    return ""


def _shown(name: bytes) -> str:
    return f"key {name.decode(errors='replace')!r}"
