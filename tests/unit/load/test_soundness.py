import numpy as np
import pytest

from pytest_llmops.load.plan import Stage
from pytest_llmops.load.recording import RECORD, Batch, Recording
from pytest_llmops.load.result import DONE, LoadResult, result_of
from pytest_llmops.load.soundness import doubts
from pytest_llmops.load.workers import Worker, workers_of

from .made_up import line, plan

ADVICE = "give it more processes, or a lower rate"
PLAN = plan(Stage(seconds=10, rate=10), arrivals="constant")


def recording(delay_s=0.001, service_s=0.1, count=100):
    calls = np.zeros(count, RECORD)
    calls["number"] = np.arange(count)
    calls["delay_s"], calls["service_s"] = delay_s, service_s
    calls["started"] = 1000 + np.arange(count) / 10 + delay_s
    return Recording([Batch(0, calls=calls, due=count, begun=count, began=1000.0, last=True)])


def test_a_slow_server_is_no_doubt():
    assert doubts(PLAN, recording(service_s=30.0), [Worker(0, due=100, begun=100, cpu=0.2)]) == []


def test_a_late_generator_is():
    assert doubts(PLAN, recording(delay_s=0.02), [Worker(0, due=100, begun=100)]) == [
        "calls began 20 ms later than they were due (median; 10 ms are allowed): the generator was waited for; "
        + ADVICE
    ]


def test_a_closed_loop_is_never_late():
    closed = plan(arrivals="closed", concurrency=2, calls=10)
    assert doubts(closed, recording(delay_s=0.02), [Worker(0, due=100, begun=90)]) == []


def test_calls_that_were_due_and_not_sent_are():
    assert doubts(PLAN, recording(), [Worker(0, due=100, begun=90)]) == [
        f"the generator sent 90 of the 100 calls that were due (90 %; 95 % are needed); {ADVICE}"
    ]


def test_a_busy_process_is():
    assert doubts(PLAN, recording(), [Worker(0, cpu=0.5), Worker(1, cpu=0.9)]) == [
        f"a generating process took more than 80 % of a core (worker 2 90 %): its times are its own; {ADVICE}"
    ]


def test_a_lost_worker_is_and_only_that_is_said_of_what_it_did_not_send():
    workers = [
        Worker(0, due=50, begun=50, calls=50),
        Worker(1, host="b", due=50, begun=20, calls=18, lost="it is gone"),
    ]
    assert doubts(PLAN, recording(), workers) == [
        "1 of 2 generating processes were lost: worker 2 on b (it is gone); what they had reported is kept (18 calls)"
    ]


def test_a_worker_is_lost_that_never_reported_or_not_to_the_end():
    there = Recording([Batch(0, last=True), Batch(1, due=3, begun=2, cpu_s=1.0, wall_s=4.0, at=5.0)])
    zero, one, two = workers_of(there, 3, over=True)
    assert (zero.lost, one.lost, two.lost) == ("", "it reported no more", "it never reported")
    assert (one.due, one.begun, one.cpu) == (3, 2, 0.25)
    assert not workers_of(there, 2, over=False)[1].lost


def result(found):
    return LoadResult(PLAN, found, 1000.0, DONE, tuple(workers_of(found, 1, over=True)))


def test_a_result_tells_times_and_rates():
    found = result(recording())
    assert found.value("p95") == pytest.approx(0.101)
    assert found.value("p95", "service") == pytest.approx(0.1)
    assert (found.offered, found.sent, found.calls, found.error_rate) == (10, 1, 100, 0)
    assert found.rate == pytest.approx(10, rel=0.001)


def test_the_rate_of_a_server_that_cannot_follow_is_what_it_answered():
    slow = recording(service_s=0.1)
    slow._calls[0]["service_s"] = np.arange(100) * 0.1 + 0.1  # the last answer comes after 20 s
    assert result(slow).rate == pytest.approx(5, rel=0.01)


def test_goodput_is_the_share_within_every_limit():
    mixed = recording()
    mixed._calls[0]["service_s"][:25] = 2.0
    mixed._calls[0]["ttft_s"] = 0.05
    mixed._calls[0]["ttft_s"][50:75] = 0.5
    found = result(mixed)
    assert found.goodput({"response": 1.0}) == 0.75
    assert found.goodput({"response": 1.0, "ttft": 0.1}) == 0.5


def test_the_lines_of_a_file_make_the_result():
    sent = recording().batches[0]
    found = result_of(PLAN, [line(**vars(sent))], 900.0, DONE)
    assert (found.started, found.calls, found.whole, found.voids) == (1000.0, 100, True, [])
