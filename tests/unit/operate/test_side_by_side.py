import threading
import time

from pytest_llmops.operate.side_by_side import TooLong, together


def test_each_step_comes_to_what_it_returns_or_raises():
    error = ValueError("no")

    def fails():
        raise error

    found = together({"a": lambda: 1, "b": fails}, 60)
    assert list(found) == ["a", "b"]
    assert (found["a"].value, found["a"].error) == (1, None)
    assert (found["b"].value, found["b"].error) == (None, error)


def test_steps_are_taken_side_by_side():
    barrier = threading.Barrier(3, timeout=60)
    found = together(dict.fromkeys("abc", barrier.wait), 60)
    assert sorted(done.value for done in found.values()) == [0, 1, 2]


def test_a_step_that_hangs_is_left_alone():
    held = threading.Event()
    found = together({"hangs": held.wait, "quick": lambda: True}, 0.2, {"quick": 60.0})
    held.set()
    assert isinstance(found["hangs"].error, TooLong)
    assert str(found["hangs"].error) == "no answer within 200 ms"
    assert found["quick"].value is True


def test_one_may_take_longer_than_the_others():
    held, start = threading.Event(), time.monotonic()
    steps = {"slow": lambda: time.sleep(0.3) or 1, "hangs": held.wait}
    found = together(steps, 0.1, {"slow": 60.0})
    held.set()
    assert found["slow"].value == 1
    assert str(found["hangs"].error) == "no answer within 100 ms"
    assert time.monotonic() - start < 60  # nothing waits for the one that hangs
