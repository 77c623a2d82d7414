"""A dump of a Redis database: each key as its server serialises it, its type, its end and a checksum of its value."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import time
import uuid
import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.backup_content import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pytest_llmops.clients.redis import Redis

BATCH = 500
"""Keys that are asked for at once."""

CANARY_S = 120
"""After so long a canary goes of itself."""


@dataclass(frozen=True, slots=True)
class DumpedKey:
    """A key.

    Attributes:
        name: of it.
        kind: its type, as Redis calls it.
        ends_at: in epoch seconds; None: never.
        payload: what DUMP gives of it, with a checksum of Redis's own.
        sum: of its value, whatever its encoding; of a type that is not known, of the payload.
    """

    name: bytes
    kind: str
    ends_at: float | None
    payload: bytes
    sum: str


def dump(source: Redis, path: Path) -> list[DumpedKey]:
    """Write all keys of a database into a file, for its owner alone, and give what was written.

    Each key is read in one transaction with its end and its value; what comes or goes meanwhile may be in it or not.

    Args:
        source: the server's client, at its database.
        path: of the file; it is made.

    Raises:
        CallFailed: the server does not answer, or refuses.
        Unsupported: it knows no DUMP.
        OSError: the file cannot be written.
    """
    library = source.library
    names = source.send("SCAN", lambda: sorted({*library.scan_iter(count=BATCH)}), "0")
    found: list[DumpedKey] = []
    raw = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    with raw, gzip.open(raw, "wb") as file:
        for at in range(0, len(names), BATCH):
            keys: list[DumpedKey] = source.send("DUMP", partial(_listed, library, names[at : at + BATCH]))
            found += keys
            file.writelines(map(_line, keys))
        file.write(json.dumps({"keys": len(found)}).encode() + b"\n")
    return found


def read(path: Path) -> list[DumpedKey]:
    """All keys of a dump.

    Raises:
        Damaged: it cannot be read whole.
    """
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            *keys, last = map(json.loads, file)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise Damaged(str(error)) from error
    if last.get("keys") != len(keys):
        raise Damaged(f"it ends too early: there are {len(keys)} keys in it")
    return [
        DumpedKey(
            base64.b64decode(one["key"]), one["type"], one["ends_at"], base64.b64decode(one["payload"]), one["sum"]
        )
        for one in keys
    ]


def keys_of(library: Any, names: Sequence[bytes]) -> Iterator[DumpedKey]:
    """Keys as they are on a server; those that are gone meanwhile are left out.

    Args:
        library: redis-py's client.
        names: of the keys.
    """
    kinds = [kind.decode() for kind in _at_once(library, [("TYPE", name) for name in names])]
    for name, kind in zip(names, kinds, strict=True):
        value = _VALUES.get(kind)
        words = [("DUMP", name), ("PTTL", name), *([(*_worded(value[0], name),)] if value else [])]
        payload, left, *held = _at_once(library, words)
        if payload is not None:
            ends_at = time.time() + left / 1000 if left >= 0 else None
            shown = repr(value[1](held[0])).encode() if value else payload
            yield DumpedKey(name, kind, ends_at, payload, hashlib.sha256(shown).hexdigest())


def _listed(library: Any, names: Sequence[bytes]) -> list[DumpedKey]:
    return [*keys_of(library, names)]


def canaries(source: Redis) -> list[bytes]:
    """Write a key of each type, under names of their own, that go of themselves; their names.

    Raises:
        CallFailed: the server does not answer, or refuses.
    """
    begin = f"llmops:dump:{uuid.uuid4().hex}"
    put = source.library.pipeline(transaction=True)
    put.set(f"{begin}:string", "kept")
    put.hset(f"{begin}:hash", mapping={"a": "1", "b": "2"})
    put.rpush(f"{begin}:list", "one", "two")
    put.sadd(f"{begin}:set", "one", "two")
    put.zadd(f"{begin}:zset", {"one": 1, "two": 2.5})
    put.xadd(f"{begin}:stream", {"a": "1"})
    names = [f"{begin}:{kind}".encode() for kind in ("string", "hash", "list", "set", "zset", "stream")]
    for name in names:
        put.expire(name, CANARY_S)
    source.send("SET", put.execute)
    return names


def _at_once(library: Any, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
    """What several commands answer, carried out with nothing between them; as bytes, not as redis-py reads them."""
    asked = library.pipeline(transaction=True)
    asked.response_callbacks = {}
    for words in commands:
        asked.execute_command(*words)
    answered: list[Any] = asked.execute()
    return answered


def _worded(command: str, name: bytes) -> list[Any]:
    first, *others = command.split()
    return [first, name, *others]


def _fields(held: Any) -> list[tuple[bytes, bytes]]:
    """Of a hash: as RESP3 gives it, or RESP2."""
    return sorted(held.items() if isinstance(held, dict) else zip(held[::2], held[1::2], strict=True))


def _scored(held: Any) -> list[tuple[bytes, float]]:
    """Of a sorted set: as RESP3 gives it, or RESP2."""
    flat = [one for pair in held for one in pair] if held and isinstance(held[0], list | tuple) else held
    return [(member, float(score)) for member, score in zip(flat[::2], flat[1::2], strict=True)]


_VALUES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "string": ("GET", bytes),
    "list": ("LRANGE 0 -1", list),
    "set": ("SMEMBERS", sorted),
    "hash": ("HGETALL", _fields),
    "zset": ("ZRANGE 0 -1 WITHSCORES", _scored),
    "stream": ("XRANGE - +", list),
}
"""Type to the command that reads a value, and to how it is held against another."""


def _line(key: DumpedKey) -> bytes:
    told = {
        "key": base64.b64encode(key.name).decode(),
        "type": key.kind,
        "ends_at": key.ends_at,
        "payload": base64.b64encode(key.payload).decode(),
        "sum": key.sum,
    }
    return json.dumps(told).encode() + b"\n"
