"""Which model answers: by the answer, else by what an Ollama server holds in memory before and after it."""

import pytest

from pytest_llmops.clients import answerer as module
from pytest_llmops.errors import Vacuous

EARLY, LATE = "2026-01-01T00:00:00.5+02:00", "2026-01-01T00:05:00.25+02:00"


class Server:
    """A service, and the model server that it asks; ``between`` is what others load before a look."""

    def __init__(self, serve, **answers):
        self.held = {"old:7b": EARLY}
        self.answers, self.asked = answers, ["new:8b"]
        self.between, self.looks = {}, 0
        self.url = serve(self._answer).url

    def _answer(self, request):
        if request.path == "/api/ps":
            self.held |= self.between.get(self.looks, {})
            self.looks += 1
            return {"models": [{"name": name, "expires_at": leaves} for name, leaves in self.held.items()]}
        if request.path == "/query":
            self.held |= dict.fromkeys(self.asked, LATE)
            return {"answer": "Lyon", **self.answers}
        return 404, "no such route"


@pytest.fixture
def answerer(client, clock):
    """Asks the service of a server: ``answerer(server, values={}, component="ollama", embedding_model=None)``."""
    clock(module)  # nobody waits

    def ask(server, values=None, component="ollama", **settings):
        route = {"method": "POST", "path": "/query", "body": {"q": "{prompt}"}, "answer": "answer"}
        api = client("api", url=server.url, routes={"query": {**route, "values": values or {}}})
        return api.answerer(client(component, url=server.url, model="old:7b", **settings), "Where is Lyon?")

    return ask


@pytest.fixture
def server(serve):
    return Server(serve)


def test_an_answer_that_names_its_model_is_believed(serve, answerer):
    server = Server(serve, by="new:latest")
    assert answerer(server, {"model": "by"}) == module.Answerer("new", "its answer says so")
    assert server.looks == 0


def test_an_answer_that_is_to_name_its_model_and_does_not(server, answerer):
    with pytest.raises(Vacuous, match=r"api: its answer does not say by which model it is"):
        answerer(server, {"model": "by"})


def test_a_model_that_comes_into_memory_meanwhile_is_the_one(server, answerer):
    found = answerer(server)
    assert found.model == "new:8b"
    assert found.seen == "of ollama it alone was asked meanwhile, and none was seen to be asked for 1 s before"


def test_a_model_that_is_there_already_is_seen_by_when_it_leaves(server, answerer):
    server.held["new:8b"] = EARLY
    assert answerer(server).model == "new:8b"
    server.held["new:8b"], server.asked = EARLY, ["old:7b"]
    server.held["old:7b"] = EARLY
    assert answerer(server).model == "old:7b"


def test_the_model_that_makes_vectors_does_not_answer(server, answerer):
    server.asked = ["vectors:latest", "old:7b"]
    assert answerer(server, embedding_model="vectors").model == "old:7b"


@pytest.mark.parametrize(
    ("asked", "between", "said"),
    [
        (["old:7b"], {1: {"other:1b": EARLY}}, r"others ask ollama \(other:1b\): see when nobody else does"),
        (["old:7b"], {2: {"other:1b": LATE}}, r"of ollama old:7b and other:1b were asked meanwhile: .*embedding_model"),
        ([], {}, r"no model of ollama was asked meanwhile: a kept answer, or another server"),
        (["old:7b"], {0: {"mute:1b": ""}}, r"ollama does not say when mute:1b is to leave its memory"),
    ],
)
def test_it_is_not_judged_where_it_is_not_seen(server, answerer, asked, between, said):
    server.asked, server.between = asked, between
    with pytest.raises(Vacuous, match=rf"^api: its answers do not say by which model they are, and .*{said}"):
        answerer(server)


def test_a_server_that_is_no_ollama_does_not_tell(server, answerer):
    with pytest.raises(Vacuous, match=r"and openai does not tell which it was asked for"):
        answerer(server, component="openai")


def test_a_memory_that_nobody_may_see(serve, answerer):
    class Closed(Server):
        def _answer(self, request):
            return (403, "forbidden") if request.path == "/api/ps" else super()._answer(request)

    with pytest.raises(Vacuous, match=r"what ollama has in memory is not seen: .*403"):
        answerer(Closed(serve))
