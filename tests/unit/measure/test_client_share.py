import os
import subprocess
import sys
import time

import pytest

from pytest_llmops.measure import client_share
from pytest_llmops.measure.client_share import OwnTime, bottleneck, share
from pytest_llmops.samples import Sample


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def timed(act):
    own, start = OwnTime(), time.perf_counter()
    act()
    duration_s = time.perf_counter() - start
    computing_s, waiting_s = own.taken()
    return Sample("p", 0.0, duration_s, computing_s=computing_s, waiting_s=waiting_s)


def best(act, wanted):
    """Of some tries the first that is as wanted, else the last: what the machine does besides, hits some of them."""
    for _ in range(20):
        found = timed(act)
        if wanted(share(found)):
            break
    return found


def run(n=30, *, duration_s=0.1, computing_s=0.0, waiting_s=0.0):
    return [Sample("p", 0.0, duration_s, computing_s=computing_s, waiting_s=waiting_s)] * n


def test_computing_is_ours():
    found = best(lambda: burn(0.05), lambda ours: ours > 0.8)
    assert found.computing_s == pytest.approx(0.05, abs=0.01)
    assert share(found) > 0.8


def test_a_sleep_is_not():
    found = best(lambda: time.sleep(0.1), lambda ours: ours < 0.8)
    assert found.computing_s < 0.05
    assert share(found) < 0.8


@pytest.mark.skipif(not client_share.SCHEDSTAT.exists(), reason="this system keeps no account of waits for a CPU")
def test_waiting_for_a_cpu_is_ours():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})  # one CPU for the two
    rival = subprocess.Popen([sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE)
    try:
        rival.stdout.readline()
        found = best(lambda: burn(0.2), lambda ours: ours > 0.9)
    finally:
        os.sched_setaffinity(0, before)
        rival.kill()
        rival.communicate()
    assert found.waiting_s > 0.05
    assert share(found) > 0.9


def test_where_the_system_does_not_tell_nothing_was_waited(monkeypatch, tmp_path):
    monkeypatch.setattr(client_share, "SCHEDSTAT", tmp_path / "absent")
    assert timed(lambda: time.sleep(0.001)).waiting_s == 0.0
    (tmp_path / "absent").write_text("of another kind")
    assert timed(lambda: time.sleep(0.001)).waiting_s == 0.0


def test_the_price_of_a_call_is_no_bottleneck():
    assert share(run(1, duration_s=0.0015, computing_s=0.0014)[0]) == 0.0
    assert share(run(1, duration_s=0.0, waiting_s=0.001)[0]) == 0.0
    assert share(run(1, duration_s=0.001, waiting_s=0.002)[0]) == 1.0  # accounts are settled a little later


def test_a_client_that_computes_voids_the_measurement():
    said = (
        "x: our own client was busy or waiting for a CPU in 91 % of the measured time (limit 80 %): "
        "this measures the client. Let the timed call compute less."
    )
    assert bottleneck("x", [run(), run(computing_s=0.093)]) == said
    assert bottleneck("x", [run(computing_s=0.08)]) == ""


def test_a_machine_that_is_busy_voids_the_measurement():
    said = (
        "x: our own client was busy or waiting for a CPU in 85 % of the measured time (limit 80 %): "
        "this measures the client. Run it on a less busy machine."
    )
    assert bottleneck("x", [run(computing_s=0.002, waiting_s=0.085)]) == said


def test_waits_are_forgiven_where_all_is_fast_enough():
    assert bottleneck("x", [run(waiting_s=0.095)], well=True) == ""
    assert bottleneck("x", [run(computing_s=0.095)], well=True) == bottleneck("x", [run(computing_s=0.095)]) != ""


def test_a_hiccup_in_a_few_short_calls_does_not():
    assert bottleneck("x", [run(20, duration_s=0.001) + run(10, duration_s=0.05, waiting_s=0.049)]) == ""


def test_nothing_measured_is_no_bottleneck():
    assert bottleneck("x", [[]]) == ""
    assert bottleneck("x", []) == ""
