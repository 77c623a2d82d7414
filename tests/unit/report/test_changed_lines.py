"""What the terminal says of what a run did: what stays is named, and what is as it was again is counted."""

from pytest_llmops.report.changed_lines import changed_lines
from pytest_llmops.state.story import Act

TEST = "maintenance/test_images.py::test_new_images_run"


def test_what_stays_is_named_act_by_act():
    acts = [
        Act("set", "images (what 'docker ps' prints)", 1.0, TEST, "kept", 2.0),
        Act("restart", "container api", 3.0, TEST, "taken back", 4.0),
        Act("run", "command docker_prune", 5.0, TEST, "ran", 5.0, "stopped containers are gone"),
        Act("begin", "work tab1 of api", 5.0, TEST, "ran", 5.0, "what the workflow wrote"),
        Act("begin", "work tab1 of api", 5.0, TEST, "refused", 5.0),
        Act("stop", "container ui", 5.1, TEST, "kept", 5.3),
        Act("start", "container ui", 5.2, TEST, "kept", 5.3),
        Act("restart", "container ui", 5.3, TEST, "kept", 5.3),
        Act("restart", "container ui", 5.4, TEST, "kept", 5.5),
        Act("run", "command lint", 5.6, TEST, "ran", 5.6, "a report"),
        Act("run", "command lint", 5.7, TEST, "ran", 5.7, "a report"),
    ]
    assert list(changed_lines(acts, 100)) == [
        "changed      11 acts, 1 of them taken back, 1 refused",
        "             set of images: it stays",
        "             command docker_prune was run: nothing takes it back: stopped containers are gone",
        "             work tab1 of api was begun: nothing takes it back: what the workflow wrote",
        "             stop and start and restart (2 times) of container ui: it stays",
        "             command lint was run (2 times): nothing takes it back: a report",
    ]


def test_what_failed_is_not_hidden_behind_what_came_later():
    acts = [
        Act("stop", "container redis", 6.0, TEST, "failed", 7.0, "no such container"),
        Act("start", "container redis", 8.0, TEST, "kept", 9.0),
    ]
    assert list(changed_lines(acts, 60)) == [
        "changed      2 acts, 0 of them taken back",
        "             stop of container redis: it could not be taken",
        "             back: no such container",
        "             start of container redis: it stays",
    ]


def test_a_run_that_did_nothing_says_nothing():
    assert list(changed_lines([], 80)) == []
