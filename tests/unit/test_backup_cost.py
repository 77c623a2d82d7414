"""What proving a backup asks stands in the plan: an upper limit, by the methods that a test calls."""

from pathlib import Path
from types import SimpleNamespace

from pytest_llmops.operate.vector_backup import most_calls
from pytest_llmops.plugin.backup_cost import backup_asks_of
from pytest_llmops.plugin.cost import Asking
from pytest_llmops.plugin.reading import cost_of
from pytest_llmops.target.load import load


def proves(vector_backup, prompts):
    vector_backup.proven(prompts)


def loses_on_purpose(vector_backup, prompts):
    held = vector_backup.may_be_lost(prompts)
    assert not vector_backup.lost_since(held)


def restores(vector_backup, prompts, copy):
    vector_backup.restored_from(copy, prompts)


def cost(test, profile):
    of = load(None, profile, Path.cwd())
    parts = of.table.components.configured()
    known = Asking({"vector_backup": "qdrant"}, parts, prompts=5, timed=lambda _: 0, asks=backup_asks_of(of))
    return dict(cost_of(SimpleNamespace(function=test), known).operations)


def test_a_proof_costs_what_it_asks_at_the_most_whatever_the_workload():
    proof = most_calls(load(None, "sandbox", Path.cwd()).table.components.qdrant)
    assert cost(proves, "sandbox") == {"qdrant.proven": proof}
    assert cost(restores, "sandbox") == {"qdrant.restored_from": proof}
    assert cost(loses_on_purpose, "sandbox") == {"qdrant.may_be_lost": proof + 42, "qdrant.lost_since": 42}


def test_without_a_vector_store_nothing_is_asked():
    assert backup_asks_of(load(None, "sandbox:ollama", Path.cwd())) == {}
