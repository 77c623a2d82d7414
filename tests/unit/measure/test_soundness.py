import time
from types import SimpleNamespace

import pytest

from pytest_llmops.judge.thresholds import Breach
from pytest_llmops.measure import client_share
from pytest_llmops.measure.results import Measurement, Result
from pytest_llmops.measure.sampling import Side
from pytest_llmops.measure.soundness import void_where_unsound
from pytest_llmops.samples import Sample, Stream


def answering(*, cold=(), stream=None, loads_s=2.0):
    """A call that takes no real time; those of these numbers load the model first."""
    number = iter(range(10_000))

    def call(prompt):
        load_s = loads_s if next(number) in cold else 0.02
        return SimpleNamespace(stream=stream or Stream((0.1, 0.2), 5, 0.1, load_s=load_s))

    return call


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


BUSY = (
    "x: our own client was busy or waiting for a CPU in {} % of the measured time (limit 80 %): this measures the "
    "client. "
)
RELOADED = (
    "x: the model was loaded anew in {}, for 2 s each: it does not stay in memory. "
    "Let the server keep it longer (Ollama: keep_alive), or give it more room."
)


def test_a_cold_call_is_a_metric_of_its_own_and_no_latency(bench, take):
    here = bench(thresholds={"x.cold_load": {"target": "< 1 s"}, "x.ttft": {"target": "< 1 s"}})
    found = take(here, answering(cold={1, 20}))
    assert (found["cold_load"].value, found["cold_load"].n) == (2.0, 2)  # one of them in the warm-up
    assert (found["cold_load"].state, found["cold_load"].baseline) == ("recorded", None)
    assert found["ttft"].n == found["x"].n == len(found.samples) - 1
    assert (found.voids, found.problems) == ([], ["x.cold_load is 2 s; the target is < 1 s"])
    assert [recording.metric.name for recording in found.recordings] == ["x", "x.ttft", "x.tpot"]


def test_a_model_that_comes_and_goes_voids_all_that_was_timed(bench, accepted, take):
    here = bench(thresholds={"x.cold_load": {"target": "< 1 s"}, "x.ttft": {"target": "< 1 ms"}})
    accepted(here, "x.ttft", [0.01] * 30, [0.01] * 30)
    found = take(here, answering(cold={5, 15, 25}))
    assert found.voids == [RELOADED.format("3 of 30 calls")]
    assert len(found.samples) == 30  # no call more, though the baseline was missed
    assert {result.state for result in found.results if result.n and result.name != "x.error_rate"} == {
        "void",
        "recorded",
    }
    assert (found["ttft"].state, found["ttft"].reason) == ("void", found.voids[0])
    assert found["ttft"].threshold == {"target": "< 1 ms"}  # not broken: it was not judged
    assert found.problems == ["x.cold_load is 2 s; the target is < 1 s"]
    assert (found.recordings, found.comparisons, found.notes) == ([], [], [])


def test_a_model_that_is_loaded_for_every_call(bench, take):
    found = take(bench(), answering(cold=range(1000)))
    assert found.voids == [RELOADED.format("30 of 30 calls")]
    assert (found["cold_load"].n, found["error_rate"].value) == (33, 0.0)
    with pytest.raises(KeyError):
        _ = found["ttft"]


def test_the_twins_model_counts_too(bench, take):
    found = take(bench(), answering(), twin=answering(cold={5, 15, 25}))
    assert found.voids == [RELOADED.format("3 of 30 calls")]


def test_a_client_that_computes_is_no_measure_of_a_server(bench, accepted, take):
    here = bench(thresholds={"x": {"target": "< 1 ms"}})
    accepted(here, "x", [0.001] * 30, [0.001] * 30)
    found = take(here, lambda prompt: burn(0.02))
    (said,) = found.voids
    share = int(said.split(" % of")[0].rsplit(" ", 1)[1])
    assert 80 < share <= 100
    assert said.startswith(BUSY.format(share))
    assert (found["x"].state, found["x"].reason, found.problems) == ("void", said, [])
    assert found["error_rate"].state != "void"


def measured(states, breaches=(), sides=1, **spent):
    """A measurement with these states, of calls that spent so much of 0.1 s by themselves."""
    found = Measurement("x", [Result("x", "s", 0.1, state=state) for state in states], [], breaches=list(breaches))
    samples = [Sample("p", 0.0, 0.1, **spent)] * 30
    void_where_unsound(found, [Side(print, runs=[samples]) for _ in range(sides)])
    return found


def test_a_busy_machine_voids_what_is_not_well():
    waits = {"waiting_s": 0.09}
    broken = Breach("minor", "< 1 ms", "x is 100 ms; the target is < 1 ms")
    assert not measured(["ok", "recorded", "improvement"], **waits).voids  # fast enough in spite of it
    assert measured(["ok"], sides=2, **waits).voids  # both sides wait, and look alike
    assert measured(["recorded"], [broken], **waits).voids
    for state in ("regression", "inconclusive", "no-baseline", "not-comparable"):
        found = measured([state, "ok"], **waits)
        assert found.voids == [BUSY.format(90) + "Run it on a less busy machine."]
        assert {result.state for result in found.results} == {"void"}


def test_a_client_that_computes_is_forgiven_nothing():
    assert measured(["ok"], computing_s=0.1).voids == [BUSY.format(98) + "Let the timed call compute less."]


@pytest.mark.parametrize("seconds", [0.0, 0.02])
def test_a_server_that_is_waited_for_never_voids(bench, take, seconds, monkeypatch, tmp_path):
    monkeypatch.setattr(client_share, "SCHEDSTAT", tmp_path / "no-account")  # on a busy machine we wait, too
    assert take(bench(), lambda prompt: time.sleep(seconds)).voids == []


def test_a_count_that_is_none_is_said(bench, take):
    stream = Stream((0.1, 0.2, 0.3, 0.4), 3, 0.1)
    found = take(bench(), answering(stream=stream))
    assert (found["tpot"].value, found["tpot"].n, found.voids) == (None, 0, [])
    assert found["tpot"].reason == (
        "x.tpot is not known: the server counts 3 tokens where it streamed 4 pieces, so it counts something else"
    )
    assert "not judged" in found.notes


@pytest.mark.parametrize("times", [(0.1,), (0.1, 0.1, 0.1)])
def test_answers_that_come_at_once_have_no_time_per_token(bench, take, times):
    found = take(bench(), answering(stream=Stream(times, 3, 0.1)))
    assert (found["ttft"].value, found["tpot"].value) == (0.1, None)
    assert found["tpot"].reason == (
        "x.tpot is not known: all tokens of an answer came at once, so something on their way holds them back"
    )
    assert "not judged" in found.notes


def test_answers_of_one_token_lack_nothing(bench, take):
    found = take(bench(), answering(stream=Stream((0.1,), 1, 0.1)))
    assert [result.name for result in found.results if result.name.endswith("tpot")] == []


def test_answers_that_never_began_are_said(bench, take):
    streams = iter([Stream((0.1, 0.2), 5, 0.2, reasoned=True), Stream((0.1, 0.2), 5, None, reasoned=True)] * 1000)
    found = take(bench(), lambda prompt: SimpleNamespace(stream=next(streams)))
    assert (found["ttft"].n, found["ttfo"].n, found["ttfo"].value) == (30, 15, 0.2)
    assert found["ttfo"].reason == (
        "there is no baseline to compare with; 15 of 30 calls ended before the answer began"
    )
