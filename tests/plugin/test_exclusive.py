"""Under workers an exclusive test runs while no other test does, whichever scheduler hands the tests out."""

import re
from collections import Counter
from types import SimpleNamespace

import pytest

from pytest_llmops.plugin.exclusive import ExclusiveScheduling

CONFTEST = """
    import pathlib, time
    import pytest

    SPANS = pathlib.Path(__file__).with_name("spans.txt")

    @pytest.fixture
    def span(request):
        start = time.monotonic()
        yield
        with SPANS.open("a") as file:
            file.write(f"{request.node.name} {start} {time.monotonic()}\\n")
"""
SHARED = """
    import time
    import pytest

    @pytest.mark.parametrize("n", range(4))
    def test_shared_%(file)s(span, n):
        time.sleep(0.15)
"""
EXCLUSIVE = """
    import time
    import pytest

    @pytest.mark.exclusive
    @pytest.mark.parametrize("n", range(4))
    def test_alone(llmops_target, span, n):
        time.sleep(0.1)
"""
TIMED = """
    def test_alone_and_timed(span, measure, llm, prompts):
        measure("answer", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
"""
LOOKS = "\n[targets.here.baseline]\nlooks = [10]\n"
UNDECORATED = """

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_xdist_make_scheduler(config, log):
        decorated = yield
        for channel in config.pluginmanager.get_plugin("llmops-exclusive").channels.values():
            channel.send("alone")
        return decorated.inner
"""


@pytest.fixture
def spans(project, nobody):
    """A function that runs the project with three workers; yields the run and when each test ran."""
    project.target(nobody)
    project.write("conftest.py", CONFTEST)
    project.write("test_alone.py", EXCLUSIVE)
    for file in "ab":
        project.write(f"test_shared_{file}.py", SHARED % {"file": file})

    def run(*words):
        found = project.run("-n", "3", *words)
        file = project.path / "spans.txt"
        lines = file.read_text().splitlines() if file.exists() else []
        return found, [(name, float(start), float(end)) for name, start, end in map(str.split, lines)]

    return run


def _overlaps(spans):
    """Pairs of which one is exclusive and both ran at one time."""
    return [
        (one, other)
        for one, start, end in spans
        for other, begin, stop in spans
        if one != other and one.startswith("test_alone") and start < stop and begin < end
    ]


@pytest.mark.parametrize("dist", ["load", "loadscope", "loadfile", "worksteal"])
def test_nothing_runs_beside_an_exclusive_test(spans, project, model, dist):
    project.target(model.url, LOOKS)
    project.write("test_timed.py", TIMED)
    run, found = spans("--dist", dist)
    assert run.status == 0, run.out
    assert Counter(name.partition("[")[0] for name, _, _ in found) == {
        "test_alone": 4,
        "test_alone_and_timed": 1,
        "test_shared_a": 4,
        "test_shared_b": 4,
    }
    assert _overlaps(found) == []
    (timed,) = (check for check in run.whole["checks"] if check["metrics"])
    assert next((metric["name"], metric["n"]) for metric in timed["metrics"]) == ("answer", 10)


def test_without_the_decoration_they_overlap(spans, project):
    project.write("conftest.py", CONFTEST + UNDECORATED)
    run, found = spans()
    assert (run.status, len(found)) == (0, 12), run.out
    assert len(_overlaps(found)) >= 2


@pytest.mark.parametrize(("names", "ran"), [("alone", 4), ("shared", 8)])
def test_one_kind_by_itself(spans, names, ran):
    run, found = spans("-k", f"test_{names}")
    assert (run.status, len(found)) == (0, ran), run.out
    assert _overlaps(found) == []


def test_a_stop_starts_no_exclusive_test(spans, project):
    project.write("test_shared_b.py", "import time\ndef test_that_fails(span):\n    time.sleep(0.05)\n    assert 0\n")
    run, found = spans("-x")
    assert run.status == 2
    assert "INTERNALERROR" not in run.out
    assert "stopped      4 of 4 checks were not made" in run.lines
    assert [name for name, _, _ in found if name.startswith("test_alone")] == []
    assert run.checks == {}


def test_a_crash_in_an_exclusive_test_is_not_run_again(spans, project):
    project.write(
        "test_alone.py",
        """
        import os, pathlib
        import pytest

        @pytest.mark.exclusive
        @pytest.mark.parametrize("n", range(3))
        def test_alone(llmops_target, span, n):
            with pathlib.Path(__file__).with_name("started.txt").open("a") as file:
                file.write(f"{n} ")
            if n == 1:
                os._exit(1)
        """,
    )
    run, found = spans()
    assert run.status == 1, run.out
    assert sorted((project.path / "started.txt").read_text().split()) == ["0", "1", "2"]
    assert len(found) == 10
    assert _overlaps(found) == []
    crashed = run.checks["test_alone[1]"]
    assert (crashed["outcome"], crashed["category"], crashed["severity"]) == ("error", "crashed", "critical")
    assert re.fullmatch(r"worker 'gw\d' crashed while running 'test_alone.py::test_alone\[1\]'", crashed["reason"])
    assert "CRASHED      test_alone.py::test_alone[1]" in run.lines


def test_dist_each_is_refused_where_something_must_run_alone(spans):
    run, found = spans("--dist", "each")
    assert (run.status, found) == (4, [])
    assert "ERROR: --dist each runs each test everywhere: nothing can be timed alone. Leave it out." in run.lines
    assert "Traceback" not in run.out


def test_a_worker_that_came_too_late_is_handed_nothing():
    """It was told to end while all was handed out; another one died before it had collected."""
    inner = SimpleNamespace(added=[], collection_is_completed=True)
    inner.add_node_collection = lambda node, collection: inner.added.append(collection)
    scheduler = ExclusiveScheduling(inner, exclusive_of=lambda node: set(), grant=lambda node: None)
    scheduler.add_node_collection("late", ["test_it"])
    assert inner.added == []
    assert scheduler.ids is None
