"""What the API writes of its calls, and what is left of a user who is deleted."""

import json
from types import SimpleNamespace

import pytest

from pytest_llmops.sandbox.faults import Faults
from pytest_llmops.sandbox.records import Records
from pytest_llmops.target.embedded import Record

RECORDS = {
    "logs": Record(file="logs/requests.jsonl", line={"user": "{user}", "question": "{prompt}"}),
    "traces": Record(file="traces/{trace_id}.json", line={"user": "{user}"}, deletion="redacts"),
    "feedback": Record(file="feedback/{trace_id}.json", routes=["feedback"], line={"user": "{user}"}),
}


@pytest.fixture
def written(tmp_path):
    """What lies there once two users have asked, one has said what she thinks, and she was deleted."""

    def written(*faults):
        stack = SimpleNamespace(
            root=tmp_path, sandbox=SimpleNamespace(records=RECORDS), faults=Faults(dict.fromkeys(faults, 1.0))
        )
        records = Records(stack)
        for number, user in enumerate(("ada", "bob")):
            records.write("query", {"user": user, "prompt": "why", "trace_id": f"t{number}"})
        records.write("feedback", {"user": "ada", "trace_id": "f0"})
        counts = records.forget("ada")
        found = {
            file.relative_to(tmp_path).as_posix(): [json.loads(line) for line in file.read_text().splitlines()]
            for file in tmp_path.rglob("*.json*")
        }
        return counts, found

    return written


def test_a_user_is_taken_out_and_nobody_else(written):
    counts, found = written()
    assert counts == {"deleted_logs": 1, "deleted_traces": 1, "deleted_feedback": 1}
    assert found == {
        "logs/requests.jsonl": [{"user": "bob", "question": "why"}],
        "traces/t0.json": [{"user": "deleted-user"}],
        "traces/t1.json": [{"user": "bob"}],
    }


@pytest.mark.parametrize(
    ("name", "place"), [("logs", "logs/requests.jsonl"), ("traces", "traces/t0.json"), ("feedback", "feedback/f0.json")]
)
def test_a_fault_spares_one_of_them(written, name, place):
    counts, found = written(f"api:keeps-{name}")
    assert {key for key, count in counts.items() if not count} == {f"deleted_{name}"}
    assert any(line["user"] == "ada" for line in found[place])
    assert sum(line["user"] == "ada" for lines in found.values() for line in lines) == 1


def test_what_a_call_did_not_say_is_null(tmp_path):
    stack = SimpleNamespace(root=tmp_path, sandbox=SimpleNamespace(records=RECORDS), faults=Faults())
    Records(stack).write("query", {"user": "ada", "trace_id": "t"})
    assert json.loads((tmp_path / "logs/requests.jsonl").read_text()) == {"user": "ada", "question": None}
