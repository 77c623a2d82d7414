"""llmops detectors: each detector's own figures."""

import json
import sys
from pathlib import Path

from pytest_llmops.detect import registry
from pytest_llmops.detect.cases import read
from pytest_llmops.detect.registry import DETECTORS


def test_table_names_each_detector_and_counts(llmops):
    status, said = llmops("detectors")
    assert status == 0
    lines = {line.split()[0]: line for line in said.splitlines() if line}
    for name in DETECTORS:
        there = sum(case.label for case in read(name, "held_out"))
        assert lines[name].split()[1] == str(there)
    assert "95 % intervals by Wilson; wanted: lower limits of at least 0.90" in said


def test_documented_table_is_what_is_printed(llmops):
    documented = (Path(__file__).parents[3] / "docs" / "detectors.md").read_text()
    rows = [
        line.rstrip() for line in llmops("detectors")[1].splitlines() if line.split()[0] in ("detector", *DETECTORS)
    ]
    assert "\n".join(f"    {row}" for row in rows) in documented


def test_json_has_counts_and_limits(llmops):
    status, said = llmops("detectors", "--json")
    found = {one["detector"]: one for one in json.loads(said)}
    assert (status, list(found)) == (0, list(DETECTORS))
    for one in found.values():
        assert one["recall"]["value"] == one["found"] / (one["found"] + one["missed"])
        assert one["precision"]["low"] <= one["precision"]["value"] <= one["precision"]["high"]
        assert one["good"]


def test_what_lacks_a_package_is_named_beside_the_others(llmops, monkeypatch):
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    status, said = llmops("detectors")
    counted = {line.split()[0] for line in said.splitlines()}
    assert status == 1
    assert counted >= set(DETECTORS) - {"pii"}
    assert said.splitlines()[-1] == (
        "not counted: pii: looking for leaks needs phonenumbers: run pip install 'pytest-llmops[security]'."
    )
    [uncounted] = [one for one in json.loads(llmops("detectors", "--json")[1]) if "lacking" in one]
    assert (uncounted["detector"], uncounted["good"]) == ("pii", False)


def test_detector_that_is_too_poor_is_named_and_exits_with_1(llmops, monkeypatch):
    monkeypatch.setitem(registry.DETECTORS, "refusal", lambda case: "sorry" in case.text)
    status, said = llmops("detectors")
    assert status == 1
    (line,) = (line for line in said.splitlines() if line.startswith("refusal"))
    assert line.rstrip().endswith("too low")


def test_detector_that_finds_nothing_has_no_precision(llmops, monkeypatch):
    monkeypatch.setattr(registry, "DETECTORS", {"refusal": lambda case: False})
    status, said = llmops("detectors")
    assert (status, " - " in said) == (1, True)
