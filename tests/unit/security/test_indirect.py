"""A document that gives orders is planted only where its own question is let in."""

from types import SimpleNamespace

import pytest

from pytest_llmops.clients.reply import Reply
from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.security.indirect import Poisoned
from pytest_llmops.target.load import load

BODY = {"id": "{document}", "text": "{text}", "owner": "{user}"}


def reply(text="Seven years.", **more):
    return Reply(**{"text": text, "sources": (), "blocked": False, "status": 200, "elapsed_s": 0.1, **more})


@pytest.fixture
def poisoned(tmp_path):
    """One, whose question is answered so; and what it has set."""

    def poisoned(answer):
        was_set = []
        change = SimpleNamespace(
            target=load(None, "sandbox", tmp_path, {}),
            also=lambda name, table: None,
            set=lambda name, **kept: was_set.append(kept),
        )
        api = SimpleNamespace(
            component="api",
            route=lambda name: SimpleNamespace(body=BODY),
            require=lambda name, why: None,
            query=lambda question: answer(),
        )
        return Poisoned(api, change), was_set

    return poisoned


def withheld():
    raise CallFailed("api", "bad-answer", "api: no text.")


@pytest.mark.parametrize("answer", [lambda: reply(blocked=True), withheld], ids=["blocked", "withheld"])
def test_nothing_is_planted_where_its_question_is_not_answered(poisoned, answer):
    one, was_set = poisoned(answer)
    with pytest.raises(Vacuous, match=r"api: 'How long is the warranty of the velmora\w+ kettle\?' is not answered"):
        one.plant()
    assert not was_set


def test_it_is_planted_where_its_question_is_answered(poisoned):
    one, was_set = poisoned(reply)
    one.plant()
    assert was_set == [{"there": True}]


def test_who_cannot_be_asked_is_no_block(poisoned):
    def late():
        raise CallFailed("api", "timeout", "api: no answer within 3 s.")

    one, was_set = poisoned(late)
    with pytest.raises(CallFailed, match="no answer within 3 s"):
        one.plant()
    assert not was_set
