"""Models in memory: cleared, loaded anew, and there again as they were, unless that was accepted."""

import json
import os

import pytest

from pytest_llmops.clients.model_memory import Held
from pytest_llmops.control import hands
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.errors import CallFailed, ControlError, StepFailed, Vacuous
from pytest_llmops.operate import recovery
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.operate.model_memory import Answers, ModelsInMemory
from pytest_llmops.samples import Prompt, Workload
from pytest_llmops.state.journal import Journal

FILE = """
[targets.here.components.ollama]
url = "{url}"
model = "small:1b"
load_deadline = "60 s"
"""
ASKED = Workload((Prompt("a", "Who?"), Prompt("b", "Where?"), Prompt("c", "When?")))
FAR, SOON = "2318-03-01T00:00:00.123456789Z", "2026-01-01T00:00:00.5+02:00"


class Server:
    """What an Ollama server answers of its memory: models that are held, each with when it is to leave."""

    def __init__(self, serve):
        self.held = {"small:1b": FAR, "vectors:latest": SOON}
        self.vram, self.stays = 1000, False
        self.asked = []
        self._answers = serve({"/api/ps": self._ps, "/api/generate": self._generate, "/api/embed": self._embed})
        self.url = self._answers.url

    def _ps(self):
        return {
            "models": [
                {"name": name, "size": 1200, "size_vram": self.vram, "expires_at": leaves}
                for name, leaves in self.held.items()
            ]
        }

    def _body(self):
        body = json.loads(self._answers.bodies[-1])
        self.asked.append(body)
        return body

    def _generate(self):
        body = self._body()
        if body.get("keep_alive") == 0:
            if not self.stays:
                self.held.pop(body["model"])
            return {"done_reason": "unload"}
        if body["model"].startswith("vectors"):
            return 400, {"error": '"vectors:latest" does not support generate'}
        loaded = self._load(body)
        answered = {"response": "So.", "done": True, "eval_count": 2, "load_duration": 1_500_000_000}
        return answered if body.get("prompt") else loaded

    def _embed(self):
        return self._load(self._body())

    def _load(self, body):
        self.held[body["model"]] = FAR if body.get("keep_alive") == -1 else SOON
        return {"done_reason": "load"}


@pytest.fixture
def server(serve):
    return Server(serve)


@pytest.fixture
def memory(read, clients, server, clock):
    """The models in the server's memory, and the change."""
    clock(hands, recovery)  # whoever waits does not
    target = read(FILE.format(url=server.url), dict(os.environ))
    journal = Journal.of(target.state_folder, target.name)
    change = Change(
        target,
        journal,
        Interruption(),
        opened={"test": "a test", "run": "a run"},
        say=lambda _line: None,
        may_begin=lambda: None,
        makers=MAKERS,
    )
    yield ModelsInMemory(clients(target)("ollama"), change), change
    change.undo()


def test_all_models_leave_and_what_they_took_is_told(memory, server):
    taken = iter([80.0, 80.0, 10.0])
    cleared = memory[0].clear(lambda: next(taken))
    assert server.held == {}
    assert (cleared.vram_before, cleared.vram_after, cleared.names) == (2000, 0, "small:1b, vectors:latest")
    assert (cleared.gpu_before, cleared.gpu_after) == (80.0, 10.0)


def test_they_are_back_as_they_were_and_what_came_meanwhile_stays(memory, server):
    falling = iter([2.0, 1.0])
    memory[0].clear(lambda: next(falling))
    server.held["other:7b"] = SOON
    assert memory[1].undo()
    assert server.held == {"other:7b": SOON, "small:1b": FAR, "vectors:latest": SOON}
    assert {"model": "vectors:latest", "input": []} in server.asked


def test_what_is_accepted_stays_away(memory, server):
    falling = iter([2.0, 1.0])
    memory[0].clear(lambda: next(falling))
    memory[0].accept()
    assert memory[1].undo()
    assert server.held == {}


@pytest.mark.parametrize("accepted", [True, False])
def test_what_is_held_comes_back_whatever_loses_it_and_whatever_is_accepted(memory, server, accepted):
    held, change = memory
    before = dict(server.held)
    held.hold()
    assert server.held == before
    server.held.clear()
    held.warm_up()
    if accepted:
        held.accept()
    assert change.undo()
    assert before.keys() <= server.held.keys()
    assert server.held["vectors:latest"] == SOON


def test_what_the_test_did_besides_is_not_accepted(memory, server):
    held, change = memory
    held.reload()
    server.held["small:1b"] = SOON
    change.also("vectors", held._table("vectors:latest"))
    change.set("vectors", loaded=False)
    held.accept()
    assert change.undo()
    assert server.held == {"small:1b": SOON, "vectors:latest": SOON}


def test_where_nothing_is_on_a_gpu_nothing_can_be_cleared(memory, server):
    server.vram = 0
    with pytest.raises(Vacuous) as vacuous:
        memory[0].clear(lambda: 1.0)
    assert str(vacuous.value) == (
        "ollama: in memory is small:1b, vectors:latest, and nothing of it on a GPU to be cleared."
    )
    assert len(server.held) == 2
    server.held.clear()
    with pytest.raises(Vacuous, match="in memory is no model, and nothing"):
        memory[0].clear(lambda: 1.0)


def test_a_model_that_does_not_leave_is_named(memory, server):
    server.stays = True
    with pytest.raises(StepFailed) as failed:
        memory[0].reload()
    assert str(failed.value) == (
        "ollama: small:1b is still in memory 60 s after it was told to leave: restart the server."
    )


def test_a_model_is_loaded_anew_to_stay_as_long_as_before(memory, server):
    assert 0 < memory[0].reload() < 60
    assert server.asked == [{"model": "small:1b", "keep_alive": 0}, {"model": "small:1b", "keep_alive": -1}]
    assert server.held["small:1b"] == FAR


def test_calls_of_a_model_that_left_the_memory_and_the_same_again(memory, server):
    turns = memory[0].warmth(ASKED, rounds=2)
    assert (len(turns.cold), len(turns.warm), turns.loading) == (2, 2, [1.5, 1.5])
    assert turns.gain == pytest.approx(sum(turns.cold) / sum(turns.warm))
    prompts = [one.get("prompt") for one in server.asked]
    assert prompts == [None, "Who?", "Who?", None, "Where?", "Where?"]


def test_what_is_refused_is_no_matter_of_time(memory, server):
    server._answers.table["/api/generate"] = (404, {"error": "model 'small:1b' not found"})
    with pytest.raises(ControlError, match=r"memory of small:1b: ollama: .*404"):
        memory[0].reload()


def test_answers_are_worse_where_they_were_right_or_can_be_none():
    before = Answers({}, frozenset({"capital", "week"}))
    assert Answers({}, frozenset({"capital", "week", "ocean"})).worse_than(before) == ""
    after = Answers({"ocean": "nothing"}, frozenset({"week"}))
    assert after.worse_than(before) == "to capital not what it is expected to, and did before; to ocean nothing"


def test_a_list_that_cannot_be_read_is_no_empty_one(memory, server):
    server.held = {"small:1b": "soon"}
    with pytest.raises(CallFailed, match="lists a model that cannot be read"):
        memory[0]._client.held()


def test_what_the_server_does_not_say_is_nothing():
    assert Held.of({"name": "a"}) == Held("a", 0, 0)
