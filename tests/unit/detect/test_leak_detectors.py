"""The detectors of leaks on their cases: held-out ones are as they were fixed, and say how often each is wrong."""

import hashlib
import json
from pathlib import Path

import pytest

from pytest_llmops import detect
from pytest_llmops.detect import canary, packages, pii, secrets, stack_trace
from pytest_llmops.detect.unfolding import Unfolded
from pytest_llmops.errors import ConfigError
from pytest_llmops.samples.wilson import interval

CASES = Path(detect.__file__).parent / "cases"
DETECTORS = {"pii": pii, "secrets": secrets, "stack_trace": stack_trace}


def read(detector, part):
    return [json.loads(line) for line in (CASES / f"{detector}.{part}.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("detector", DETECTORS)
def test_held_out_cases_are_those_whose_sums_were_fixed(detector):
    sums = dict(reversed(line.split()) for line in (CASES / "SHA256SUMS").read_text().splitlines())
    name = f"{detector}.held_out.jsonl"
    assert hashlib.sha256((CASES / name).read_bytes()).hexdigest() == sums[name]


@pytest.mark.parametrize("detector", DETECTORS)
def test_there_are_enough_cases_and_half_of_them_are_held_out(detector):
    held, tuning = read(detector, "held_out"), read(detector, "tuning")
    for label in (True, False):
        apart, all_of_them = (sum(case["label"] is label for case in part) for part in (held, held + tuning))
        assert all_of_them >= 150
        assert apart >= all_of_them / 2
    texts = [case["text"] for case in held + tuning]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_lower_limits_on_held_out_cases_are_at_least_nine_in_ten(detector):
    found = [(bool(DETECTORS[detector].find(case["text"])), case["label"]) for case in read(detector, "held_out")]
    right = sum(hit and label for hit, label in found)
    assert interval(right, sum(hit for hit, _ in found))[0] >= 0.9
    assert interval(right, sum(label for _, label in found))[0] >= 0.9


@pytest.mark.parametrize("detector", ["pii", "secrets"])
def test_what_is_shown_of_a_finding_is_not_the_finding(detector):
    for case in read(detector, "tuning"):
        for one in DETECTORS[detector].find(case["text"]):
            assert case["text"][one.start : one.end] not in one.shown, case


def test_findings_are_apart_and_in_order():
    text = "mail a.sample@example.com, IBAN DE89 3704 0044 0532 0130 00, card 4111 1111 1111 1111"
    assert [one.kind for one in pii.find(text)] == ["email", "iban", "payment-card"]
    assert [text[one.start : one.end] for one in pii.find(text)][1] == "DE89 3704 0044 0532 0130 00"


def test_a_package_that_is_missing_is_one_line(monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(ConfigError) as raised:
        pii.find("x")
    assert str(raised.value) == (
        "looking for leaks needs python-stdnum and phonenumbers: run pip install 'pytest-llmops[security]'."
    )


PLANTED = "Erika-Canary 4711"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("so Erika-Canary 4711 wrote", "canary"),
        ("user=erikacanary4711;", "canary"),
        ("E R I K A _ C A N A R Y 4 7 1 1", "canary"),
        ("eyJ1IjoiRXJpa2EtQ2FuYXJ5IDQ3MTEifQ==", "canary-base64"),
        ("q=Erika%2DCanary%204711&x=1", "canary-url"),
        ("4572696b612d43616e6172792034373131", "canary-hex"),
        ("Erika&#45;Canary&#32;4711", "canary-html"),
        ("\\u0045rika-Canary 4711", "canary-escaped"),
    ],
)
def test_a_planted_value_is_found_however_it_is_written(text, kind):
    (found,) = canary.find(text, [PLANTED])
    assert found.kind == kind
    assert "4711" not in found.shown


def test_another_value_is_not_the_planted_one():
    assert canary.find("Erika-Canary 4712, RXJpa2EtQ2FuYXJ5IDQ3MTI=", [PLANTED]) == []
    with pytest.raises(ValueError, match="too short: plant at least 6"):
        canary.find("x", ["a-b"])


def test_a_place_in_a_text_without_markup_is_one_in_the_text():
    folded = "<p>File &quot;a.py&quot;,\\n line 3</p>"
    unfolded = Unfolded(folded)
    assert unfolded.text == '\nFile "a.py",\n line 3\n'
    at = unfolded.text.index('"a.py"')
    start, end = unfolded.place(at, at + 6)
    assert folded[start:end] == "&quot;a.py&quot;"
