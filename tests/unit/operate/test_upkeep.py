"""Upkeep of a collection: its configuration is changed for as long as its optimizer works, and taken back."""

import json

import pytest

from pytest_llmops.control import hands
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import ControlError, StepFailed, Unsupported, Vacuous
from pytest_llmops.operate import upkeep as module
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.operate.upkeep import Kept, Upkeep
from pytest_llmops.samples import Prompt, Workload
from pytest_llmops.state.journal import Journal

FILE = """
[targets.here.components.qdrant]
url = "{url}"
collection = "documents"
optimise_deadline = "60 s"
"""
DEFAULTS = {"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "max_segment_size": None}
PROMPTS = Workload((Prompt("p1", "a question"),))


class Qdrant:
    """A server with one collection, whose description is made of what it was told."""

    def __init__(self):
        self.optimizers, self.hnsw = dict(DEFAULTS), {"m": 16, "ef_construct": 100}
        self.told, self.status, self.points, self.dead, self.runs = [], "green", 900, 300, 0
        self.ignores = self.keeps_dead = False
        self.table = {
            "/collections/documents": self.described,
            "/collections/documents/points/count": lambda: {"result": {"count": self.points}},
            "/collections/documents/points/query": self.found,
            "/collections/documents/points/scroll": {"result": {"points": [{"id": 1, "vector": [1.0, 0.0]}]}},
            "/telemetry": self.telemetry,
        }

    def described(self):
        if self.server.asked[-1] == "PATCH":
            return self.patched(json.loads(self.server.bodies[-1]))
        config = {"optimizer_config": self.optimizers, "hnsw_config": self.hnsw}
        counts = {"points_count": self.points, "indexed_vectors_count": self.points, "segments_count": 2}
        return {"result": {"status": self.status, "optimizer_status": "ok", "config": config, **counts}}

    def patched(self, body):
        self.told.append(body)
        if not self.ignores:
            self.optimizers |= body.get("optimizers_config", {})
            self.hnsw |= body.get("hnsw_config", {})
            self.dead = self.dead if self.keeps_dead else 0
            self.runs += 1
        return {"result": True, "status": "ok"}

    def found(self):
        exact = json.loads(self.server.bodies[-1]).get("params")
        ids = range(10) if exact else range(10 - self.missed, 20 - self.missed)
        return {"result": {"points": [{"id": one, "score": 1.0} for one in ids]}}

    missed = 10

    def telemetry(self):
        local = {
            "segments": [{"info": {"num_deleted_vectors": self.dead}}],
            "optimizations": {"optimizations": {"count": self.runs}},
        }
        return {"result": {"collections": {"collections": [{"id": "documents", "shards": [{"local": local}]}]}}}


@pytest.fixture
def qdrant(serve, clock):
    clock(module, hands)  # whoever waits does not
    fake = Qdrant()
    fake.server = serve(fake.table)
    return fake


@pytest.fixture
def keeping(read, clients, qdrant):
    """A function that gives the upkeep of the collection, and the change that it makes."""

    def keeping(more=""):
        target = read(FILE.format(url=qdrant.server.url) + more)
        change = Change(
            target,
            Journal.of(target.state_folder, target.name),
            Interruption(),
            opened={"test": "a test", "run": "a run"},
            say=lambda line: None,
            may_begin=lambda: None,
            makers=MAKERS,
        )
        return Upkeep(clients(target)("qdrant"), change), change

    return keeping


def test_it_is_optimised_by_a_stricter_threshold_which_is_taken_back(qdrant, keeping):
    upkeep, change = keeping()
    assert upkeep.optimise() > 0
    thresholds = [told["optimizers_config"] for told in qdrant.told]
    assert thresholds == [{"deleted_threshold": 0.1}, {"deleted_threshold": 0.2}]
    assert change.undo()
    assert len(qdrant.told) == 2  # it was as before already


def test_the_targets_own_values_stay_once_they_are_accepted(qdrant, keeping):
    own = "optimizers = { deleted_threshold = 0.3, vacuum_min_vector_number = 500 }\n"
    upkeep, change = keeping(own)
    assert upkeep.configure() == {}
    assert '"vacuum_min_vector_number": 500}' in qdrant.server.bodies[-1]  # a whole number, or Qdrant refuses it
    upkeep.accept()
    assert change.undo()
    assert (qdrant.optimizers["deleted_threshold"], qdrant.optimizers["vacuum_min_vector_number"]) == (0.3, 500)
    upkeep, change = keeping(own.replace("0.3", "0.4"))
    upkeep.configure()
    assert change.undo()
    assert qdrant.optimizers["deleted_threshold"] == 0.3


def test_no_value_of_the_target_is_unsupported(keeping):
    with pytest.raises(Unsupported) as caught:
        keeping()[0].configure()
    assert str(caught.value) == (
        "qdrant: nothing says how its optimizer is to be configured; give components.qdrant.optimizers, such as "
        "{ deleted_threshold = 0.2 }."
    )


def test_a_change_that_is_not_in_effect_fails(qdrant, keeping):
    qdrant.ignores = True
    with pytest.raises(ControlError) as caught:
        keeping()[0].optimise()
    assert str(caught.value).startswith(
        "collection documents: set of configuration of the collection documents of qdrant was not seen within 60 s; "
        "it is running (hnsw_config.ef_construct = 100, optimizers_config.deleted_threshold = 0.2"
    )


def test_what_could_not_be_made_unset_again_is_not_set(qdrant, keeping):
    upkeep, change = keeping("optimizers = { max_segment_size = 5000 }\n")
    with pytest.raises(ControlError) as caught:
        upkeep.configure()
    assert str(caught.value) == (
        "collection documents: configuration of the collection documents of qdrant: optimizers_config.max_segment_size "
        "is unset before or after this, and no PATCH can make it unset; it stays as it is."
    )
    assert change.undo()
    assert qdrant.told == []


def test_a_collection_that_stays_yellow_fails(qdrant, keeping):
    qdrant.status = "yellow"
    with pytest.raises(StepFailed) as caught:
        keeping()[0].optimise()
    assert str(caught.value) == (
        "qdrant: after optimizers_config.deleted_threshold = 0.1 the collection documents is yellow still after "
        "60 s: its optimizer comes to no end. Look at its log, and at the room on disk and in memory; "
        "optimise_deadline is how long it may take."
    )


def test_a_collection_that_becomes_red_fails_at_once(qdrant, keeping):
    qdrant.status = "red"
    with pytest.raises(StepFailed) as caught:
        keeping()[0].optimise()
    assert str(caught.value).endswith("the collection documents is red, its optimizer stopped: ok.")


def test_dead_vectors_are_taken_out_by_the_least_that_qdrant_takes(qdrant, keeping):
    upkeep, _ = keeping()
    assert upkeep.vacuum() == (300, 0)
    assert qdrant.told[0]["optimizers_config"] == {
        "deleted_threshold": pytest.approx(0.025),
        "vacuum_min_vector_number": 100,
    }
    assert (qdrant.optimizers, qdrant.dead) == (DEFAULTS, 0)
    with pytest.raises(Vacuous) as caught:
        upkeep.vacuum()
    assert str(caught.value) == (
        "collection documents: 0 dead vectors among 900 points: there is nothing that Qdrant would take out; it needs "
        "100 vectors in a segment."
    )


def test_the_whole_of_it_is_done_also_where_nothing_lies_dead(qdrant, keeping):
    upkeep, _ = keeping()
    assert upkeep.maintain() > 0
    assert [sorted(told["optimizers_config"]) for told in qdrant.told] == [
        ["deleted_threshold", "vacuum_min_vector_number"],
        ["deleted_threshold", "vacuum_min_vector_number"],
        ["deleted_threshold"],
        ["deleted_threshold"],
    ]
    upkeep.maintain()
    assert len(qdrant.told) == 6


def test_a_killed_run_is_recovered_by_its_journal_alone(qdrant, keeping):
    upkeep, change = keeping("optimizers = { deleted_threshold = 0.3 }\n")
    upkeep.configure()
    [recovery] = recoveries(change.target.state_folder)
    assert recovery.carry_out(lambda line: None, makers=MAKERS)
    assert qdrant.optimizers == DEFAULTS


def test_the_index_is_built_anew_and_has_its_own_configuration(qdrant, keeping):
    assert keeping()[0].rebuild() == 2
    assert [told["hnsw_config"] for told in qdrant.told] == [{"ef_construct": 101}, {"ef_construct": 100}]


def test_what_is_looked_at(qdrant, keeping):
    upkeep, _ = keeping()
    whole = upkeep.look(PROMPTS)
    assert whole == Kept(900, 1.0)
    qdrant.missed, qdrant.points = 8, 899
    assert upkeep.look(PROMPTS).lost_since(whole) == (
        "900 points have become 899; searches find 80% of the nearest points, and found 100% before"
    )
    qdrant.missed, qdrant.points = 9, 900
    assert upkeep.look(PROMPTS).lost_since(whole) == ""
