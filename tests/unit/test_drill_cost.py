"""What a drill will call, record and write, by its call in a test's source."""

import ast

import pytest

from pytest_llmops.plugin.disruption_plan import disruption_of
from pytest_llmops.plugin.drill_cost import drilling
from pytest_llmops.target.load import load


@pytest.fixture
def read(tmp_path):
    """Reads a call, on the sandbox."""
    target = load(None, "sandbox", tmp_path, {})

    def read(source):
        parts = target.table.components.configured()
        return drilling(ast.parse(source).body[0].value, lambda node: getattr(node, "value", None), parts)

    read.target = target
    return read


def test_a_drill_of_a_store(read):
    found = read('drill("gone", "redis", f, canary="redis")')
    assert found.calls == {
        "redis.preflight": 3, "redis.probe": 20, "api.preflight": 3, "api.probe": 20, "redis.write": 30,
    }  # fmt: skip
    assert [record["name"] for record in found.records] == ["drill_detect[gone]", "drill_rto[gone]", "drill_rpo[gone]"]
    [act] = disruption_of(found.changes, [], read.target, [])["acts"]
    assert (act["act"], act["component"], act["undo"]) == ("write", "redis", "they are removed from redis again")


def test_a_drill_of_what_nothing_is_written_to(read):
    found = read('drill("gone", "ollama", f, beside=["qdrant"], canary="ollama")')
    assert set(found.calls) == {"ollama.preflight", "ollama.probe", "qdrant.preflight", "qdrant.probe"}
    assert [record["name"] for record in found.records] == ["drill_detect[gone]", "drill_rto[gone]"]
    assert found.changes == []


def test_what_the_source_does_not_say_is_left_out(read):
    found = read("drill(name, component, f)")
    assert (found.calls, found.records, found.changes) == ({}, [], [])
