import pytest

from pytest_llmops.measure.bench import fingerprint

OLLAMA = {"url": "http://127.0.0.1:1", "max_tokens": 8}


@pytest.fixture
def digest(bench, workload):
    """The workload's digest, as part of what must be alike."""

    def digest(**ollama):
        target = bench(components={"ollama": OLLAMA | ollama}).target
        return fingerprint(target, "ollama", "tiny", workload)["workload"]

    return digest


def test_another_endpoint_is_another_workload(digest):
    assert digest(endpoint="chat") != digest()
    assert digest(endpoint="chat") != digest(endpoint="completions")
    assert digest(endpoint="chat") == digest(endpoint="chat")


def test_who_names_none_keeps_the_baselines_of_before(digest):
    assert digest(endpoint=None) == digest() == "cd9ac610c8f6"
