"""A snapshot is restored where nobody reads, compared with its live source, and gone again, whatever ends it."""

import threading
import time
from functools import partial
from types import SimpleNamespace

import pytest
import uvicorn
from qdrant_client import QdrantClient
from qdrant_client.models import PointStruct

from pytest_llmops.clients.http import Http
from pytest_llmops.clients.prints import PAGE, READ, prints_of
from pytest_llmops.clients.vectors import Vectors
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import StepFailed, Unsupported, Vacuous
from pytest_llmops.operate import vector_backup
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.operate.vector_backup import CANARIES, MADE_AND_SENT, VectorBackup, most_calls
from pytest_llmops.samples import Prompt, Workload
from pytest_llmops.sandbox.faults import Faults
from pytest_llmops.sandbox.qdrant_api import app
from pytest_llmops.sandbox.qdrant_snapshots import written
from pytest_llmops.sandbox.vectors_part import fill
from pytest_llmops.state.journal import Journal

PROMPTS = Workload((Prompt("p1", "a question"), Prompt("p2", "another")))
FILE = '[targets.here.components.qdrant]\nurl = "{url}"\ncollection = "documents"\n'


class Qdrant:
    """The sandbox's server over a corpus of 17 points, in a thread."""

    def __init__(self, folder, faults, empty):
        self.engine, self.folder = QdrantClient(":memory:"), folder
        fill(self.engine, "documents", Faults({"vectors:empty": 1.0} if empty else {}))
        components = SimpleNamespace(qdrant=None)
        stack = SimpleNamespace(keys={}, faults=Faults(faults), components=components, directory=folder)
        self.server = uvicorn.Server(uvicorn.Config(app(stack, self.engine), port=0, log_level="error", lifespan="off"))
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    @property
    def left(self):
        """Collections and snapshots beside the target's own collection."""
        names = {entry.name for entry in self.engine.get_collections().collections} - {"documents"}
        return names | {path.name for path in (self.folder / "snapshots").glob("*/*.snapshot")}

    def end(self):
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture
def backup(read, ledger, tmp_path):
    """A function that gives a server, and what proves its backup."""
    begun = []

    def backup(faults=None, empty=False, more="", kind=Vectors, named=True):
        folder = tmp_path / "served"
        folder.mkdir()
        qdrant = Qdrant(folder, faults or {}, empty)
        file = FILE if named else FILE.replace('collection = "documents"\n', "")
        target = read(file.format(url=qdrant.url) + more)
        client = kind(Http(target, "qdrant", ledger(target)), target.component("qdrant"))
        begun.extend((client.close, qdrant.end))
        change = Change(
            target,
            Journal.of(target.state_folder, target.name),
            Interruption(),
            opened={"test": "a test", "run": "a run"},
            say=lambda line: None,
            may_begin=lambda: None,
            makers=MAKERS,
        )
        begun.insert(0, lambda: [hands.driver.close() for hands in change._hands.values()])
        return qdrant, VectorBackup(client, change), change

    yield backup
    for end in begun:
        end()


def copies(change):
    return list((change.target.state_folder / "snapshots").glob("*"))


def test_it_is_proven_and_nothing_is_left(backup):
    qdrant, proof, change = backup()
    done = proof.proven(PROMPTS)
    assert (done.points, done.compared, done.meanwhile, done.wrong) == (17, 17, 0, ())
    assert done.took_s > 0
    assert (qdrant.left, copies(change)) == (set(), [])
    assert change.undo()
    assert {act.outcome for act in Journal.of(change.target.state_folder, "here").acts(0)} == {"taken back"}


def test_a_snapshot_of_somebody_is_restored_and_compared(backup, tmp_path):
    qdrant, proof, _ = backup()
    earlier = tmp_path / "documents-1-2026-01-05-09-00-00.snapshot"
    earlier.write_bytes(written(qdrant.engine, "documents"))
    qdrant.engine.delete("documents", points_selector=[1])
    done = proof.restored_from(earlier, PROMPTS)
    assert (done.points, done.compared, done.meanwhile, done.wrong) == (17, 16, 1, ())
    assert done.unlike_pct == pytest.approx(100 / 17)
    assert qdrant.left == set()
    earlier.write_bytes(b"segment 1")
    with pytest.raises(StepFailed, match="cannot be restored: "):
        proof.restored_from(earlier, PROMPTS)


def test_what_came_since_differs_in_no_search_where_only_a_sample_is_compared(backup, tmp_path, monkeypatch):
    qdrant, proof, _ = backup()
    earlier = tmp_path / "documents-1-2026-01-05-09-00-00.snapshot"
    earlier.write_bytes(written(qdrant.engine, "documents"))
    first = qdrant.engine.scroll("documents", limit=1, with_vectors=True)[0][0].vector
    qdrant.engine.upsert("documents", [PointStruct(id=90 + number, vector=first, payload={}) for number in range(5)])
    monkeypatch.setattr(vector_backup, "prints_of", partial(prints_of, most=10))
    done = proof.restored_from(earlier, PROMPTS)
    assert (done.points, done.wrong) == (17, ())


def test_a_backup_of_what_has_no_points_now_is_not_restored(backup, tmp_path):
    _, proof, change = backup(empty=True)
    earlier = tmp_path / "documents-1-2026-01-05-09-00-00.snapshot"
    earlier.write_bytes(b"segment 1")
    with pytest.raises(Vacuous, match="it has no points, so that no backup of it can be compared with them"):
        proof.restored_from(earlier, PROMPTS)
    assert Journal.of(change.target.state_folder, "here").acts(0) == []


THREE = Workload(tuple(Prompt(f"p{number}", "a question") for number in range(CANARIES)))


@pytest.mark.parametrize("points", [0, 2 * PAGE])
@pytest.mark.parametrize("named", [True, False])
def test_it_makes_no_more_calls_than_are_said_before(backup, points, named):
    qdrant, proof, _ = backup(named=named)
    more = [PointStruct(id=1000 + number, vector=[1.0] * 256, payload={}) for number in range(points)]
    if more:
        qdrant.engine.upsert("documents", more)
    done = proof.proven(THREE)
    assert (done.compared, done.wrong) == (17 + points, ())
    ledger, config = proof._client.http.ledger, proof._client.config
    read = 2 + points // PAGE  # counted, and page by page
    looks = most_calls(config) - (3 * READ + MADE_AND_SENT + 1 + 2 * CANARIES) - (0 if named else 3)
    assert ledger.spent().requests == most_calls(config) - 3 * (READ - read) - (looks - 1)


def test_the_longer_a_restored_collection_is_waited_for_the_more_seldom_it_is_looked_at(read):
    def most(deadline):
        table = read(FILE.format(url="http://x") + f'snapshot_deadline = "{deadline}"\n')
        return most_calls(table.component("qdrant"))

    assert most("1 s") - most("100 ms") == pytest.approx(10, abs=1)
    assert most("600 s") - most("1 s") < 70


class Written(Vectors):
    """A client whose collection others write to: before the snapshot, and after it."""

    def cluster(self):
        self.http.call("POST", "/collections/documents/points/delete", body={"points": [1]}).ok()
        self._put(90)
        return super().cluster()

    def collection(self, name=None):
        if str(name).startswith("llmops-scratch-"):
            self._put(91)
            self.http.call("POST", "/collections/documents/points/delete", body={"points": [2]}).ok()
        return super().collection(name)

    def _put(self, number):
        body = {"points": [{"id": number, "vector": [float(number)] + [1.0] * 255, "payload": {}}]}
        self.http.call("PUT", "/collections/documents/points", body=body).ok()


def test_points_that_came_and_went_meanwhile_are_none_that_were_lost(backup):
    _, proof, _ = backup(kind=Written)
    done = proof.proven(PROMPTS)
    assert (done.compared, done.meanwhile, done.wrong) == (15, 4, ())


def test_a_collection_without_points_proves_nothing(backup):
    qdrant, proof, _ = backup(empty=True)
    with pytest.raises(Vacuous) as caught:
        proof.proven(PROMPTS)
    assert str(caught.value) == "qdrant: documents: it has no points, so that nothing can be lost."
    assert qdrant.left == set()


def test_a_snapshot_of_one_node_of_several_is_none_of_the_collection(backup):
    _, proof, _ = backup({"vectors:split": 1.0})
    with pytest.raises(Unsupported) as caught:
        proof.keep()
    assert str(caught.value) == (
        "qdrant: documents: it lies on a cluster of 2 nodes, and a snapshot holds only what lies on one of them; "
        "restoring takes one of each node."
    )


def test_a_snapshot_that_is_too_large_is_not_fetched(backup):
    qdrant, proof, change = backup(more="snapshot_limit = 0.001\n")
    with pytest.raises(Unsupported) as caught:
        proof.keep()
    assert str(caught.value) == (
        "qdrant: documents: its snapshot has 0 MB, and snapshot_limit is 0.001; give more where there is room for it "
        "here, and for a second collection there."
    )
    assert change.undo()
    assert qdrant.left == set()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("snapshots-full", "qdrant: documents: no snapshot can be made of it: qdrant: POST "),
        ("snapshot-torn", "qdrant: documents: the snapshot documents-6194298859870377-"),
        ("restore-fails", "cannot be restored: qdrant: POST /collections/llmops-scratch-"),
        ("red", "it is red: Service internal error: No space left on device."),
    ],
)
def test_what_fails_on_the_way_is_said_and_leaves_nothing(backup, fault, said):
    qdrant, proof, change = backup({f"vectors:{fault}": 1.0})
    with pytest.raises(StepFailed) as caught:
        proof.proven(PROMPTS)
    assert said in str(caught.value)
    assert change.undo()
    assert (qdrant.left, copies(change)) == (set(), [])


def recovered(change):
    [recovery] = recoveries(change.target.state_folder)
    return recovery.carry_out(lambda line: None, makers=MAKERS)


def test_a_run_that_was_killed_is_recovered_by_its_journal_alone(backup):
    qdrant, proof, change = backup()
    qdrant.engine.create_collection("others", vectors_config={})
    (qdrant.folder / "snapshots" / "documents").mkdir(parents=True)
    (qdrant.folder / "snapshots" / "documents" / "nightly.snapshot").write_bytes(b"somebody's")
    proof._restore(proof.keep())
    assert len(qdrant.left) == 4
    assert len(copies(change)) == 1
    assert recovered(change)
    assert qdrant.left == {"others", "nightly.snapshot"}
    assert copies(change) == []


class Killed(BaseException):
    """The end of the process."""


def test_a_snapshot_whose_name_was_never_told_is_found_by_its_time(backup):
    qdrant, proof, change = backup()
    make = proof._snapshots.create

    def killed(deadline_s):
        make(deadline_s)
        raise Killed

    proof._snapshots.create = killed
    with pytest.raises(Killed):
        proof.keep()
    assert len(qdrant.left) == 1
    assert recovered(change)
    assert qdrant.left == set()


def test_of_several_that_may_be_ours_none_is_deleted(backup):
    qdrant, proof, change = backup()
    make = proof._snapshots.create

    def killed(deadline_s):
        made = make(deadline_s)
        folder = qdrant.folder / "snapshots" / "documents"
        (folder / "nightly.snapshot").write_bytes((folder / made.name).read_bytes())
        raise Killed

    proof._snapshots.create = killed
    with pytest.raises(Killed):
        proof.keep()
    assert not recovered(change)
    assert len(qdrant.left) == 2
    [failure] = Journal.of(change.target.state_folder, "here").story.failed.values()
    assert "nobody can say which; none is deleted" in failure.why
    assert failure.by_hand == [f"curl -sS -X GET {qdrant.url}/collections/documents/snapshots"]


def test_what_cannot_be_restored_is_not_lost_on_purpose(backup):
    _, proof, _ = backup({"vectors:restore-alters": 1.0})
    with pytest.raises(StepFailed) as caught:
        proof.may_be_lost(PROMPTS)
    assert str(caught.value) == (
        "qdrant: documents: nothing is lost on purpose, for no restore brings it back: 1 of 17 points is restored with "
        "another vector: 1."
    )


def test_nothing_is_lost_on_purpose_in_production(backup):
    qdrant, proof, change = backup(more='[targets.here]\nenvironment = "production"\n')
    with pytest.raises(Unsupported, match="it is in production, where it is not lost on purpose"):
        proof.may_be_lost(PROMPTS)
    assert qdrant.left == set()
    assert change.undo()


def test_what_is_lost_since_then_is_told(backup):
    qdrant, proof, _ = backup()
    held = proof.may_be_lost(PROMPTS)
    assert proof.lost_since(held) == ()
    qdrant.engine.delete("documents", points_selector=[4])
    assert proof.lost_since(held) == ("1 of 17 points is lost: 4",)
