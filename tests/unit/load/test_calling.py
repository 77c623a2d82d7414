from types import SimpleNamespace

import pytest

from pytest_llmops.clients.answer import Answer
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.load.calling import Calling
from pytest_llmops.load.plan import Stage
from pytest_llmops.samples import Stream
from pytest_llmops.target.routes import Route

from .made_up import plan, request


class Client:
    """Says what it was asked."""

    def __init__(self, result):
        self.result = result
        self.asked = []

    def route(self, name):
        return Route(path="/ask", answer="text" if name == "query" else None)

    def __getattr__(self, name):
        def call(*given, **words):
            self.asked.append((name, given, words))
            if isinstance(self.result, Exception):
                raise self.result
            return self.result

        return call


def answer(status=200, text='{"text": "well"}'):
    return Answer("api", "POST /ask", status, text, 0.1)


def calling(result, *requests, **more):
    client = Client(result)
    asked = plan(Stage(seconds=1, rate=10), requests=requests or [request()], **more)
    return Calling(asked, {"api": client}), client


def test_a_route_is_asked_and_read_as_its_profile_says():
    make, client = calling(answer(), request(words={"level": "short"}))
    assert make(1).kind == ""
    words = {"prompt": "question 1", "user": "llmops-guest", "fresh": True, "level": "short"}
    assert client.asked == [("call", ("query",), words)]


def test_a_route_without_an_answer_of_its_own_is_well_where_its_status_is():
    assert calling(answer(text="ok"), request(route="health"))[0](0).kind == ""
    assert calling(answer(503), request(route="health"))[0](0).kind == "http-503"


@pytest.mark.parametrize(
    ("result", "kind", "said"),
    [
        (CallFailed("api", "timeout", "api: too late."), "timeout", "api: too late."),
        (Unsupported("api: no such vector."), "unsupported", "api: no such vector."),
        (KeyError("choices"), "bad-answer", "api: its answer cannot be read: KeyError: 'choices'"),
        (answer(text='{"text": ""}'), "empty", "api: the answer to p0 was empty."),
        (answer(500, "gone"), "http-500", "api: POST /ask answered 500: gone"),
    ],
)
def test_a_failure_is_an_outcome_with_its_kind_and_its_sentence(result, kind, said):
    outcome = calling(result)[0](0)
    assert (outcome.kind, outcome.said) == (kind, said)


def test_a_stream_tells_its_times():
    stream = Stream(token_times_s=(0.2, 0.3, 0.5), tokens_out=4, first_answer_s=0.3)
    make, client = calling(SimpleNamespace(failure="", stream=stream), request(operation="generate", max_tokens=9))
    outcome = make(0)
    assert (outcome.tokens, outcome.times) == (4, (0.2, 0.3, pytest.approx(0.1)))
    assert client.asked == [("generate", ("question 0",), {"model": None, "max_tokens": 9, "stream": True})]


def test_a_vector_is_searched_by_its_prompt():
    make, client = calling([1, 2], request(operation="search", vectors=[[0.5], [0.25]], words={"limit": 3}))
    assert make(1).kind == ""
    assert client.asked == [("search", ((0.25,),), {"limit": 3})]


def test_an_embedding_is_asked_of_its_model():
    make, client = calling([0.1], request(operation="embed", model="small"))
    make(0)
    assert client.asked == [("embed", ("question 0",), {"model": "small"})]


def test_each_prompt_is_told_apart_where_caches_are_to_be_passed():
    make, client = calling([0.1], request(operation="embed"), cache_bust=True, seed=7)
    make(0)
    make(2)
    assert [given[0] for _, given, _ in client.asked] == ["(7-0) question 0", "(7-2) question 0"]
