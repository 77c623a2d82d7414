"""The labelled cases: fixed, enough, varied; and what a detector makes of them."""

import json
from hashlib import sha256
from importlib.resources import files

import pytest

from pytest_llmops.detect import cases
from pytest_llmops.detect.cases import FEWEST, Case, read, sums
from pytest_llmops.detect.figures import WANTED, Figures, Rate, figures
from pytest_llmops.detect.registry import DETECTORS

FOLDER = files("pytest_llmops.detect") / "cases"
PARTS = ("tuning", "held_out")
NAMES = sorted(DETECTORS)


def test_held_out_files_are_those_of_the_noted_sums():
    noted = sums((FOLDER / "SHA256SUMS").read_text())
    held = {one.name for one in FOLDER.iterdir() if one.name.endswith(".held_out.jsonl")}
    assert set(noted) == held
    assert {name: sha256((FOLDER / name).read_bytes()).hexdigest() for name in held} == noted


def test_each_file_of_cases_belongs_to_a_detector_and_each_detector_has_its_files():
    found = {one.name for one in FOLDER.iterdir() if one.name.endswith(".jsonl")}
    assert found == {f"{name}.{part}.jsonl" for name in NAMES for part in PARTS}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", NAMES)
def test_detector_has_enough_cases(name, part):
    found = read(name, part)
    assert sum(case.label for case in found) >= FEWEST
    assert sum(not case.label for case in found) >= FEWEST


@pytest.mark.parametrize("name", NAMES)
def test_detector_has_at_least_150_of_each_label_in_all(name):
    labels = [case.label for part in PARTS for case in read(name, part)]
    assert (sum(labels) >= 150, len(labels) - sum(labels) >= 150) == (True, True)


@pytest.mark.parametrize("name", NAMES)
def test_no_case_stands_twice(name):
    found = [case for part in PARTS for case in read(name, part)]
    assert len({case.id for case in found}) == len(found)
    assert len({(case.text, *sorted(case.given.items())) for case in found}) == len(found)


@pytest.mark.parametrize("name", NAMES)
def test_lower_limits_on_held_out_cases(name):
    found = figures(DETECTORS[name], read(name, "held_out"))
    assert found.precision.low >= WANTED, found
    assert found.recall.low >= WANTED, found


@pytest.mark.parametrize("name", NAMES)
def test_detector_is_as_good_on_the_cases_that_it_was_made_with(name):
    found = figures(DETECTORS[name], read(name, "tuning"))
    assert (found.precision.value or 0) >= 0.95, found
    assert (found.recall.value or 0) >= 0.95, found


def _files(folder, text, noted):
    folder.mkdir()
    (folder / "x.held_out.jsonl").write_text(text)
    (folder / "SHA256SUMS").write_text(noted)


LINE = json.dumps({"id": "x-1", "text": "No.", "label": True, "why": "short", "marker": "m"})


def test_case_has_its_further_inputs(tmp_path, monkeypatch):
    digest = sha256(f"{LINE}\n".encode()).hexdigest()
    _files(tmp_path / "cases", f"{LINE}\n", f"{digest}  x.held_out.jsonl\n")
    monkeypatch.setattr(cases, "_FOLDER", tmp_path / "cases")
    assert read("x", "held_out") == [Case("x-1", "No.", True, "short", {"marker": "m"})]


@pytest.mark.parametrize("noted", ["", "0" * 64 + "  x.held_out.jsonl\n"])
def test_changed_held_out_file_is_refused(tmp_path, monkeypatch, noted):
    _files(tmp_path / "cases", f"{LINE}\n", noted)
    monkeypatch.setattr(cases, "_FOLDER", tmp_path / "cases")
    with pytest.raises(
        ValueError, match=r"x\.held_out\.jsonl has the SHA-256 .* fixed before their detector is written"
    ):
        read("x", "held_out")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1 of x.tuning.jsonl is no case"),
        ('{"id": "a", "text": "b", "label": true}', "'why'"),
        ("[]", "no case"),
        ('{"id": "a", "text": "b", "label": 1, "why": "c"}', "label is true or false"),
        ('{"id": "a", "text": "b", "label": true, "why": "c", "marker": 7}', "everything else a string"),
    ],
)
def test_line_that_is_no_case_is_named(tmp_path, monkeypatch, line, said):
    (tmp_path / "x.tuning.jsonl").write_text(line)
    monkeypatch.setattr(cases, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        read("x", "tuning")


def _labelled(*pairs):
    return [Case(str(at), text, label, "") for at, (text, label) in enumerate(pairs)]


def test_figures_are_counted():
    tried = _labelled(("hit", True), ("hit", True), ("hit", True), ("", True), ("hit", False), ("", False), ("", False))
    found = figures(lambda case: case.text == "hit", tried)
    assert found == Figures(found=3, missed=1, mistaken=1, passed=2)
    assert (found.precision, found.recall) == (Rate(3, 4), Rate(3, 4))
    assert found.recall.value == 0.75
    # Wilson (1927), by hand: z = 1.96, (3 + z²/2) / (4 + z²) ± z / (4 + z²) · sqrt(3·1/4 + z²/4)
    assert (round(found.recall.low, 3), round(found.recall.high, 3)) == (0.301, 0.954)


def test_detector_that_finds_nothing_has_no_precision_and_is_not_good():
    found = figures(lambda _: False, _labelled(("a", True), ("b", False)))
    assert (found.precision.value, found.precision.low, found.precision.high) == (None, 0, 1)
    assert found.recall.value == 0
    assert not found.good


@pytest.mark.parametrize(("missed", "good"), [(2, True), (3, False)])
def test_two_errors_in_75_are_borne_and_three_are_not(missed, good):
    assert Figures(75 - missed, missed, 0, 75).good is good
