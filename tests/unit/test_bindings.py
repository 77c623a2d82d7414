"""What the source of the ready suites says that they bind is what pytest collects; and what it can read."""

import json
import os
import subprocess
import sys
from pathlib import Path

from pytest_llmops.procedures.bindings import bindings

ROOT = Path(__file__).parents[2]
COLLECTED = """
import json
def pytest_collection_modifyitems(items):
    found = {}
    for item in items:
        generic = item.get_closest_marker("generic") is not None
        for mark in item.iter_markers("procedure"):
            bound = [sorted(set(mark.args)), mark.kwargs.get("fault"), generic]
            found.setdefault(item.nodeid.removeprefix("suites/"), []).append(bound)
    print("FOUND", json.dumps(found))
"""
WAYS = """
import pytest
from elsewhere import OTHERS

MARK = pytest.mark.procedure("a.module.constant")
LEVELS = ["low", pytest.param("high", marks=[pytest.mark.procedure("a.param.one"), pytest.mark.slow])]
pytestmark = [pytest.mark.daily, pytest.mark.procedure("a.module.mark", fault="of the module")]

@MARK
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("size", "unit"), [(1, "s"), (2.5, None), pytest.param(True, len, id="own")])
def test_params(level, size, unit): ...

@pytest.mark.procedure("a.function.mark", "a.function.mark", "a.second.one", fault="of the function")
@pytest.mark.parametrize("value", [1, 2], ids=["first", "second"])
async def test_ids(value): ...

@pytest.mark.generic
@pytest.mark.procedure("a.step", "a.other.step", fault="api:down")
@pytest.mark.procedure("b.step", fault="api:down, llm:down")
def test_two_systems(): ...

class TestIt:
    pytestmark = pytest.mark.procedure("a.class.mark")
    @pytest.mark.parametrize("obj", [object()])
    def test_method(self, obj): ...
    def helper(self): ...

@pytest.mark.procedure(fault="only:a-fault")
@pytest.mark.needs("api")
def test_no_step(): ...

@pytest.mark.procedure("a.decorated.class")
class TestThat:
    def test_method(self): ...

def not_a_test(): ...
"""


def collected(folder, plugin):
    """What pytest itself finds there."""
    (plugin / "tells_bindings.py").write_text(COLLECTED)
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "LLMOPS_"))}
    words = ["-p", "tells_bindings", "-p", "no:cacheprovider", "-W", "default", "-o", "addopts=--import-mode=importlib"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-s", "--collect-only", "-q", *words, str(folder)],
        cwd=folder.parent, env={**ours, "PYTHONPATH": f"{plugin}:{folder}"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("FOUND")).removeprefix("FOUND"))


def read(folder):
    found = {}
    for one in bindings(folder):
        found.setdefault(one.test, []).append([sorted(one.procedures), one.fault, one.generic])
    return found


def in_any_order(found):
    """pytest tells a test's markers the closest first; which comes first is nothing to us."""
    return {test: sorted(map(repr, marks)) for test, marks in found.items()}


def test_the_ready_suites_bind_what_pytest_collects(tmp_path):
    found = read(ROOT / "suites")
    assert in_any_order(found) == in_any_order(collected(ROOT / "suites", tmp_path))
    assert "daily/test_latency.py::test_response_time[detailed]" in found


def test_every_way_to_bind_is_read_as_pytest_collects_it(tmp_path):
    folder = tmp_path / "suites"
    folder.mkdir()
    (folder / "test_ways.py").write_text(WAYS)
    (folder / "elsewhere.py").write_text("OTHERS = []\n")
    found = read(folder)
    assert in_any_order(found) == in_any_order(collected(folder, tmp_path))
    assert found["test_ways.py::test_ids[second]"] == [
        [["a.function.mark", "a.second.one"], "of the function", False],
        [["a.module.mark"], "of the module", False],
    ]
    assert found["test_ways.py::test_two_systems"] == [
        [["a.other.step", "a.step"], "api:down", True],
        [["b.step"], "api:down, llm:down", True],
        [["a.module.mark"], "of the module", True],
    ]
    assert len(found) == 2 * 3 + 2 + 2 + 1 + 1
