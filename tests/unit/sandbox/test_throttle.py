from pytest_llmops.sandbox import throttle as throttle_module
from pytest_llmops.sandbox.throttle import Throttle
from pytest_llmops.target.component import RateLimit


def test_without_a_limit_everything_passes():
    throttle = Throttle(None)
    assert [throttle.wait_s() for _ in range(500)] == [None] * 500


def test_so_many_pass_and_the_next_is_told_how_long_to_wait(clock):
    clock(throttle_module)
    throttle = Throttle(RateLimit(calls=3, per_s=3600))
    assert [throttle.wait_s() for _ in range(3)] == [None] * 3
    assert not throttle.refused
    assert throttle.wait_s() == 3600
    assert throttle.refused


def test_what_was_long_ago_counts_no_more():
    throttle = Throttle(RateLimit(calls=1, per_s=1e-9))
    assert [throttle.wait_s() for _ in range(3)] == [None] * 3


def test_shut_nothing_passes():
    assert Throttle(None, shut=True).wait_s() == 60
    assert Throttle(RateLimit(calls=9, per_s=120), shut=True).wait_s() == 120


def test_with_a_grudge_nothing_passes_any_more_once_one_did_not(clock):
    clock(throttle_module)
    throttle = Throttle(RateLimit(calls=1, per_s=1e-9), grudge=True)
    assert [throttle.wait_s() for _ in range(3)] == [None] * 3
    throttle = Throttle(RateLimit(calls=1, per_s=0.01), grudge=True)
    throttle.wait_s()
    assert throttle.wait_s() == 1
    throttle_module.time.sleep(0.02)
    assert throttle.wait_s() == 1
