import time

import pytest

from pytest_llmops.clients.http import PURPOSE
from pytest_llmops.errors import CallFailed
from pytest_llmops.measure.sampling import GIVE_UP_AFTER, Sampler, Side
from pytest_llmops.samples import Stream
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.models import Budget


@pytest.fixture
def sampler(tmp_path, workload):
    """A sampler, and the ids of the prompts that its calls were asked."""

    def sampler(call=lambda prompt: None):
        asked = []

        def noted(prompt):
            asked.append(prompt.id)
            return call(prompt)

        ledger = Ledger(tmp_path / "ledger", Budget())
        return Sampler("x y", Side(noted), workload, ledger, asked.append), asked

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
    found.begin(3)
    found.collect(4)
    found.collect(2)
    found.begin(3)
    found.collect(3)
    assert [[sample.prompt for sample in run] for run in found.own.runs] == [
        ["p0", "p1", "p2", "p3", "p4", "p0"],
        ["p0", "p1", "p2"],
    ]
    assert asked == ["p0", "p1", "p2"] + ["p0", "p1", "p2", "p3", "p4", "p0"] + ["p0", "p1", "p2"] * 2


def test_a_failure_is_kept_even_in_the_warm_up(sampler):
    found, asked = sampler(failing("http-500", None, None, None, "timeout"))
    found.begin(3)
    found.collect(3)
    assert [(sample.prompt, sample.error) for sample in found.own.runs[0]] == [
        ("p0", "http-500"),
        ("p0", None),
        ("p1", "timeout"),
        ("p2", None),
    ]
    assert [str(failure) for failure in found.own.failures] == ["api: http-500 at p0", "api: timeout at p1"]
    assert len(asked) == 6


def test_it_gives_up_after_five_failures_in_a_row(sampler):
    found, asked = sampler(failing(None, None, None, "refused", None, *["refused"] * 100))
    found.begin(3)
    found.collect(30)
    assert found.stopped
    assert len(asked) == 3 + 2 + GIVE_UP_AFTER
    assert [sample.ok for sample in found.own.runs[0]] == [False, True, *[False] * 5]
    found.collect(30)
    assert len(asked) == 3 + 2 + GIVE_UP_AFTER


def test_a_success_starts_the_count_anew(sampler):
    found, _ = sampler(failing(*(["timeout"] * 4 + [None]) * 5))
    found.begin(0)
    found.collect(25)
    assert [sample.error for sample in found.own.runs[0]] == (["timeout"] * 4 + [None]) * 5
    assert not found.stopped


def test_a_sample_says_when_how_long_and_what_was_streamed(sampler):
    class Answer:
        stream = Stream((0.1, 0.2), 7)

    def call(prompt):
        time.sleep(0.01)
        return Answer()

    found, _ = sampler(call)
    before = time.time()
    found.begin(0)
    found.collect(2)
    first = found.own.runs[0][0]
    assert before <= first.started <= time.time()
    assert 0.01 <= first.duration_s < 60
    assert (first.stream, found.tokens_a_call) == (Answer.stream, 7.0)
    assert found.seconds_a_call == pytest.approx(sum(s.duration_s for s in found.own.runs[0]) / 2)


def test_a_failed_call_took_its_time_too(sampler):
    def call(prompt):
        time.sleep(0.02)
        raise CallFailed("api", "timeout", "too long")

    found, _ = sampler(call)
    found.begin(0)
    found.collect(1)
    assert found.own.runs[0][0].duration_s >= 0.02


def test_what_is_no_stream_is_not_taken_for_one(sampler):
    found, _ = sampler(lambda prompt: open)
    found.begin(0)
    found.collect(1)
    assert (found.own.runs[0][0].stream, found.tokens_a_call) == (Stream(), 0.0)


def test_an_error_that_is_no_failed_call_is_not_swallowed(sampler):
    found, _ = sampler(lambda prompt: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        found.begin(3)


def test_wall_time_is_charged_and_calls_are_for_measuring(sampler):
    purposes = []

    def call(prompt):
        time.sleep(0.005)
        purposes.append(PURPOSE.get())

    found, _ = sampler(call)
    found.begin(1)
    found.collect(3)
    assert set(purposes) == {"measure"}
    assert PURPOSE.get() == "check"
    assert 0.02 <= found.ledger.spent().seconds < 60
    assert found.ledger.spent().requests == 0


def test_before_the_first_call_nothing_is_known(sampler):
    found, _ = sampler()
    assert (found.seconds_a_call, found.tokens_a_call, found.stopped) == (0.0, 0.0, False)


def test_a_twin_is_called_in_turns_in_random_order(sampler, workload):
    found, asked = sampler()
    told = []
    found.twin = Side(lambda prompt: asked.append(f"twin {prompt.id}") or told.append(prompt.id))
    found.begin(1)
    found.collect(20)
    assert [len(side.runs[0]) for side in found.sides] == [20, 20]
    pairs = [asked[i : i + 2] for i in range(0, len(asked), 2)]
    assert all(
        {first.removeprefix("twin "), second.removeprefix("twin ")} == {told[i]}
        for i, (first, second) in enumerate(pairs)
    )
    firsts = [first.startswith("twin ") for first, _ in pairs]
    assert 3 <= sum(firsts) <= 18


@pytest.fixture
def with_twin(sampler, tmp_path):
    """The same, with a twin of its own budget."""

    def with_twin(call=lambda prompt: None, of_the_twin=lambda prompt: None, **budget):
        found, asked = sampler(call)
        found.twin = Side(of_the_twin, Ledger(tmp_path / "of-the-twin", Budget(**budget)))
        return found, asked

    return with_twin


def test_wall_time_is_entered_in_each_budget(with_twin):
    found, _ = with_twin(lambda prompt: time.sleep(0.005), lambda prompt: time.sleep(0.01))
    found.begin(1)
    found.collect(3)
    assert found.ledger.spent().seconds == found.twin.ledger.spent().seconds >= 4 * 0.015
    assert found.seconds_a_call >= 0.015


def test_one_budget_for_both_sides_is_charged_once(with_twin):
    found, _ = with_twin()
    found.twin.ledger = Ledger(found.ledger.path, found.ledger.budget)
    found.begin(1)
    found.collect(2)
    assert [line.split()[1] for line in found.ledger.path.read_text().splitlines()] == ["measure:x_y"] * 2


def test_the_budget_of_either_side_ends_the_calls_of_both(with_twin):
    found, _ = with_twin(lambda prompt: time.sleep(0.01), seconds=0.025)
    found.begin(0)
    found.collect(30)
    assert found.stopped
    assert len(found.own.runs[0]) == len(found.twin.runs[0]) < 10


def test_failures_in_a_row_on_either_side_end_the_calls_of_both(with_twin):
    found, _ = with_twin(of_the_twin=failing(*["refused"] * 30))
    found.begin(0)
    found.collect(30)
    assert (found.stopped, found.gave_up) == (True, True)
    assert len(found.own.runs[0]) == len(found.twin.runs[0]) == GIVE_UP_AFTER
    assert (found.own.failures, len(found.twin.failures)) == ([], GIVE_UP_AFTER)


def test_of_two_sides_the_one_that_generates_more_counts(with_twin):
    class Answer:
        def __init__(self, tokens):
            self.stream = Stream((0.1,), tokens)

    found, _ = with_twin(lambda prompt: Answer(3), lambda prompt: Answer(8))
    found.begin(1)
    assert found.tokens_a_call == 8.0
    found.collect(2)
    assert (found.own.tokens_a_call, found.tokens_a_call) == (3.0, 8.0)
