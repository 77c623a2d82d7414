"""What triage and its bundle will cost, by the target's tables alone."""

import pytest

from pytest_llmops.plugin.triage_cost import once_for_triage
from pytest_llmops.target.load import load


def test_each_look_is_counted_once(tmp_path):
    target = load(None, "sandbox", tmp_path, {})
    once = once_for_triage({"diagnostics", "triage"}, target)
    assert once["triage"]["api.health"] == once["triage"]["qdrant.ready"] == once["triage"]["redis.keeps"] == 1
    assert once["triage"]["ollama.preflight"] == 4
    assert once["traffic"]["api.query"] == len(target.table.prompts)
    assert once["diagnostics"] == {"api.health": 1, "api.metrics": 1, "ollama.generate": 3, "openai.generate": 3}
    assert "diagnostics" not in once_for_triage({"triage"}, target)


def test_what_is_looked_at_anew_is_counted_beside(tmp_path):
    target = load(None, "sandbox", tmp_path, {})
    once = once_for_triage({"triage_again"}, target)
    assert once.keys() == {"triage_again"}
    assert once["triage_again"]["api.query"] == len(target.table.prompts)
    assert once["triage_again"]["ollama.preflight"] == 4
    assert once_for_triage({"triage_again", "triage"}, target).keys() >= {"triage_again", "triage", "traffic"}


@pytest.mark.parametrize(("profile", "calls"), [("sandbox:voyageur", 2), ("sandbox", None)])
def test_containers_are_asked_for_where_a_command_lists_them(tmp_path, profile, calls):
    target = load(None, profile, tmp_path, {})
    assert target.table.components.containers is not None
    assert once_for_triage({"diagnostics"}, target)["diagnostics"].get("containers.all") == calls


def test_a_test_that_asks_for_neither_pays_nothing(tmp_path):
    assert once_for_triage({"api", "record"}, load(None, "sandbox", tmp_path, {})) == {}
