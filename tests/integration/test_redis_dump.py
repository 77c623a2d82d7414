"""A dump of a real Redis server, restored into an empty one."""

import gzip
import shutil
import time
from dataclasses import replace

import pytest

from pytest_llmops.clients.backup_content import Damaged
from pytest_llmops.clients.client import connect
from pytest_llmops.clients.redis_dump import dump, read
from pytest_llmops.errors import CallFailed
from pytest_llmops.operate.redis_restore import proven, restore, scratch
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


@pytest.fixture
def server():
    with scratch() as library:
        yield library


@pytest.fixture
def source(server, tmp_path):
    place = server.connection_pool.connection_kwargs["path"]
    (tmp_path / "llmops.toml").write_text(f'[targets.here.components.redis]\nurl = "unix://{place}?db=0"\n')
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    return connect(target, "redis", Ledger(tmp_path / "ledger", target.table.budget))


@pytest.fixture
def empty():
    with scratch() as library:
        yield library


@pytest.fixture
def filled(server):
    for number in range(1200):
        server.set(f"answer:{number}", "x" * number, ex=600 + number)
    server.hset("h", mapping={f"f{number}": number for number in range(700)})
    server.rpush("l", *range(700))
    server.sadd("s", *range(700))
    server.zadd("z", {f"m{number}": number / 7 for number in range(700)})
    server.xadd("x", {"a": "1"})
    server.set(b"\xff\x00binary", b"\x00\xff")
    return server


def test_every_key_comes_back(filled, source, tmp_path):
    before = filled.dbsize()
    found = proven(source, tmp_path / "d.gz")
    assert (found.keys, found.wrong) == (before, ())
    assert filled.dbsize() == before
    assert found.bytes == (tmp_path / "d.gz").stat().st_size > 1000
    assert (tmp_path / "d.gz").stat().st_mode & 0o777 == 0o600


def test_an_empty_database_is_proven_by_canaries_alone(server, source, tmp_path):
    found = proven(source, tmp_path / "d.gz")
    assert (found.keys, found.wrong, server.dbsize()) == (0, (), 0)


def test_what_is_not_as_it_was_is_told(filled, source, empty, tmp_path):
    dump(source, tmp_path / "d.gz")
    keys = {key.name: key for key in read(tmp_path / "d.gz")}
    cases = {
        b"h": {"sum": "0" * 64},
        b"l": {"kind": "set"},
        b"s": {"ends_at": time.time() + 60},
        b"answer:7": {"payload": keys[b"answer:7"].payload[:-1] + b"\x00"},
    }
    some = [replace(keys[name], **other) for name, other in cases.items()]
    wrong = restore(some, empty)
    assert wrong == [
        "key 'answer:7' cannot be restored: DUMP payload version or checksum are wrong",
        "key 'h' has another value once it is restored",
        "key 'l' was of type set and is of type list",
        "key 'answer:7' is not there once it is restored",
    ]
    with pytest.raises(CallFailed) as caught:
        restore(some, empty)
    assert str(caught.value) == "redis: what a dump is restored into is not empty; nothing was restored."


def test_a_damaged_dump(filled, source, tmp_path):
    dump(source, tmp_path / "d.gz")
    whole = (tmp_path / "d.gz").read_bytes()
    for at in range(12, len(whole), len(whole) // 40):
        (tmp_path / "flipped.gz").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(Damaged):
            read(tmp_path / "flipped.gz")
    lines = gzip.decompress(whole).splitlines(keepends=True)
    (tmp_path / "short.gz").write_bytes(gzip.compress(b"".join([*lines[:-2], lines[-1]])))
    with pytest.raises(Damaged, match=f"^it ends too early: there are {len(lines) - 2} keys in it$"):
        read(tmp_path / "short.gz")
