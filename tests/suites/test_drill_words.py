"""What a drill, a restore or a backup is red for, each in words of its own."""

import re

import pytest

from ..conftest import in_turn

pytestmark = pytest.mark.acceptance

WORDS = {
    "dr/test_disk.py::test_a_disk_that_is_nearly_full_is_noticed": (
        "disk:unseen",
        r"drill data-nearly-full: the fault was not observed within 20 s: none of \d+ probes of machine failed\. ",
    ),
    "dr/test_drills.py::test_a_failing_model_server_is_noticed[refuse]": (
        "proxy:stuck",
        r"drill \S+: what was broken is not steady again 20 s after recovery: ",
    ),
    "dr/test_vectors.py::test_collection_can_be_restored": (
        "vectors:restore-loses",
        r"qdrant: documents, restored of \S+: 1 of \d+ points is lost: ",
    ),
    "dr/test_backups.py::test_newest_backups_are_whole": (
        "copies:flipped",
        r"files: \S+ is damaged, and restores nothing that can be relied on: ",
    ),
}
"""A test, the fault of the sandbox that turns it red, and what its reason says."""


@in_turn(0, of=2)
def test_each_is_red_in_its_own_words(suite):
    faults = [f"--llmops-sandbox-fault={fault}" for fault, _ in WORDS.values()]
    drills = [f"suites/{test}" for test in WORDS]
    run = suite(
        *drills, *faults, "--llmops-target=sandbox", "--llmops-allow-disruption=sandbox", "--llmops-baseline=off"
    )
    assert run.status == 1, run.out
    assert sorted(run.checks) == sorted(WORDS)
    for test, (_, words) in WORDS.items():
        assert run.checks[test]["outcome"] == "failed", (test, run.out)
        assert re.search(words, run.checks[test]["reason"]), run.checks[test]["reason"]
        assert not any(re.search(words, run.checks[other]["reason"]) for other in WORDS if other != test)


@in_turn(1, of=2)
def test_what_never_comes_back_and_cannot_be_brought_back_is_said_twice(suite):
    run = suite(
        "suites/dr/test_drills.py",
        "-k", "killed and redis",
        "--llmops-target=sandbox",
        "--llmops-allow-disruption=sandbox",
        "--llmops-sandbox-fault=redis:wont-start",
        "--llmops-baseline=off",
    )  # fmt: skip
    assert run.status == 1
    check = run.checks["dr/test_drills.py::test_what_is_killed_comes_back[redis]"]
    assert (check["outcome"], check["category"]) == ("error", "left-changed")
    assert "redis: start of part redis of the sandbox was not seen within 20 s" in run.out
    assert "UNDO FAILED: sandbox is NOT as it was before dr/test_drills.py::test_what_is_killed_comes_back" in run.out
