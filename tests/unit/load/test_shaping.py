"""From a target's tables of load to what is sent."""

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.load.plan import LoadPlan, Stage
from pytest_llmops.load.shaping import arriving, prompts_of, shape_of, workload_of
from pytest_llmops.samples import Prompt, Workload
from pytest_llmops.target.load import load
from pytest_llmops.target.loads import LoadWorkload

from .made_up import request

FILE = """
[targets.t]
profile = "rag"
[targets.t.components.api]
url = "http://rag.example"
[targets.t.load]
rate = 4
[targets.t.load.shapes.evening]
arrivals = "constant"
stages = [{ lasts = "10 s", times = 0.5, to = 2 }, { lasts = "5 s", times = 3 }]
stops = { error_rate = 0.2, p95 = "3 s" }
[targets.t.load.shapes.five]
concurrency = 5
lasts = "1 min"
"""


@pytest.fixture
def target(tmp_path):
    (tmp_path / "llmops.toml").write_text(FILE)
    return load(tmp_path / "llmops.toml", None, tmp_path, {})


def planned(**how):
    return LoadPlan(name="load", target="t", table={}, requests=[request()], **how)


def test_stages_are_times_of_the_targets_rate_or_of_one_that_is_asked_for(target):
    found = planned(**arriving(target, "evening"))
    assert (found.arrivals, found.stages) == (
        "constant",
        (Stage(seconds=10, rate=2, to=8), Stage(seconds=5, rate=12)),
    )
    assert (found.stops.error_rate, found.stops.p95, found.peak) == (0.2, 3, 12)
    assert found.offered == target.table.load.shapes["evening"].offered(4) == 110
    assert planned(**arriving(target, "evening", 1)).peak == 3
    assert planned(**arriving(target, "steady")).shape == "poisson, 4/s for 60 s"


def test_a_closed_loop_has_no_rate(target):
    found = planned(**arriving(target, "five", 7))
    assert found.shape == "closed loop, 5 at a time, 60 s"


def test_an_unknown_name_brings_the_nearest(target):
    with pytest.raises(ConfigError) as raised:
        shape_of(target, "stedy")
    assert str(raised.value) == (
        "llmops.toml: [targets.t.load.shapes] has no 'stedy'. Did you mean 'steady'? "
        "It has: smoke, steady, ramp, spike, soak, stress, evening, five."
    )
    with pytest.raises(ConfigError, match=r"\.load\.workloads\] has no 'chatt'\. Did you mean 'chat'\?"):
        workload_of(target, "chatt")


def test_without_prompts_of_its_own_a_workload_asks_the_targets():
    own = Workload((Prompt("a", "one"),))
    assert prompts_of(LoadWorkload(), own) is own


def test_prompts_are_sent_as_often_as_they_weigh_evenly_spread():
    prompts = [{"id": "a", "text": "one", "weight": 3}, {"id": "b", "text": "two"}, {"id": "c", "text": "three"}]
    found = prompts_of(LoadWorkload.model_validate({"prompts": prompts}), Workload((Prompt("x", "y"),)))
    assert [one.id for one in found] == ["a", "b", "a", "c", "a"]


def test_made_up_context_is_as_long_as_asked_for_and_the_same_in_every_run():
    def text(seed=1, name="a"):
        table = {"seed": seed, "prompts": [{"id": name, "text": "What now?", "words": 400}]}
        return prompts_of(LoadWorkload.model_validate(table), Workload((Prompt("x", "y"),)))[0].text

    context, _, asked = text().partition("\n\n")
    assert (len(context.split()), asked) == (400, "What now?")
    assert text() == text()
    assert len({text(), text(seed=2), text(name="b")}) == 3
