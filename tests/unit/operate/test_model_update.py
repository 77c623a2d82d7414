"""Model updates: the build that was there comes back, also that of a model which another one took the place of."""

import json
import os

import pytest

from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import ControlError, LlmopsError, Unsupported
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.operate.model_update import ModelUpdate
from pytest_llmops.state.journal import Journal

FILE = """
[targets.here.components.ollama]
url = "{url}"
model = "small:1b"
pull_deadline = "60 s"
"""


class Server:
    """An Ollama server: its models by name, each with the digest of its build."""

    def __init__(self, serve):
        self.models = {"small:1b": "a" * 64}
        self.keeps = self.copies_nothing = False
        self._answers = serve(
            {"/api/tags": self._tags, "/api/copy": self._copy, "/api/delete": self._delete, "/api/pull": self._pull}
        )
        self.url = self._answers.url

    def _tags(self):
        return {"models": [{"name": name, "digest": digest} for name, digest in self.models.items()]}

    def _named(self, key):
        """A name of the last request, with the tag that the server adds to one that has none."""
        name = json.loads(self._answers.bodies[-1])[key]
        return name if ":" in name else f"{name}:latest"

    def _copy(self):
        if self.copies_nothing:
            return 500, {"error": "no space left on device"}
        self.models[self._named("destination")] = self.models[self._named("source")]
        return {}

    def _delete(self):
        if self.keeps:
            return 500, {"error": "permission denied"}
        self.models.pop(self._named("model"))
        return {}

    def _pull(self):
        self.models[self._named("model")] = "b" * 64
        return {"status": "success"}


@pytest.fixture
def server(serve):
    return Server(serve)


@pytest.fixture
def updating(read, clients, server):
    """Makes an update, and has the change that makes it."""
    target = read(FILE.format(url=server.url), dict(os.environ))
    change = Change(
        target,
        Journal.of(target.state_folder, target.name),
        Interruption(),
        opened={"test": "a test", "run": "a run"},
        say=lambda _line: None,
        may_begin=lambda: None,
        makers=MAKERS,
    )

    def updating(successor="", model="small:1b"):
        return ModelUpdate(clients(target)("ollama"), change, model, successor), change

    return updating


def test_the_build_that_was_there_comes_back(updating, server):
    update, change = updating()
    update.hold()
    assert update.pull().changed
    assert server.models == {"small:1b": "b" * 64, "small:1b-before-update": "a" * 64}
    assert change.undo()
    assert server.models == {"small:1b": "a" * 64}


@pytest.mark.parametrize("again", ["undo", "recover"])
def test_the_only_name_of_a_build_that_cannot_come_back_yet_stays(updating, server, again):
    update, change = updating()
    update.hold()
    update.pull()
    server.copies_nothing = True
    assert not change.undo()
    if again == "undo":
        assert not change.undo()
    else:
        assert not recoveries(change.target.state_folder)[0].carry_out(lambda line: None, makers=MAKERS)
    assert server.models == {"small:1b": "b" * 64, "small:1b-before-update": "a" * 64}
    told = Journal.of(change.target.state_folder, "here").story
    assert told.failed[1].why == (
        "model small:1b-before-update stays until model small:1b is as it was, which comes back by it."
    )
    server.copies_nothing = False
    [recovery] = recoveries(change.target.state_folder)
    assert recovery.carry_out(lambda line: None, makers=MAKERS)
    assert server.models == {"small:1b": "a" * 64}


def test_what_is_accepted_stays_alone(updating, server):
    update, change = updating()
    update.hold()
    update.pull()
    update.accept()
    assert change.undo()
    assert server.models == {"small:1b": "b" * 64}


def test_a_model_that_another_one_took_the_place_of_comes_back(updating, server):
    update, change = updating("large:8b")
    update.hold()
    update.pull()
    assert server.models == {"small:1b": "a" * 64, "large:8b": "b" * 64}
    update.retire()
    assert server.models == {"small:1b-before-update": "a" * 64, "large:8b": "b" * 64}
    assert change.undo()
    assert server.models == {"small:1b": "a" * 64}


def test_a_successor_that_is_there_in_an_older_build_comes_back(updating, server):
    server.models["large:8b"] = "c" * 64
    update, change = updating("large:8b")
    update.hold()
    assert update.pull().changed
    assert server.models == {"small:1b": "a" * 64, "large:8b": "b" * 64, "large:8b-before-update": "c" * 64}
    assert change.undo()
    assert server.models == {"small:1b": "a" * 64, "large:8b": "c" * 64}


def test_an_accepted_successor_stays_without_its_older_build(updating, server):
    server.models["large:8b"] = "c" * 64
    update, change = updating("large:8b")
    update.hold()
    update.pull()
    update.accept()
    assert change.undo()
    assert server.models == {"small:1b": "a" * 64, "large:8b": "b" * 64}


def test_a_name_without_a_tag_is_the_latest(updating, server):
    server.models = {"small:latest": "a" * 64}
    update, change = updating(model="small")
    update.hold()
    update.pull()
    assert server.models == {"small:latest": "b" * 64, "small-before-update:latest": "a" * 64}
    assert change.undo()
    assert server.models == {"small:latest": "a" * 64}


@pytest.mark.parametrize("successor", ["", "large:8b"])
def test_a_build_that_is_not_held_is_not_lost(updating, server, successor):
    server.models["large:8b"] = "c" * 64
    before = dict(server.models)
    with pytest.raises(LlmopsError, match=r"is there, and its build would be lost: hold\(\) comes first\.$"):
        updating(successor)[0].pull()
    assert server.models == before


def test_what_something_left_under_the_other_name_is_not_lost(updating, server):
    server.models["small:1b-before-update"] = "c" * 64
    with pytest.raises(Unsupported, match=r"remove it: ollama rm small:1b-before-update\.$"):
        updating()[0].hold()
    assert server.models == {"small:1b": "a" * 64, "small:1b-before-update": "c" * 64}


def test_by_hand_it_comes_back_from_the_name_that_has_it(updating, server):
    server.models["other:1b"] = "a" * 64
    update, change = updating()
    update.hold()
    update.pull()
    told = [step.by_hand for step in Journal.of(change.target.state_folder, "here").story.steps.values()]
    address = f"OLLAMA_HOST={server.url} ollama"
    assert told == [[f"{address} rm small:1b-before-update"], [f"{address} cp other:1b small:1b"]]


def test_a_build_that_nobody_has_any_more_is_settled_by_a_person(updating, server):
    update, change = updating()
    update.hold()
    update.pull()
    del server.models["small:1b-before-update"]
    assert not change.undo()
    failure = Journal.of(change.target.state_folder, "here").story.failed[2]
    assert failure.by_hand[0].endswith(
        "ollama pull small:1b  # no name has the build aaaaaaaaaaaa any more: pull what is to be there, then llmops "
        "recover --target NAME --settled"
    )
    [recovery] = recoveries(change.target.state_folder)
    assert not recovery.carry_out(lambda line: None, makers=MAKERS)
    assert recovery.settle() == ["model small:1b"]
    assert recovery.carry_out(lambda line: None, makers=MAKERS)
    assert server.models == {"small:1b": "b" * 64}
    assert not recoveries(change.target.state_folder)


def test_what_nobody_tried_to_take_back_is_not_settled(updating, server):
    update, change = updating()
    update.hold()
    [recovery] = recoveries(change.target.state_folder)
    assert recovery.settle() == []
    assert recovery.carry_out(lambda line: None, makers=MAKERS)
    assert server.models == {"small:1b": "a" * 64}


def test_one_that_nothing_takes_the_place_of_stays(updating, server):
    update, _ = updating()
    with pytest.raises(Unsupported, match=r"^ollama: nothing takes the place of small:1b, so it stays\.$"):
        update.retire()
    assert server.models == {"small:1b": "a" * 64}


def test_a_server_that_keeps_it_is_heard(updating, server):
    update, _ = updating("large:8b")
    update.hold()
    server.keeps = True
    with pytest.raises(ControlError, match=r"model small:1b: .*permission denied"):
        update.retire()


def test_where_there_is_no_model_nothing_is_updated(updating, server):
    with pytest.raises(Unsupported, match="gone:1b is not there, so there is nothing to update"):
        updating(model="gone:1b")[0].hold()
