"""llama.cpp's own server, checked from an empty folder by somebody who has only its address."""

import pytest

from ..conftest import in_turn

SHORT = """\\g<0>
max_tokens = 16
[targets.local.components.openai.detail]
summary = { max_tokens = 4 }
standard = { max_tokens = 8 }
detailed = { max_tokens = 16 }
"""
"""Short answers: what is proved here needs no more tokens."""

TIMED = ("generation_latency", "generation_latency.ttft")

URL = r'^url = "[^"]*"'


@pytest.fixture
def known(person, llama_cpp):
    """A server, and the file that ``llmops init`` wrote of it."""
    return introduced(person, llama_cpp())


def introduced(person, server):
    init = person.llmops("init", "--url", server.url)
    assert init.status == 0, init.out
    person.edits(r"^model = .*$", SHORT)
    return server


def test_the_daily_suite_is_green(person, known):
    doctor = person.llmops("doctor")
    assert doctor.status == 0, doctor.out
    run = person.daily()
    assert run.status == 0, run.out
    outcomes = {name: check["outcome"] for name, check in run.checks.items()}
    assert outcomes.pop("test_embedding_latency") == "skipped"  # it was started without --embeddings
    assert set(outcomes.values()) == {"passed"}, run.out
    assert "Start it with `--embeddings`" in run.checks["test_embedding_latency"]["reason"]
    assert 0.001 < run.metrics["generation_latency.ttft"]["value"] < run.metrics["generation_latency"]["value"]
    assert run.metrics["generation_latency.error_rate"]["value"] == 0
    rate = run.metrics["tokens_per_second"]
    assert rate["value"] > 10
    assert rate["reason"].endswith(" tokens/s (the server's own figure)")
    (found,) = run.whole["preflight"]
    assert found["level"] == "generates"
    assert found["facts"]["identity"].startswith("tiny (")
    assert found["facts"]["server"].startswith("llamacpp ")


def test_a_server_that_is_gone_is_one_red_line(person, known):
    known.kill()
    for words, status in (((), 1), (("--llmops-gate",), 12)):
        run = person.daily(*words)
        assert run.status == status, run.out
        (line,) = run.unreachable
        assert f"openai at {known.url}: " in line
        assert "was refused" in line
        assert {check["category"] for check in run.checks.values()} == {"unreachable"}
        assert "Traceback" not in run.out


@pytest.mark.quiet
@pytest.mark.acceptance
@in_turn(1, of=3)
def test_a_slower_server_is_a_regression_and_the_same_one_is_not(person, llama_cpp, start):
    # A small model far away: most of each call is a wait that no other process of the machine can stretch.
    server = llama_cpp(layers=2)
    far = (server.url, "--away", 0.1)
    introduced(person, start("delaying_proxy.py", *far))
    person.adds('[targets.local.baseline]\nrecorded = ["*.tpot"]\nlooks = [30, 60, 120, 240]')
    timed = ("-k", "generation_latency")
    run = person.daily("--llmops-baseline", "record", *timed)
    assert run.status == 0, run.out
    person.accepts()

    person.edits(URL, f'url = "{start("delaying_proxy.py", *far).url}"')
    same = person.daily(*timed)
    assert same.status == 0, same.out
    assert {same.metrics[name]["state"] for name in TIMED} <= {"ok", "inconclusive"}, same.out

    person.edits(URL, f'url = "{start("delaying_proxy.py", *far, "--pace", 1.6).url}"')
    for words, status in (((), 1), (("--llmops-gate",), 10)):
        slow = person.daily(*timed, *words)
        assert slow.status == status, slow.out
        assert {slow.metrics[name]["state"] for name in TIMED} == {"regression"}, slow.out
        assert all(1.3 < slow.metrics[name]["ratio"] < 2 for name in TIMED), slow.out


@in_turn(2, of=3)
def test_a_deeper_model_of_the_same_name_is_not_comparable(person, known, llama_cpp):
    timed = ("-k", "generation_latency")
    person.adds("[targets.local.baseline]\nlooks = [30]")
    assert person.daily("--llmops-baseline", "record", *timed).status == 0
    person.accepts()
    person.edits(URL, f'url = "{llama_cpp(layers=16).url}"')
    run = person.daily("--llmops-gate", *timed)
    assert run.status == 11, run.out
    assert {run.metrics[name]["state"] for name in TIMED} == {"not-comparable"}
    now, then = run.metrics["generation_latency"]["reason"].split(" now, ")
    assert now.startswith("model is tiny (")
    assert then.startswith("tiny (")
    assert then.endswith(" in the baseline")
    assert now.removeprefix("model is ") != then.removesuffix(" in the baseline")
    assert f"not compared {now} now, {then}" in " ".join(run.out.split())


@in_turn(0, of=3)
def test_a_server_that_asks_for_a_key(person, llama_cpp):
    person.environ["MODEL_KEY"] = "kettle-and-tea"
    server = llama_cpp(key="kettle-and-tea")
    init = person.llmops("init", "--url", server.url, "--key-env", "MODEL_KEY")
    assert init.status == 0, init.out
    assert 'auth = { bearer = "MODEL_KEY" }' in person.file.read_text()
    run = person.daily("-k", "model")
    assert run.status == 0, run.out

    person.environ["MODEL_KEY"] = "somebody-elses"
    run = person.daily("--llmops-gate")
    assert run.status == 12, run.out
    (line,) = run.unreachable
    assert "answered 401" in line
    assert "$MODEL_KEY" in line
