"""Snapshots of Qdrant's collections, as its own client and curl see them."""

from hashlib import sha256

import httpx
import pytest
from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import UnexpectedResponse

pytestmark = pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")


@pytest.fixture
def client(stack):
    key = stack.environ["LLMOPS_SANDBOX_QDRANT_KEY"]
    found = QdrantClient(url=stack.url.qdrant, api_key=key, check_compatibility=False)
    yield found
    for entry in found.get_collections().collections:
        if entry.name != "documents":
            found.delete_collection(entry.name)
    for snapshot in found.list_snapshots("documents"):
        found.delete_snapshot("documents", snapshot.name)
    found.close()


@pytest.fixture
def upload(stack):
    def upload(collection, content, **query):
        url = f"{stack.url.qdrant}/collections/{collection}/snapshots/upload"
        return stack.http.post(url, files={"snapshot": ("x.snapshot", content)}, params=query)

    return upload


def points(client, name):
    found, _ = client.scroll(name, limit=100, with_vectors=True)
    return [(point.id, point.vector, point.payload) for point in found]


def bytes_of(stack, snapshot):
    return stack.http.get(f"{stack.url.qdrant}/collections/documents/snapshots/{snapshot.name}").content


def test_it_is_made_listed_fetched_and_deleted(client, stack):
    made = client.create_snapshot("documents")
    assert made.name.startswith("documents-")
    assert made.name.endswith(".snapshot")
    assert client.list_snapshots("documents") == [made]
    content = bytes_of(stack, made)
    assert (len(content), sha256(content).hexdigest()) == (made.size, made.checksum)
    assert client.delete_snapshot("documents", made.name)
    assert client.list_snapshots("documents") == []


def test_the_client_recovers_it_from_a_file_and_from_an_address(client, stack):
    made = client.create_snapshot("documents")
    file = stack.directory / "snapshots" / "documents" / made.name
    client.recover_snapshot("of-a-file", f"file://{file}", checksum=made.checksum, priority="snapshot")
    address = f"{stack.url.qdrant}/collections/documents/snapshots/{made.name}"
    key = stack.environ["LLMOPS_SANDBOX_QDRANT_KEY"]
    client.recover_snapshot("of-an-address", address, api_key=key, priority="snapshot")
    assert points(client, "of-a-file") == points(client, "documents")  # bit by bit
    assert points(client, "of-an-address") == points(client, "documents")
    assert client.get_collection("of-a-file").status == "green"


def test_an_upload_takes_the_place_of_what_was_there_only_with_the_priority_of_the_snapshot(client, stack, upload):
    content = bytes_of(stack, client.create_snapshot("documents"))
    client.create_collection("empty", vectors_config=client.get_collection("documents").config.params.vectors)
    assert upload("empty", content).json()["result"] is True
    assert client.count("empty").count == 0
    assert upload("empty", content, priority="snapshot").json()["result"] is True
    assert points(client, "empty") == points(client, "documents")


def test_what_is_wrong_is_said(client, stack, upload):
    content = bytes_of(stack, client.create_snapshot("documents"))
    torn = upload("other", content, checksum="0" * 64)
    assert torn.status_code == 400
    assert torn.json()["status"]["error"].startswith(f"Wrong input: Snapshot checksum mismatch: expected {'0' * 64}")
    assert upload("other", b"no archive").status_code == 500
    client.create_collection("small", vectors_config={"size": 2, "distance": "Dot"})
    unlike = upload("small", content, priority="snapshot")
    assert unlike.status_code == 400
    assert "not compatible with existing collection" in unlike.json()["status"]["error"]
    with pytest.raises(UnexpectedResponse, match="404"):
        client.delete_snapshot("documents", "none.snapshot")
    with pytest.raises(UnexpectedResponse, match="404"):
        client.create_snapshot("none")
    gone = stack.http.get(f"{stack.url.qdrant}/collections/documents/snapshots/none.snapshot")
    assert gone.json()["status"]["error"] == "Not found: Snapshot none.snapshot not found"
    lost = stack.http.put(f"{stack.url.qdrant}/collections/x/snapshots/recover", json={"location": "file:///none"})
    assert lost.status_code == 400


def test_no_snapshot_is_handed_out_without_the_key(stack):
    bare = httpx.get(f"{stack.url.qdrant}/collections/documents/snapshots/x", trust_env=False)
    assert bare.status_code == 401
