"""The sandbox's workers and instances: who takes which request, and what commands show of them."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from pytest_llmops.sandbox import instances, workers
from pytest_llmops.sandbox.faults import parse


def stack(folder, *faults, **sandbox):
    given = {"workers": 1, "recycles": None, "slots": None, "instances": "", **sandbox}
    return SimpleNamespace(directory=folder, faults=parse(faults), sandbox=SimpleNamespace(**given), models=("tiny",))


def asked(layer, times, path="/"):
    """The statuses of so many requests at a time; 0 of one that was cut."""
    statuses = []

    async def ask():
        async def send(message):
            if message["type"] == "http.response.start":
                cut = (b"content-length", b"512") in message["headers"]
                statuses.append(0 if cut else message["status"])

        await layer({"type": "http", "path": path}, None, send)

    async def all_of_them():
        await asyncio.gather(*(ask() for _ in range(times)))

    asyncio.run(all_of_them())
    return statuses


async def answering(_scope, _receive, send):
    await asyncio.sleep(0.001)
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize(
    ("faults", "shown", "cut"),
    [((), [110, 111], 0), (("api:never-recycles",), [100, 101], 0), (("api:recycles-hard",), [110, 111], 2)],
)
def test_a_worker_that_has_had_its_requests_has_a_successor(tmp_path, faults, shown, cut):
    made = stack(tmp_path, *faults, workers=2, recycles=3)
    assert json.loads(workers.shown(made)["workers"]) == [100, 101]
    assert asked(workers.Workers(answering, made), 7).count(0) == cut
    assert json.loads(workers.shown(made)["workers"]) == shown


def test_who_finds_no_slot_waits_or_is_turned_away(tmp_path):
    path = "/api/generate"
    assert asked(instances.Instances(answering, stack(tmp_path, slots=2)), 5, path) == [200] * 5
    turned_away = asked(instances.Instances(answering, stack(tmp_path, "llm:no-queue", slots=2)), 5, path)
    assert sorted(turned_away) == [200, 200, 503, 503, 503]
    assert asked(instances.Instances(answering, stack(tmp_path, "llm:no-queue", slots=2)), 5, "/api/tags") == [200] * 5


def test_what_an_instance_answered_is_shown(tmp_path):
    made = stack(tmp_path)
    asked(instances.Instances(answering, made), 3, "/api/chat")
    told = json.loads(instances.shown(made)["instances"])
    assert told == [{"name": "instance-0", "ready": True, "models": ["tiny"], "answered": 3}]
