"""The fault table and how a fault is asked for."""

import re

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.sandbox.derived import table
from pytest_llmops.sandbox.faults import FAULTS, Share, parse
from pytest_llmops.target.load import load


def test_numbers_are_read():
    faults = parse(["llm:slow=2.5", "redis:down"])
    assert "redis:down" in faults
    assert faults.number("llm:slow", 1.0) == 2.5
    assert faults.number("llm:errors", 0.0) == 0.0


def test_several_stand_in_one_text():
    assert list(parse(["api:down, llm:slow=2,", "redis:down"])) == ["api:down", "llm:slow", "redis:down"]


def test_unknown_name_is_met_with_a_near_one():
    with pytest.raises(ConfigError) as caught:
        parse(["llm:slowly=2"])
    near = "Did you mean 'llm:slow' or 'llm:slots' or 'llm:slow-start'?"
    every = "with what each does: llmops sandbox --profile NAME --list-faults."
    assert re.fullmatch(
        rf"unknown fault 'llm:slowly'\. {re.escape(near)} All \d+, {re.escape(every)}", str(caught.value)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("llm:slow", "the fault llm:slow=FACTOR needs a number above 0, found none."),
        ("llm:slow=0", "the fault llm:slow=FACTOR needs a number above 0, found '0'."),
        ("llm:errors=2", "the fault llm:errors=SHARE needs a share from 0 to 1, found '2'."),
        ("api:delay=soon", "the fault api:delay=SECONDS needs seconds, 0 or more, found 'soon'."),
        ("llm:slots=0", "the fault llm:slots=COUNT needs a whole number, 1 or more, found '0'."),
        ("llm:slots=1.5", "the fault llm:slots=COUNT needs a whole number, 1 or more, found '1.5'."),
        ("llm:hang=1", "the fault llm:hang takes no number, found '1'; write llm:hang."),
    ],
)
def test_wrong_numbers_are_explained(text, message):
    with pytest.raises(ConfigError) as caught:
        parse([text])
    assert str(caught.value) == message


def test_what_the_model_says_is_a_case_that_a_fault_lays_over_ok(start):
    capital = {"asked": "capital of France", "says": "It is Paris."}
    answers = {"ok": [capital], "wrong": [{**capital, "says": "It is Lyon.", "model": "tiny"}]}
    over = {"sandbox": {"answers": answers}, "components": {"ollama": {"models": ["tiny", "large"]}}}
    healthy, sick = start("ollama", over=over), start("ollama", ["answers:wrong"], over=over)

    def said(sandbox, model, prompt="What is the capital of France?"):
        body = {"model": model, "prompt": prompt, "stream": False}
        return sandbox.http.post(f"{sandbox.url.ollama}/api/generate", json=body).json()["response"]

    assert [said(one, "tiny") for one in (healthy, sick)] == ["It is Paris.", "It is Lyon."]
    assert said(sick, "large") == "It is Paris."
    assert "Pacific" in said(sick, "tiny", "Which ocean is the largest?")


def test_every_fault_is_described_and_belongs_to_a_part():
    parts = {"llm", "api", "vectors", "redis", "proxy", "disk", "notify", "prometheus", "alertmanager", "grafana"}
    assert {fault.part for fault in FAULTS.values()} == parts
    assert all(fault.does for fault in FAULTS.values())


@pytest.mark.parametrize(("share", "failing"), [(0.25, [4, 8]), (0.5, [2, 4, 6, 8]), (1.0, [*range(1, 9)]), (0.0, [])])
def test_a_share_is_spread_evenly(share, failing):
    picks = Share(share)
    assert [call for call in range(1, 9) if picks.due()] == failing


def test_a_share_of_a_tenth_is_exact_over_many_calls():
    picks = Share(0.1)
    assert sum(picks.due() for _ in range(1000)) == 100


@pytest.mark.parametrize(("profile", "there"), [("aegis-rag", True), ("aegis-rag-compose", False), ("rag", True)])
def test_only_a_health_body_that_tells_its_time_can_be_stale(tmp_path, profile, there):
    sandbox = load(None, f"sandbox:{profile}", tmp_path, {}).table.sandbox
    assert ("api:stale" in table(sandbox)) is there
