"""Models in writing, and one that is lost: its build has a second name meanwhile, so it comes back whatever happens."""

import json
import os

import pytest

from pytest_llmops.clients.ollama import BLOB
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import ControlError, StepFailed, Unsupported
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.operate.model_backup import Inventory, ModelLoss, inventory, missing_blobs
from pytest_llmops.samples import Prompt
from pytest_llmops.state.journal import Journal

FILE = '[targets.here.components.ollama]\nurl = "{url}"\nmodel = "small:1b"\ndeadline = "5 s"\n'
PROMPT = Prompt("p1", "How long?")


class Server:
    """An Ollama server: its models by name, each with the digest of its build."""

    def __init__(self, serve):
        self.models = {"small:1b": "a" * 64, "other:7b": "b" * 64}
        self.said, self.gone = "Seven days it is.", (404, {"error": "model 'small:1b' not found"})
        self.blobs = self.copies = True
        self.served = serve(
            {
                "/api/tags": lambda: {"models": [{"name": n, "digest": d, "size": 5} for n, d in self.models.items()]},
                "/api/copy": self._copy,
                "/api/delete": lambda: self.models.pop(self._named("model")) and {},
                "/api/generate": self._generate,
                "/api/show": lambda: {"modelfile": f"FROM /m/blobs/sha256-{'c' * 64}\n" if self.blobs else "FROM x\n"},
            }
        )

    def _named(self, key):
        return json.loads(self.served.bodies[-1])[key]

    def _copy(self):
        if not self.copies:
            return 500, {"error": "no space left on device"}
        self.models[self._named("destination")] = self.models[self._named("source")]
        return {}

    def _generate(self):
        return {"response": self.said, "done": True} if self._named("model") in self.models else self.gone


@pytest.fixture
def server(serve):
    return Server(serve)


@pytest.fixture
def client(read, clients, server):
    target = read(FILE.format(url=server.served.url), dict(os.environ))
    found = clients(target)("ollama")
    found.target = target
    return found


@pytest.fixture
def losing(client):
    """A loss, and the change that makes it."""
    change = Change(
        client.target,
        Journal.of(client.target.state_folder, "here"),
        Interruption(),
        opened={"test": "a test", "run": "a run"},
        say=lambda _line: None,
        may_begin=lambda: None,
        makers=MAKERS,
    )
    return ModelLoss(client, change), change


def test_a_model_is_lost_and_has_the_same_build_again(losing, server):
    loss, change = losing
    loss.take_away()
    assert server.models == {"other:7b": "b" * 64, "small:1b-backup": "a" * 64}
    refused = loss.refused(PROMPT)
    assert refused.kind == "http-404"
    assert "model 'small:1b' not found" in refused.said
    assert loss.bring_back(PROMPT) > 0
    assert server.models == {"small:1b": "a" * 64, "other:7b": "b" * 64}
    assert change.undo()
    assert server.models == {"small:1b": "a" * 64, "other:7b": "b" * 64}


def test_a_killed_run_is_recovered_by_its_journal_alone(losing, server):
    loss, change = losing
    loss.take_away()
    [recovery] = recoveries(change.target.state_folder)
    assert recovery.carry_out(lambda _line: None, makers=MAKERS)
    assert server.models == {"small:1b": "a" * 64, "other:7b": "b" * 64}


def test_a_model_that_cannot_come_back_yet_keeps_its_other_name(losing, server):
    loss, change = losing
    loss.take_away()
    server.copies = False
    assert not change.undo()
    assert server.models == {"other:7b": "b" * 64, "small:1b-backup": "a" * 64}
    server.copies = True
    [recovery] = recoveries(change.target.state_folder)
    assert recovery.carry_out(lambda _line: None, makers=MAKERS)
    assert server.models == {"small:1b": "a" * 64, "other:7b": "b" * 64}


def test_somebodys_own_backup_of_that_name_stays(losing, server):
    server.models["small:1b-backup"] = "a" * 64
    loss, change = losing
    loss.take_away()
    loss.bring_back(PROMPT)
    assert change.undo()
    assert server.models["small:1b-backup"] == "a" * 64


def test_another_build_of_that_name_is_not_lost_for_it(losing, server):
    server.models["small:1b-backup"] = "d" * 64
    with pytest.raises(Unsupported, match="small:1b-backup is there, with another build than small:1b"):
        losing[0].take_away()
    assert server.models["small:1b"] == "a" * 64


def test_a_loss_that_nobody_notices_fails(losing, server):
    loss, _ = losing
    loss.take_away()
    server.gone = {"response": "I am here still.", "done": True}
    with pytest.raises(StepFailed) as caught:
        loss.refused(PROMPT)
    assert str(caught.value) == "ollama: small:1b is gone, and answers all the same: 'I am here still.'."
    server.gone = (500, {"error": "panic"})
    with pytest.raises(
        StepFailed, match="small:1b is gone, and who asks it is not told so: ollama: POST /api/generate"
    ):
        loss.refused(PROMPT)


def test_a_model_that_comes_back_broken_fails(losing, server):
    loss, _ = losing
    loss.take_away()
    server.said = "@@@@@@@@"
    with pytest.raises(StepFailed) as caught:
        loss.bring_back(PROMPT)
    assert str(caught.value) == "ollama: small:1b is back, and answers no word: '@@@@@@@@'."


def test_a_build_that_nobody_has_any_more_cannot_come_back(losing, server):
    loss, _ = losing
    loss.take_away()
    server.models.pop("small:1b-backup")
    with pytest.raises(ControlError, match="has the build aaaaaaaaaaaa any more"):
        loss.bring_back(PROMPT)


def test_what_is_written_down_is_compared_by_its_digests(client, server):
    before = Inventory.of(json.loads(json.dumps(inventory(client).as_json())))
    assert before.models["small:1b"] == {
        "digest": "a" * 64,
        "size": 5,
        "quantisation": "",
        "blobs": [f"sha256:{'c' * 64}"],
    }
    assert inventory(client).differs_from(before) == []
    server.models = {"small:1b": "d" * 64, "new:3b": "e" * 64}
    assert inventory(client).differs_from(before) == [
        "other:7b is not there any more",
        "new:3b was not there",
        "small:1b has the build dddddddddddd, and had aaaaaaaaaaaa",
    ]


def test_a_server_that_names_no_file_is_unsupported(client, server):
    server.blobs = False
    with pytest.raises(Unsupported, match="POST /api/show names no file of any model"):
        missing_blobs(client, inventory(client))


def test_the_files_of_a_modelfile_are_found():
    told = f"# FROM llama3.1:8b\n\nFROM /root/blobs/sha256-{'1' * 64}\nADAPTER C:\\blobs\\sha256-{'2' * 64}\n"
    assert BLOB.findall(f"{told}TEMPLATE sha256-{'3' * 64}\n") == ["1" * 64, "2" * 64]
