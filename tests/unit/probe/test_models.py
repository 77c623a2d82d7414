import pytest

from pytest_llmops.errors import first_of
from pytest_llmops.probe.models import sorted_out


@pytest.mark.parametrize(
    "name",
    ["nomic-embed-text:latest", "mxbai-embed-large", "BAAI/bge-m3", "text-embedding-3-small", "intfloat/e5-base-v2",
     "sentence-transformers/all-MiniLM-L6-v2", "thenlper/gte-large", "jina-embeddings-v3", "Qwen3-Embedding-0.6B"],
)  # fmt: skip
def test_names_of_embedding_models(name):
    assert sorted_out([(name, "")]).embedding == (name,)


@pytest.mark.parametrize(
    "name", ["llama3.2:3b", "gpt-4o-mini", "Qwen/Qwen2.5-7B-Instruct", "mistral", "deepseek-r1", "phi4"]
)
def test_names_of_generating_models(name):
    assert sorted_out([(name, "")]).generating == (name,)


@pytest.mark.parametrize("name", ["whisper-1", "tts-1-hd", "dall-e-3", "bge-reranker-v2-m3", "omni-moderation-latest"])
def test_names_of_models_that_do_neither(name):
    assert sorted_out([(name, "")]).others == (name,)


def test_the_family_tells_too():
    assert sorted_out([("custom", "nomic-bert")]).embedding == ("custom",)


def test_the_first_that_generates_is_timed_and_the_others_are_named():
    found = sorted_out([("bge-m3", ""), ("a", ""), ("b", ""), ("e5-small", "")])
    assert [(one.key, one.value, one.comment, one.on) for one in found.entries()] == [
        ("model", "a", "the one that is timed; also listed: b", True),
        ("models", ["a", "b"], "must all be there, and generate", False),
        ("embedding_model", "bge-m3", "by its name; also listed: e5-small", True),
    ]
    assert (found.says, found.missing("x")) == ("a (of 4 models)", [])


def test_none_that_generates():
    assert sorted_out([]).missing("pull one") == ["lists no models: pull one"]
    assert sorted_out([("bge-m3", "")]).missing("pull one") == ["lists bge-m3 and none that generates: pull one"]
    assert (sorted_out([]).says, sorted_out([("bge-m3", "")]).says) == ("no models", "none that generates")


def test_long_lists_are_cut():
    assert first_of(tuple("abcdefghij"), 8) == "a, b, c, d, e, f, g, h and 2 more"
