"""A drill's page tells its moments and figures, however far it came; its picture has a bar for each probe."""

import xml.etree.ElementTree as ET

from pytest_llmops.drill.drilled import Drilled, Loss
from pytest_llmops.operate.asking import Probe
from pytest_llmops.report.drill_timeline import timeline, timeline_picture

SVG = "{http://www.w3.org/2000/svg}"
PROBES = {
    "redis": [Probe(0.0, 0.1), Probe(1.6, 0.1, "redis: PING | was refused."), Probe(3.0, 0.1)],
    "api <b>": [Probe(0.1, 0.1), Probe(1.7, 0.4), Probe(3.0, 0.1)],
}
WHOLE = Drilled(
    "redis-killed",
    "redis",
    0.0,
    PROBES,
    fault_at=1.5,
    acted_at=1.6,
    observed_at=1.7,
    recovery_at=3.7,
    works_at=4.0,
    steady_at=4.5,
    observed="redis: PING | was refused.",
    seen="redis: reachable",
    recovers="it is brought back",
    loss=Loss("redis", 30, 2, 1.25),
)


def test_a_page():
    page = timeline(WHOLE, "drill.svg")
    assert page.splitlines()[:5] == [
        "# Drill redis-killed",
        "",
        "redis was broken on purpose, was seen to be, and is steady again. It began at 1970-01-01 00:00:00 UTC.",
        "",
        "![Probes of each component over time](drill.svg)",
    ]
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert rows == [
        "| | after | |",
        "| fault | 1.5 s | redis is broken |",
        "| observed | 1.7 s | redis: PING \\| was refused. |",
        "| recovery | 3.7 s | it was left standing until then |",
        "| works | 4 s | redis: reachable |",
        "| steady | 4.5 s | so did the probes that began since |",
        "| figure | | |",
        "| time to detect | 200 ms | |",
        "| recovery time (RTO) | 500 ms | without 2 s for which the fault was left standing |",
        "| recovery point (RPO) | 1.25 s | 2 of 30 acknowledged writes to redis are lost |",
        "| component | probes | failed since the fault | away | the first said |",
        "| redis | 3 | 1 (50 %) | 1.5 s | redis: PING \\| was refused. |",
        "| api <b> | 3 | 0 (0 %) | 0 ms |  |",
    ]


def test_pages_of_drills_that_came_to_no_good_end():
    said = [
        timeline(Drilled("d", "redis", 0.0, PROBES, **moments), "d.svg").splitlines()[2].partition(" It began")[0]
        for moments in ({}, {"fault_at": 1.0}, {"fault_at": 1.0, "observed_at": 2.0})
    ]
    assert said == [
        "redis was **not steady** before, so nothing was broken.",
        "redis was to be broken on purpose, and **nobody noticed** anything.",
        "redis was broken on purpose, and was **not** seen to be steady again.",
    ]


def test_why_there_is_no_recovery_point_is_said():
    page = timeline(Drilled("d", "api", 0.0, PROBES, unwritten="nothing can be written to api"), "d.svg")
    assert "| recovery point (RPO) | not known | nothing can be written to api |" in page


def test_a_picture():
    root = ET.fromstring(timeline_picture(WHOLE))
    bars = [one for one in root.iter(f"{SVG}rect") if one.get("fill-opacity")]
    assert len(bars) == 6
    assert [one.get("fill") for one in bars].count("#c0392b") == 1
    texts = [one.text for one in root.iter(f"{SVG}text")]
    assert {"fault", "observed", "recovery", "works", "steady", "redis", "api <b>"} <= {*texts}
    assert "detected 200 ms, RTO 500 ms, RPO 1.25 s" in texts


def test_a_picture_of_what_never_began():
    assert ET.fromstring(timeline_picture(Drilled("d", "api", 0.0, {"api": []}))) is not None
