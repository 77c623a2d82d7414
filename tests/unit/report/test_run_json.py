import json
import threading

import pytest

from pytest_llmops.report.run_json import write
from pytest_llmops.target.secrets import Redactor


def test_the_run_is_written_with_its_schema(tmp_path):
    path = write(tmp_path / "reports", {"target": "staging", "checks": [{"n": 3, "ok": True, "low": None}]}, Redactor())
    assert path == tmp_path / "reports" / "run.json"
    assert json.loads(path.read_text()) == {
        "schema": 1,
        "target": "staging",
        "checks": [{"n": 3, "ok": True, "low": None}],
    }
    assert path.read_text().endswith("}\n")
    assert [file.name for file in path.parent.iterdir()] == ["run.json"]


def test_half_of_a_surrogate_pair_is_written_as_json_has_it(tmp_path):
    facts = [{"facts": {"model": "tiny \ud83d"}}]
    assert json.loads(write(tmp_path, {"preflight": facts}, Redactor()).read_text())["preflight"] == facts


@pytest.mark.parametrize("secret", ["s3cret-value", 'pa"ss\\word', "päss\nwörd", "12345"])
def test_no_secret_is_left_and_the_rest_stays_json(tmp_path, secret):
    result = {"reason": f"key {secret}!", "checks": [{"reason": secret, "n": 12345, "value": 0.12345}], secret: 1}
    text = write(tmp_path, result, Redactor([secret])).read_text()
    assert json.loads(text) == {
        "schema": 1,
        "reason": "key [redacted]!",
        "checks": [{"reason": "[redacted]", "n": 12345, "value": 0.12345}],
        "[redacted]": 1,
    }


def test_a_reader_never_sees_half_a_file(tmp_path):
    result = {"text": "x" * 200_000}
    path = write(tmp_path, result, Redactor())
    done, sizes = threading.Event(), set()

    def read():
        while not done.is_set():
            sizes.add(len(json.loads(path.read_text())["text"]))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(30):
        write(tmp_path, result, Redactor())
    done.set()
    reader.join()
    assert sizes == {200_000}


def test_what_is_no_number_is_null(tmp_path):
    facts = [{"facts": {"models": float("nan")}}, {"facts": {"models": float("inf")}}]
    text = write(tmp_path, {"preflight": facts, "value": 1.0}, Redactor()).read_text()
    found = json.loads(text, parse_constant=pytest.fail)
    assert (found["preflight"], found["value"]) == ([{"facts": {"models": None}}] * 2, 1.0)


def test_what_is_no_json_is_refused_and_leaves_the_old_file(tmp_path):
    write(tmp_path, {"value": 1.0}, Redactor())
    with pytest.raises(TypeError, match="not JSON serializable"):
        write(tmp_path, {"value": object()}, Redactor())
    assert json.loads((tmp_path / "run.json").read_text())["value"] == 1.0
