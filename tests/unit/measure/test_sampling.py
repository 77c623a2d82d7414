import time

import pytest

from pytest_llmops.clients.http import PURPOSE
from pytest_llmops.errors import CallFailed
from pytest_llmops.measure.sampling import GIVE_UP_AFTER, Sampler
from pytest_llmops.samples import Stream
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.models import Budget


@pytest.fixture
def sampler(tmp_path, workload):
    """A sampler, and the ids of the prompts that its calls were asked."""

    def sampler(call=lambda prompt: None, warm_up=3):
        asked = []

        def noted(prompt):
            asked.append(prompt.id)
            return call(prompt)

        ledger = Ledger(tmp_path / "ledger", Budget())
        return Sampler("x y", noted, workload, ledger, warm_up, asked.append), asked

    return sampler


def failing(*kinds):
    """A call that fails in these ways, None for a success, and then succeeds."""
    script = iter(kinds)

    def call(prompt):
        if kind := next(script, None):
            raise CallFailed("api", kind, f"api: {kind} at {prompt.id}")

    return call


def test_the_warm_up_of_each_run_is_dropped(sampler):
    found, asked = sampler()
    found.collect(4, fresh_run=False)
    found.collect(2, fresh_run=False)
    found.collect(3, fresh_run=True)
    assert [[sample.prompt for sample in run] for run in found.runs] == [
        ["p0", "p1", "p2", "p3", "p4", "p0"],
        ["p0", "p1", "p2"],
    ]
    assert asked == ["p0", "p1", "p2"] + ["p0", "p1", "p2", "p3", "p4", "p0"] + ["p0", "p1", "p2"] * 2


def test_a_failure_is_kept_even_in_the_warm_up(sampler):
    found, asked = sampler(failing("http-500", None, None, None, "timeout"))
    found.collect(3, fresh_run=False)
    assert [(sample.prompt, sample.error) for sample in found.runs[0]] == [
        ("p0", "http-500"),
        ("p0", None),
        ("p1", "timeout"),
        ("p2", None),
    ]
    assert [str(failure) for failure in found.failures] == ["api: http-500 at p0", "api: timeout at p1"]
    assert len(asked) == 6


def test_it_gives_up_after_five_failures_in_a_row(sampler):
    found, asked = sampler(failing(None, None, None, "refused", None, *["refused"] * 100))
    found.collect(30, fresh_run=False)
    assert found.stopped
    assert len(asked) == 3 + 2 + GIVE_UP_AFTER
    assert [sample.ok for sample in found.runs[0]] == [False, True, *[False] * 5]
    found.collect(30, fresh_run=False)
    assert len(asked) == 3 + 2 + GIVE_UP_AFTER


def test_a_success_starts_the_count_anew(sampler):
    found, _ = sampler(failing(*(["timeout"] * 4 + [None]) * 5), warm_up=0)
    found.collect(25, fresh_run=False)
    assert [sample.error for sample in found.runs[0]] == (["timeout"] * 4 + [None]) * 5
    assert not found.stopped


def test_a_sample_says_when_how_long_and_what_was_streamed(sampler):
    class Answer:
        stream = Stream((0.1, 0.2), 7)

    def call(prompt):
        time.sleep(0.01)
        return Answer()

    found, _ = sampler(call, warm_up=0)
    before = time.time()
    found.collect(2, fresh_run=False)
    first = found.runs[0][0]
    assert before <= first.started <= time.time()
    assert 0.01 <= first.duration_s < 1
    assert (first.stream, found.tokens_a_call) == (Answer.stream, 7.0)
    assert found.seconds_a_call == pytest.approx(sum(s.duration_s for s in found.runs[0]) / 2)


def test_a_failed_call_took_its_time_too(sampler):
    def call(prompt):
        time.sleep(0.02)
        raise CallFailed("api", "timeout", "too long")

    found, _ = sampler(call, warm_up=0)
    found.collect(1, fresh_run=False)
    assert found.runs[0][0].duration_s >= 0.02


def test_what_is_no_stream_is_not_taken_for_one(sampler):
    found, _ = sampler(lambda prompt: open, warm_up=0)
    found.collect(1, fresh_run=False)
    assert (found.runs[0][0].stream, found.tokens_a_call) == (Stream(), 0.0)


def test_an_error_that_is_no_failed_call_is_not_swallowed(sampler):
    found, _ = sampler(lambda prompt: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        found.collect(1, fresh_run=False)


def test_wall_time_is_charged_and_calls_are_for_measuring(sampler):
    purposes = []

    def call(prompt):
        time.sleep(0.005)
        purposes.append(PURPOSE.get())

    found, _ = sampler(call, warm_up=1)
    found.collect(3, fresh_run=False)
    assert set(purposes) == {"measure"}
    assert PURPOSE.get() == "check"
    assert 0.02 <= found.ledger.spent().seconds < 2
    assert found.ledger.spent().requests == 0


def test_before_the_first_call_nothing_is_known(sampler):
    found, _ = sampler()
    assert (found.seconds_a_call, found.tokens_a_call, found.stopped) == (0.0, 0.0, False)
