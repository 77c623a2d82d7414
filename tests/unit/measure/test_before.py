"""Before a change and after it: what was measured before is the baseline, and nothing that is stored is asked."""

from dataclasses import replace
from itertools import count

import pytest


def kept(take, bench, call):
    """A measurement to compare with."""
    return take(bench, call, store=None, recording=True)


def test_what_is_as_before_is_ok(bench, take, streaming, accepted):
    bench = bench()
    accepted(bench, "x.ttft", [0.01] * 60)  # which nobody asks
    before = kept(take, bench, streaming(0.2))
    assert (len(before.samples), before["ttft"].state, before.problems) == (120, "recorded", [])
    after = take(bench, streaming(0.2), store=None, before=before, recording=True)
    assert (after["ttft"].state, after["ttft"].baseline, after.problems) == ("ok", pytest.approx(0.2), [])
    assert after["ttft"].reason.startswith("typical is unchanged; ")


def test_what_is_slower_than_before_fails(bench, take, streaming):
    bench = bench(baseline={"primary": ["something_else"]})  # which of them gate is no matter around a change
    before = kept(take, bench, streaming(0.1))
    after = take(bench, streaming(0.2), store=None, before=before, recording=True)
    assert after["ttft"].state == "regression"
    assert after.problems[0].startswith("x.ttft is 2.00 times slower than before (95 % limits ")
    assert "): 200 ms now, 100 ms before; " in after.problems[0]


def test_a_tail_that_is_longer_than_before_fails(bench, take, passing):
    bench = bench()
    before = kept(take, bench, paced(passing, 0.002, 0.003))
    after = take(bench, paced(passing, 0.002, 0.03), store=None, before=before, recording=True)
    assert after["x.p95"].state == "regression"
    assert any(problem.startswith("x.p95 is ") for problem in after.problems)


def test_a_metric_that_was_not_there_before_is_not_compared(bench, take, streaming):
    bench = bench()
    before = replace(kept(take, bench, streaming(0.1)), recordings=[])
    after = take(bench, streaming(0.2), store=None, before=before, recording=True)
    assert (after["ttft"].state, after.problems) == ("not-comparable", [])
    assert "no call of x yielded it" in after["ttft"].reason


def test_a_few_milliseconds_may_be_the_machines_own_doing(bench, take, streaming):
    bench = bench()
    before = kept(take, bench, streaming(0.004))
    after = take(bench, streaming(0.012), store=None, before=before, recording=True)
    assert (after["ttft"].state, after.problems) == ("ok", [])


def paced(passing, usual_s, tenth_s):
    """A call that takes its time, and another one every tenth time."""
    number = count(1)

    def call(prompt):
        passing.sleep(tenth_s if next(number) % 10 == 0 else usual_s)

    return call
