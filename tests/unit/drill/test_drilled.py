"""The figures of a drill follow from its moments and its probes."""

from pytest_llmops.drill.drilled import Drilled, Loss
from pytest_llmops.operate.asking import Probe

PROBES = [Probe(0.0, 0.1), Probe(1.0, 0.2), Probe(2.0, 0.1, "refused"), Probe(3.0, 1.0, "late"), Probe(5.0, 0.5)]


def drilled(**moments):
    return Drilled("lost", "api", 1000.0, {"api": PROBES}, **moments)


def test_figures():
    found = drilled(fault_at=1.5, observed_at=2.1, recovery_at=4.1, works_at=5.5, steady_at=6.0)
    assert round(found.detect_s, 6) == 0.6
    assert (round(found.left_s, 6), round(found.rto_s, 6)) == (2.0, 2.0)
    assert [probe.why for probe in found.failed("api")] == ["refused", "late"]
    assert round(found.failed_pct("api")) == 67
    assert found.away_s("api") == 3.5


def test_a_probe_that_was_under_way_when_the_fault_came_counts():
    assert len(drilled(fault_at=1.1).since_fault("api")) == 4


def test_what_it_did_not_come_to_has_no_figure():
    found = drilled()
    assert (found.detect_s, found.rto_s, found.rpo_s, found.left_s) == (None, None, None, 0.0)
    assert (found.failed("api"), found.failed_pct("api"), found.away_s("api")) == ([], 0.0, 0.0)


def test_losses_in_words():
    assert Loss("redis", 30, 0, 0.0).said == "0 of 30 acknowledged writes to redis are lost"
    assert Loss("redis", 30, 30, 2.0, all_before=True).said == (
        "30 of 30 acknowledged writes to redis are lost; at least so much, for nothing from before the fault is left"
    )
