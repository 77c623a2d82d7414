"""What a comparison says beside its table."""

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def accepted(llmops, file, record):
    """Accepts a run of these metrics, measured on that day."""

    def accepted(levels, day=0, **made):
        words = ("--reason", "because", "--by", "ada", "--replace")
        status, said = llmops("baseline", "accept", *words, record(levels, day=day, **made))
        assert status == 0, said

    return accepted


@pytest.fixture
def sentences(llmops):
    """What the comparison with the newest candidate says after its table."""

    def sentences(rows):
        status, said = llmops("baseline", "diff")
        assert status == 0, said
        lines = said.splitlines()
        start = next(place for place, line in enumerate(lines) if line.startswith("metric "))
        blank, said = lines[start + 1 + rows :][:1], lines[start + 2 + rows :]
        assert blank == [""] * bool(said)
        return said

    return sentences


def test_each_change_is_a_sentence_and_the_worst_comes_first(accepted, record, sentences, tmp_path):
    accepted({"embedding_latency": 0.2, "generation_latency": 0.0775, "same": 0.1}, calls=30)
    path = record({"embedding_latency": 0.095, "generation_latency": 0.124, "same": 0.1}, day=1, calls=30)
    assert sentences(3) == [
        "generation_latency is 1.6 times slower: 124 ms now, 78 ms then",
        "embedding_latency is 2.11 times faster: 95 ms now, 200 ms then",
        "A candidate holds one run; a regression fails a test only when a second run confirms it.",
        "To make the faster the new normal, which the next run is held against:",
        f'  llmops baseline accept --replace --reason "…" {path.relative_to(tmp_path)}',
    ]


def test_accepting_gives_no_advice_to_accept(accepted, llmops, record):
    accepted({"latency": 0.2})
    said = llmops("baseline", "accept", "--reason", "r", "--by", "ada", "--replace", record(0.1, day=1))[1]
    assert said.splitlines()[3].split()[-1] == "improvement"
    assert said.splitlines()[5] == "latency is 2 times faster: 100 ms now, 200 ms then"
    assert said.splitlines()[6].startswith("accepted: ")


def test_metrics_that_only_one_side_has_are_said_loudly(accepted, record, sentences):
    accepted({"query_latency": 0.1, "query_latency.ttft": 0.05, "embedding_latency": 0.1})
    record({"query_latency": 0.1, "search_latency": 0.1}, day=1)
    without = "0001 has it, the candidate has not. Was its test renamed, left out, or failed?"
    assert sentences(2) == [
        f"MISSING query_latency.ttft: {without}",
        f"MISSING embedding_latency: {without}",
        "NEW search_latency: no accepted run has it; it is compared from the next run on that is accepted.",
    ]


def test_what_a_new_normal_no_longer_has_is_not_missing(accepted, record, sentences):
    accepted({"old": 0.1, "kept": 0.1})
    accepted({"kept": 0.1}, day=1)
    record({"kept": 0.1}, day=2)
    assert sentences(1) == []


def test_metrics_of_the_shipped_baselines_are_not_missed(llmops, record):
    record({"query_latency": 0.1, "my_latency": 0.1}, target="sandbox")
    status, said = llmops("baseline", "accept", "--reason", "r", "--by", "ada")
    assert (status, [line for line in said.splitlines() if line.startswith(("MISSING", "NEW"))]) == (0, [])
    record({"query_latency": 0.1}, target="sandbox", day=1)
    assert "\nMISSING my_latency: 0001 has it, the candidate has not." in llmops("baseline", "diff")[1]


def test_what_replaced_runs_still_have_is_not_new(accepted, record, sentences):
    accepted({"old": 0.1, "kept": 0.1})
    accepted({"kept": 0.1}, day=1)
    record({"old": 0.1, "kept": 0.1}, day=2)
    assert sentences(2) == []


def test_a_new_normal_of_another_model_hides_nothing_of_this_one(accepted, record, sentences):
    accepted({"old": 0.1, "kept": 0.1})
    accepted({"kept": 0.1}, day=1, model="m2")
    record({"kept": 0.1}, day=2)
    assert sentences(1) == [
        "MISSING old: 0001 has it, the candidate has not. Was its test renamed, left out, or failed?"
    ]
    record({"kept": 0.1}, day=3, model="m3")
    assert sentences(1) == ["kept: model is m3 now, m2 in the baseline"]


def test_what_thresholds_alone_judge_is_not_missing(accepted, file, record, sentences):
    accepted({"kept": 0.1, "kept.tpot": 0.1})
    file.write_text(f'{file.read_text()}\n[targets.staging.baseline]\nrecorded = ["*.tpot"]\n')
    record({"kept": 0.1}, day=1)
    assert sentences(1) == []


def test_calls_that_fail_more_often_are_said(accepted, record, sentences):
    accepted({"latency": 0.1}, calls=100)
    record({"latency": 0.1}, day=1, calls=96, failures=8)
    assert sentences(1) == [
        "latency: 8 of 104 calls failed now, 0 of 100 then",
        "latency: 8% of the calls failed, and the others alone would flatter (survivorship)",
        "A candidate holds one run; a regression fails a test only when a second run confirms it.",
    ]


def test_why_metrics_were_not_compared_is_said_once_for_all(accepted, record, sentences):
    accepted({"latency": 0.1, "latency.ttft": 0.1})
    record({"latency": 0.1, "latency.ttft": 0.1}, day=1, model="m2")
    assert sentences(2) == ["latency, latency.ttft: model is m2 now, m1 in the baseline"]


def test_a_statistic_that_gates_and_a_number_of_the_teams_own_are_judged_too(accepted, file, record, llmops, tmp_path):
    accepted({"latency": 0.1, "other": 0.1}, calls=60)
    (tmp_path / "own.json").write_text(json.dumps({"p95_ms": 50}))
    file.write_text(
        f"{file.read_text()}\n[targets.staging.baseline]\nprimary = ['latency.p95']\n"
        "points.other = { file = 'own.json', value = 'p95_ms', unit = 'ms' }\n"
    )
    record({"latency": 0.16, "other": 0.1}, day=1, calls=60)
    lines = llmops("baseline", "diff")[1].splitlines()[3:]
    rows = [line.split() for line in lines[:3]]
    assert [(row[0], *row[1:5], row[-1]) for row in rows] == [
        ("latency", "160", "ms", "100", "ms", "regression"),
        ("latency.p95", "165", "ms", "103", "ms", "regression"),
        ("other", "100", "ms", "50", "ms", "regression"),
    ]
    assert lines[4:7] == [
        "latency is 1.6 times slower: 160 ms now, 100 ms then",
        "latency.p95 is 1.6 times slower: 165 ms now, 103 ms then",
        "other is 2 times slower: 100 ms now, 50 ms expected",
    ]


def states(llmops):
    """The state of each metric of the newest candidate."""
    lines = [line.split() for line in llmops("baseline", "diff")[1].splitlines()]
    start = next(place for place, words in enumerate(lines) if words[:1] == ["metric"])
    return {words[0]: words[-1] for words in lines[start + 1 :] if words and words[0].startswith("latency")}


def test_a_tail_of_slow_calls_is_judged_no_more_than_in_its_run(accepted, file, record, llmops):
    accepted(1.5, calls=60)
    file.write_text(f'{file.read_text()}\n[targets.staging.baseline]\nprimary = ["latency.p95"]\n')
    record(1.5, day=1, calls=60)
    assert states(llmops) == {"latency": "ok"}
    record(1.5, day=2, calls=10)
    assert states(llmops) == {"latency": "ok"}  # ten slow calls are a look


def test_pinned_looks_are_those_of_the_run(accepted, file, record, llmops):
    accepted(1.5, calls=60)
    file.write_text(f'{file.read_text()}\n[targets.staging.baseline]\nprimary = ["latency.p95"]\nlooks = [60]\n')
    record(1.5, day=1, calls=60)
    assert states(llmops) == {"latency": "ok", "latency.p95": "ok"}


@pytest.mark.parametrize("columns", [80, 120])
def test_at_a_terminal_sentences_fold_between_words(accepted, record, tmp_path, columns):
    accepted({"a_rather_long_name_of_a_latency[standard]": 0.1, "embedding_latency": 0.1})
    record({"a_rather_long_name_of_a_latency[standard]": 0.1}, day=1, model="m2")
    lines = _at_a_terminal(["baseline", "diff"], tmp_path, columns)
    assert max(map(len, lines)) <= columns
    whole = " ".join(line.strip() for line in lines)
    assert (
        "MISSING embedding_latency: 0001 has it, the candidate has not. Was its test renamed, left out, or failed?"
        in whole
    )
    assert "a_rather_long_name_of_a_latency[standard]: model is m2 now, m1 in the baseline" in whole


def _at_a_terminal(words, folder, columns):
    """The lines that llmops prints at a real terminal of that width."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "COLUMNS": str(columns), "TERM": "dumb"}
    program = Path(sys.executable).with_name("llmops")
    with subprocess.Popen([program, *words], cwd=folder, env=environ, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        said = b""
        while select.select([ours], [], [], 30)[0]:
            try:
                said += os.read(ours, 4096)
            except OSError:  # how a terminal ends
                break
        running.wait(30)
    os.close(ours)
    return [line.rstrip() for line in said.decode().splitlines()]
