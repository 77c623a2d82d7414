"""The application's own tests, read from pytest's summary or JUnit's XML."""

import pytest

from pytest_llmops.clients.own_tests import OwnTests, TestsRan
from pytest_llmops.errors import CallFailed

SLOW = """
== slowest durations ==
1.20s call     tests/test_a.py::test_one
41.80s setup    tests/test_a.py::test_two
"""
XML = """noise
<?xml version="1.0"?><testsuites><testsuite name="pytest">
<testcase classname="tests.test_a" name="test_one" time="1.5"/>
<testcase classname="tests.test_a" name="test_two" time="3.25"><failure message="no">x</failure></testcase>
<testcase classname="tests.test_a" name="test_three" time="0.1"><error/></testcase>
<testcase name="test_four" time="0"><skipped/></testcase>
</testsuite></testsuites>
"""


@pytest.mark.parametrize(
    ("said", "came_to"),
    [
        ("..\n2 passed in 0.10s\n", TestsRan(2, 0, 0)),
        ("== 1 failed, 8 passed in 231.04s (0:03:51) ==", TestsRan(8, 1, 0)),
        ("= 3 failed, 2 passed, 1 skipped, 4 warnings, 2 errors in 0.12s =", TestsRan(2, 5, 1)),
        (f"{SLOW}2 passed in 43.10s", TestsRan(2, 0, 0, (), 41.8, "tests/test_a.py::test_two")),
        (
            SLOW
            + "40.80s call     tests/test_a.py::test_one\n0.50s teardown tests/test_a.py::test_one\n2 passed in 8.0s",
            TestsRan(2, 0, 0, (), 42.5, "tests/test_a.py::test_one"),
        ),
        (
            "FAILED tests/a.py::test_x - assert\nERROR tests/b.py::test_y\n1 failed, 1 error in 1.00s",
            TestsRan(0, 2, 0, ("tests/a.py::test_x", "tests/b.py::test_y")),
        ),
        (
            XML,
            TestsRan(1, 2, 1, ("tests.test_a::test_two", "tests.test_a::test_three"), 3.25, "tests.test_a::test_two"),
        ),
        ("1 passed in 0.1s\nagain\n1 failed in 0.1s", TestsRan(0, 1, 0)),
    ],
)
def test_what_they_came_to(app, said, came_to):
    assert OwnTests(app(tests=said)).run("tests") == came_to


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "Killed",
            "app_command: tests: neither pytest's summary nor JUnit's XML is in its output; it ends with: Killed.",
        ),
        (
            "<testsuite><broken></testsuite>",
            (
                "app_command: tests: neither pytest's summary nor JUnit's XML is in its output; "
                "it ends with: <testsuite><broken></testsuite>."
            ),
        ),
        ("3 skipped in 0.01s", "app_command: tests: no test was run."),
        ("<testsuite></testsuite>", "app_command: tests: no test was run."),
    ],
)
def test_they_came_to_nothing(app, said, message):
    with pytest.raises(CallFailed) as caught:
        OwnTests(app(tests=said)).run("tests")
    assert str(caught.value) == message


def test_the_slowest():
    assert TestsRan(1, 0, 0, (), 2.0, "a").slowest_test() == ("a", 2.0)
    with pytest.raises(CallFailed) as caught:
        TestsRan(1, 0, 0).slowest_test()
    assert str(caught.value) == "no test's duration is told; let pytest run with --durations=0."
