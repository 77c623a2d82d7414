"""Backups in a bucket: a real S3 protocol, spoken by moto's server."""

import hashlib
import io
import os
import tarfile

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from pytest_llmops.clients.client import connect
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

from ..conftest import in_turn

FILE = """
[targets.here]
[targets.here.components.services.store]
url = "{url}"
auth = {{ basic = "STORE" }}
deadline = "5 s"
[targets.here.components.files]
sets = {{ config = {{ paths = ["config/*"] }} }}
[targets.here.components.files.backups.nightly]
bucket = {{ service = "store", name = "backups", prefix = "nightly/" }}
holds = {{ config = {{}} }}
checksums = "{{name}}.sha256"
within = "24 h"
[targets.here.components.files.backups.vectors]
bucket = {{ service = "store", name = "backups", prefix = "qdrant/" }}
folders = true
checksums = "SHA256SUMS"
[targets.here.components.files.backups.local]
paths = ["local/*.tar.gz"]
[targets.here.components.files.backups.offsite]
bucket = {{ service = "store", name = "backups", prefix = "nightly/" }}
checksums = "{{name}}.sha256"
copy_of = "local"
[targets.here.components.files.backups.gone]
bucket = {{ service = "store", name = "gone" }}
[targets.here.components.files.backups.nowhere]
bucket = {{ service = "other", name = "backups" }}
"""


@pytest.fixture(scope="module")
def server():
    found = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    found.start()
    host, port = found.get_host_and_port()
    yield f"http://{host}:{port}"
    found.stop()


@pytest.fixture
def store(server):
    session = boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
    settings = Config(s3={"addressing_style": "path"}, proxies={})
    found = session.client("s3", endpoint_url=server, config=settings)
    found.create_bucket(Bucket="backups")
    yield found
    pages = found.get_paginator("list_objects_v2").paginate(Bucket="backups")
    for key in [one["Key"] for page in pages for one in page.get("Contents", [])]:
        found.delete_object(Bucket="backups", Key=key)
    found.delete_bucket(Bucket="backups")


@pytest.fixture
def files(server, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/app.json").write_text("{}")
    os.utime(tmp_path / "config/app.json", (1e9, 1e9))
    (tmp_path / "llmops.toml").write_text(FILE.format(url=server))
    target = load(tmp_path / "llmops.toml", None, tmp_path, {"STORE": "key-of-store:secret-of-store"})
    ledger = Ledger(tmp_path / "ledger", target.table.budget)
    found = connect(target, "files", ledger)
    found.test_ledger = ledger
    return found


def tar(texts):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as opened:
        for name, text in texts.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            opened.addfile(member, io.BytesIO(text.encode()))
    return raw.getvalue()


def failure(act):
    with pytest.raises(CallFailed) as caught:
        act()
    assert "secret-of-store" not in str(caught.value)
    return caught.value.kind, str(caught.value)


def test_an_archive_in_a_bucket(store, files, tmp_path):
    whole = tar({"config/app.json": "{}", "config/more.json": "x"})
    sums = f"{hashlib.sha256(whole).hexdigest()}  full.tar.gz\n"
    store.put_object(Bucket="backups", Key="nightly/full.tar.gz", Body=whole)
    store.put_object(Bucket="backups", Key="nightly/full.tar.gz.sha256", Body=sums.encode())
    nightly = files.backups("nightly")
    assert [(one.name, one.bytes) for one in nightly.all()] == [("nightly/full.tar.gz", len(whole))]
    assert (nightly.untimely(), nightly.misrecorded(), nightly.lacking()) == ([], [], [])
    restored = nightly.restored(tmp_path / "scratch")
    assert (restored.files, restored.same, restored.wrong) == (2, 1, ())
    assert files.test_ledger.answered("store") > 4
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 1
    store.put_object(Bucket="backups", Key="nightly/full.tar.gz", Body=bytes(flipped))
    kind, said = failure(nightly.read)
    assert kind == "damaged"
    assert said.startswith("files: nightly/full.tar.gz is damaged, and restores nothing that can be relied on: ")


@in_turn(0, of=2)
def test_more_objects_than_stand_on_a_page(store, files):
    for number in range(1003):
        store.put_object(Bucket="backups", Key=f"nightly/{number:04d}.tar.gz", Body=b"x")
    assert len(files.backups("nightly").all()) == 1003


def test_a_folder_in_a_bucket(store, files, tmp_path):
    sums = f"{hashlib.sha256(b'one').hexdigest()}  a.snapshot\n{hashlib.sha256(b'two').hexdigest()}  deep/b.snapshot\n"
    for key, body in (("a.snapshot", b"one"), ("deep/b.snapshot", b"two"), ("SHA256SUMS", sums.encode())):
        store.put_object(Bucket="backups", Key=f"qdrant/20251129/{key}", Body=body)
    vectors = files.backups("vectors")
    assert [(one.name, one.bytes) for one in vectors.all()] == [("qdrant/20251129", 6 + len(sums))]
    assert vectors.misrecorded() == []
    restored = vectors.restored(tmp_path / "scratch")
    assert (restored.files, restored.same, restored.wrong) == (2, 2, ())
    store.delete_object(Bucket="backups", Key="qdrant/20251129/deep/b.snapshot")
    assert vectors.misrecorded() == ["20251129: deep/b.snapshot is not in it"]


def test_a_key_that_leads_elsewhere(store, files):
    store.put_object(Bucket="backups", Key="qdrant/20251129/../../../outside", Body=b"x")
    kind, said = failure(files.backups("vectors").read)
    assert kind == "refused"
    assert said.startswith("store: qdrant/20251129/../../../outside would be written outside of ")


def test_the_copy_in_the_bucket_is_the_one_here(store, files, tmp_path):
    whole = tar({"a": "a"})
    (tmp_path / "local").mkdir()
    (tmp_path / "local/full.tar.gz").write_bytes(whole)
    store.put_object(Bucket="backups", Key="nightly/full.tar.gz", Body=whole)
    assert files.backups("offsite").unlike(files.backups("local")) == []
    other = bytearray(whole)
    other[4] ^= 1  # the time in gzip's header
    store.put_object(Bucket="backups", Key="nightly/full.tar.gz", Body=bytes(other))
    assert files.backups("offsite").unlike(files.backups("local")) == [
        "nightly/full.tar.gz has another checksum than local/full.tar.gz"
    ]


def test_an_empty_bucket_is_no_backup(store, files, server):
    assert failure(files.backups("nightly").read) == (
        "absent",
        f"files: there is no backup nightly: s3://backups/nightly/ of {server}.",
    )


def test_no_bucket_and_no_store(store, files, server, tmp_path):
    assert failure(files.backups("gone").all) == (
        "absent",
        f"store: s3://gone/ of {server} answered 404 NoSuchBucket.",
    )
    with pytest.raises(Unsupported) as caught:
        files.backups("nowhere")
    assert str(caught.value) == (
        "files: target here does not say where the store other is; give components.services.other its url."
    )
    (tmp_path / "llmops.toml").write_text(FILE.format(url="http://127.0.0.1:9"))
    target = load(tmp_path / "llmops.toml", None, tmp_path, {"STORE": "a:secret-of-store"})
    away = connect(target, "files", Ledger(tmp_path / "other", target.table.budget))
    assert failure(away.backups("nightly").all) == (
        "connection",
        "store: s3://backups/nightly/ of http://127.0.0.1:9 cannot be asked: EndpointConnectionError.",
    )
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    unset = connect(target, "files", Ledger(tmp_path / "third", target.table.budget))
    with pytest.raises(ConfigError, match="takes its secret from the environment variable STORE, which is not set"):
        unset.backups("nightly")
