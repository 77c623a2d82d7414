"""A deployment in containers of a real Docker Engine: each is restarted, killed, paused, and all is taken back."""

from contextlib import suppress

import httpx
import pytest
import redis

from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.state.journal import Journal

from .rig import awaited
from .stack_in_containers import PARTS, deployed


@pytest.fixture(scope="module")
def staging(tmp_path_factory):
    with deployed(tmp_path_factory.mktemp("staging")) as target:
        yield target


@pytest.fixture
def change(staging):
    said = []
    opened = {"test": "t", "run": "r"}
    journal = Journal.of(staging.state_folder, staging.name)
    made = Change(staging, journal, Interruption(), opened=opened, say=said.append, may_begin=lambda: None)
    yield made
    assert made.undo(), said
    assert not journal.path.exists()


@pytest.fixture
def health(staging):
    def health():
        try:
            return httpx.get(f"{staging.component('api').url}/health", trust_env=False).json()
        except httpx.HTTPError:
            return {"status": "away"}

    return health


def test_each_is_restarted_and_all_is_well(change, health):
    for component in PARTS:
        before = change.status(component)
        after = change.restart(component)
        assert (after.state, after.instance != before.instance) == ("running", True)
        awaited(lambda: health()["status"] == "healthy")
        assert any(line.endswith(f" {PARTS[component]} starts") for line in change.logs(component)), component


def test_what_is_on_disk_is_there_again(change, staging):
    with redis.Redis.from_url(staging.component("redis").url) as client:
        client.set("answer", "kept")
        change.restart("redis")
        assert awaited(lambda: _got(client, "answer")) == b"kept"


def _got(client, key):
    with suppress(redis.ConnectionError):
        return client.get(key)


def test_what_is_killed_is_missed_and_brought_back(change, health):
    for component, called in (("ollama", "llm"), ("qdrant", "vectors"), ("redis", "cache")):
        assert change.kill(component).state == "stopped"
        awaited(lambda called=called: health()["services"][called] == "disconnected")
    assert change.kill("api").state == "stopped"
    assert health() == {"status": "away"}
    assert change.undo()
    awaited(lambda: health()["status"] == "healthy")


def test_what_is_paused_goes_on(change, health):
    before = change.pause("ollama").instance
    awaited(lambda: health()["services"]["llm"] == "disconnected")
    assert change.undo()
    assert change.status("ollama").instance == before
    awaited(lambda: health()["status"] == "healthy")
