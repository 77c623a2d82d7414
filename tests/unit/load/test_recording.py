import json

import numpy as np
import pytest

from pytest_llmops.load.histogram import Histogram
from pytest_llmops.load.recording import Batch, Recording, read_lines, times_of

from .made_up import calls, line


def test_what_was_written_is_read():
    batch = Batch(
        1,
        pid=7,
        calls=calls((0, 10.0, 0.001, 0.2, 1)),
        kinds=[("timeout", "too late")],
        histograms={"ttft": Histogram()},
    )
    assert vars(Batch.read(json.loads(json.dumps(batch.as_json())))).keys() == vars(batch).keys()
    again = Batch.read(json.loads(json.dumps(batch.as_json())))
    assert again.calls.tobytes() == batch.calls.tobytes()
    assert again.kinds == batch.kinds


def test_a_line_that_was_cut_off_is_left_out():
    whole = line(worker=0, calls=calls((0, 1.0, 0.0, 0.1, 0)))
    assert len(read_lines([whole, whole[:-20]])) == 1


def test_failures_are_numbered_alike_whichever_worker_had_them_first():
    recording = Recording(
        [
            Batch(0, kinds=[("timeout", "a"), ("http-500", "b")], calls=calls((0, 1, 0, 1, 1), (2, 1, 0, 1, 2))),
            Batch(1, kinds=[("http-500", "c")], calls=calls((1, 1, 0, 1, 1), (3, 1, 0, 1, 0))),
        ]
    )
    assert recording.failures == {"timeout": 1, "http-500": 2}
    assert recording.said == {"timeout": "a", "http-500": "c"}
    assert (recording.count, recording.succeeded, recording.error_rate) == (4, 1, 0.75)
    assert recording.calls["worker"].tolist().count(1) == 2


def test_failed_calls_have_no_times_but_their_delay():
    recording = Recording([Batch(0, kinds=[("timeout", "")], calls=calls((0, 1, 0.5, 1, 0), (1, 2, 0.25, 9, 1)))])
    assert recording.times("service").tolist() == [1]
    assert recording.times("response").tolist() == [1.5]
    assert recording.times("delay").tolist() == [0.5, 0.25]
    assert recording.times("ttft").tolist() == []


def test_the_first_token_is_waited_for_from_when_the_call_was_due():
    found = calls((0, 1, 0.5, 1, 0))
    found["ttft_s"] = 0.25
    assert times_of(found, "ttft").tolist() == [0.75]


def test_calls_are_in_the_order_in_which_they_were_due():
    recording = Recording([Batch(0, calls=calls((0, 5.0, 4.0, 1, 0))), Batch(1, calls=calls((1, 2.0, 0.0, 1, 0)))])
    assert recording.calls["number"].tolist() == [0, 1]


def test_no_calls_have_no_error_rate():
    assert np.isnan(Recording().error_rate)


@pytest.mark.parametrize("which", [50, 90, 95, 99, 99.9])
def test_histograms_tell_percentiles_to_a_thousandth(which):
    values = np.random.default_rng(3).lognormal(-3, 1.5, 20_000)
    left, right = Histogram(), Histogram()
    left.add(values[::2])
    right.add(values[1::2])
    left.merge(Histogram.read(json.loads(json.dumps(right.as_json()))))
    assert len(left) == len(values)
    assert np.percentile(left.values(), which) == pytest.approx(np.percentile(values, which), rel=0.0011)


def test_a_time_of_nothing_is_counted():
    histogram = Histogram()
    histogram.add([0.0, -1e-12])
    assert len(histogram) == 2
    assert histogram.values().max() < 1e-8


def test_calls_of_before_there_were_too_many_count_with_the_others():
    counted = Histogram()
    counted.add([0.2, 0.3])
    few = Batch(0, kinds=[("timeout", "")], calls=calls((0, 1, 0, 0.1, 0), (1, 1, 0, 9, 1)))
    recording = Recording([few, Batch(0, histograms={"response": counted, "service": counted})])
    assert (recording.count, recording.succeeded, recording.failures) == (4, 3, {"timeout": 1})
    assert recording.times("response") == pytest.approx([0.1, 0.2, 0.3], rel=0.001)


def test_a_recording_of_histograms_counts_what_was_counted():
    counted = Histogram()
    counted.add([0.1, 0.2, 0.3])
    recording = Recording([Batch(0, histograms={"service": counted, "response": counted}, failed={"timeout": 1})])
    assert not recording.raw
    assert (recording.count, recording.succeeded, recording.failures) == (4, 3, {"timeout": 1})
    assert recording.times("response") == pytest.approx([0.1, 0.2, 0.3], rel=0.001)
