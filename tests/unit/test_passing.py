"""The gate of golden answers: a tag and its kinds are all judged before one fails the test."""

from types import SimpleNamespace

import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.golden.answers import CaseAnswers, Given, GoldenAnswers
from pytest_llmops.plugin.passing import PassGate
from pytest_llmops.plugin.sentences import Failed

KINDS = ("contains", "numbers")
CASE = CaseAnswers("a", "?", ("t",), "abc", KINDS, (Given("so", {}),))


@pytest.fixture
def gate(monkeypatch):
    """A gate whose rates fail as is said, and the names of those that it judged."""
    judged = []

    def gate(**fails):
        def judge(_self, name, *_given):
            judged.append(name)
            if name in fails:
                raise fails[name]

        table = SimpleNamespace(golden=SimpleNamespace(rates=dict.fromkeys(KINDS, 0.9)))
        run = SimpleNamespace(own=SimpleNamespace(target=SimpleNamespace(table=table)))
        monkeypatch.setattr(PassGate, "__init__", lambda self: setattr(self, "_run", run))
        monkeypatch.setattr(PassGate, "_judge", judge)
        PassGate()("all", GoldenAnswers("api", (CASE,)).tagged("t"))

    gate.judged = judged
    return gate


def test_all_that_fail_do_so_together(gate):
    fails = {"all": Failed("all: fell.\n  try: it", "regression")}
    fails |= {"all_contains": Vacuous("all_contains: waived."), "all_numbers": Failed("low.\n  try: it", "threshold")}
    with pytest.raises(Failed) as caught:
        gate(**fails)
    assert gate.judged == ["all", "all_contains", "all_numbers"]
    assert str(caught.value) == "all: fell.\n  try: it\nlow.\nall_contains: waived."
    assert caught.value.category == "threshold"


def test_what_cannot_be_judged_hides_none_that_fails(gate):
    with pytest.raises(Failed, match="low"):
        gate(all=Vacuous("all: waived."), all_numbers=Failed("low", "threshold"))
    with pytest.raises(Vacuous, match="waived"):
        gate(all_contains=Vacuous("all_contains: waived."))
    gate()
