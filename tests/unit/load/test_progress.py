import time

from pytest_llmops.load import progress
from pytest_llmops.load.plan import Stage
from pytest_llmops.load.progress import Progress

from .made_up import calls, line, plan


def said(monkeypatch, asked, **batch):
    monkeypatch.setattr(progress, "SAY_EVERY_S", 0.0)
    return Progress(asked).after(line(worker=0, at=time.time(), **batch))


def test_a_line_tells_rate_p95_failures_and_what_is_left(monkeypatch):
    rows = [(0, 1.0, 0.0, 0.25, 0), (1, 1.0, 0.0, 9.0, 1)]
    done = {"calls": calls(*rows), "kinds": [("timeout", "")], "begun": 40, "in_flight": 3, "wall_s": 4.0}
    assert said(monkeypatch, plan(Stage(seconds=10, rate=12)), **done) == (
        "load: 10 calls/s sent of 12 offered, p95 250 ms, 1 of 2 failed, 3 waiting, 6 s left"
    )


def test_a_closed_loop_counts_its_calls(monkeypatch):
    asked = plan(arrivals="closed", concurrency=5, calls=100)
    assert said(monkeypatch, asked, begun=40, wall_s=4.0) == (
        "load: 10 calls/s sent, 0 of 0 failed, 0 waiting, 40 of 100 calls"
    )


def test_nothing_is_said_too_often():
    assert Progress(plan(Stage(seconds=1, rate=1))).after(line(worker=0)) == ""


def test_last_reports_and_reasons_are_kept():
    watched = Progress(plan(Stage(seconds=1, rate=1)))
    watched.after(line(worker=0, last=True, ended="51 % failed"))
    watched.after(line(worker=1))
    assert (watched.over, watched.ended) == (1, "51 % failed")
