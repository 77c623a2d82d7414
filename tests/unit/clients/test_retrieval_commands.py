"""The commands by which agent-aiops' searches are asked, against stubs of what they import."""

import json
import sys

import pytest

from pytest_llmops.errors import CallFailed
from pytest_llmops.target import profiles
from pytest_llmops.target.surroundings import AppCommand

TOOL = """
import numpy as np
from config.constants import RAG_CONFIG
class Model:
    def encode(self, texts):
        return np.array([[1.0, 0.0] for _ in texts])
    def get_sentence_embedding_dimension(self):
        return 2
class Chunk:
    def __init__(self, content):
        self.content, self.source_file = content, "documents/a.txt"
class RAGTool:
    indexed_files = {"documents/a.txt": 1.0, "documents/scan.pdf": 1.0}
    def __init__(self):
        if RAG_CONFIG["auto_refresh"]:
            self._build_document_index()
    def _build_document_index(self):
        print("made anew")
        self._save_cached_embeddings()
    def _save_cached_embeddings(self):
        open("rag_embeddings.pkl", "w").close()
    embedding_model = Model()
    embeddings = np.array([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0], [np.nan, 1.0]])
    document_chunks = [Chunk(str(at)) for at in range(4)]
    def execute(self, query, **_):
        print("noise of its log")
        if query == "broken":
            return {"success": False, "error": "RAG tool not properly initialized", "results": ""}
        if query == "nothing":
            return {"success": True, "results": "No relevant documents found in the local knowledge base."}
        found = "**Result 1** (from procedures.txt, similarity: 0.712):\\nSee **Result 9**.\\n\\n"
        found += "**Result 2** (from a b.md, similarity: 0.500):\\nx"
        return {"success": True, "results": "Found 2:\\n\\n" + found}
"""
SEARCH = """
from types import SimpleNamespace as N
class WebSearchService:
    def search(self, query):
        real = N(url="https://docs.python.org/3/", metadata={"type": "web_result"})
        return N(results=[N(url="https://duckduckgo.com/?q=x", metadata={"type": "instant_answer"}), real])
"""


@pytest.fixture
def app(client, tmp_path):
    """The profile's commands in a folder of stubs."""
    for name, text in {
        "core/models/search.py": "from types import SimpleNamespace as SearchQuery",
        "services/search_service.py": SEARCH,
        "services/rag_tool.py": TOOL,
        "config/constants.py": 'RAG_CONFIG = {"auto_refresh": True}',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = AppCommand.model_validate(profiles.read("agent-aiops")["components"]["app_command"]).commands
    names = ("rag_retrieval", "web_retrieval", "rag_vectors")
    return client("app_command", commands={name: {"argv": [sys.executable, *found[name].argv[1:]]} for name in names})


def test_the_documents_are_searched_as_the_agent_searches_them(app, tmp_path):
    assert app.json("rag_retrieval", json.dumps({"a": "how?", "b": "nothing"})) == {
        "a": [{"id": "procedures.txt", "score": 0.712}, {"id": "a b.md", "score": 0.5}],
        "b": [],
    }
    assert not (tmp_path / "rag_embeddings.pkl").exists()


def test_a_search_that_is_not_set_up_has_failed(app):
    with pytest.raises(CallFailed, match="a: RAG tool not properly initialized"):
        app.json("rag_retrieval", json.dumps({"a": "broken"}))


def test_only_results_of_the_web_count(app):
    assert app.json("web_retrieval", json.dumps({"a": "python"})) == {"a": [{"id": "https://docs.python.org/3/"}]}


def test_vectors_are_counted_and_embedded_anew(app):
    assert app.json("rag_vectors") == {
        "chunks": 4,
        "bare": ["documents/scan.pdf"],
        "vectors": 4,
        "dimensions": 2,
        "expected": 2,
        "not_finite": 1,
        "zero": 1,
        "reembedded": [1.0, 0.0, 0.0, 0.0],
    }
