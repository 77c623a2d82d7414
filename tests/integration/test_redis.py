"""The daily suite's Redis checks against a real server."""

import json
import re
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from pytest_llmops.clients.redis import Redis
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import Budget, TargetTable

from ..held import held_port
from .own_redis import PASSWORD, SERVER, running

ROOT = Path(__file__).parents[2]
FILE = (
    '[targets.here]\nprofile = "openai-compatible"\n[targets.here.components.redis]\nurl = "redis://{}127.0.0.1:{}/0"\n'
)

pytestmark = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")


@pytest.fixture
def port(tmp_path):
    """A server that asks for a password and keeps nothing on disk."""
    with held_port() as number, running(tmp_path, number, PASSWORD):
        yield number


def _daily(tmp_path, userinfo, port):
    file = tmp_path / "llmops.toml"
    file.write_text(FILE.format(userinfo, port))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-pno:cacheprovider",
        f"--llmops-config={file}",
        "-m",
        "daily",
        "-k",
        "redis or cache_keeps",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    whole = json.loads((tmp_path / "reports" / "run.json").read_text())
    assert "kettle" not in done.stdout + done.stderr + json.dumps(whole)
    return done, {check["test"].partition("::")[2]: check["outcome"] for check in whole["checks"]}


OF_REDIS = ("test_cache_keeps_what_it_is_given", "test_redis_answers", "test_redis_hit_rate")


def test_the_daily_checks_pass(tmp_path, port):
    with redis.Redis(port=port, password="kettle") as client:  # somebody uses it: an idle one has no hit rate
        client.set("asked", "before")
        assert client.get("asked") == b"before"
    done, outcomes = _daily(tmp_path, ":kettle@", port)
    assert outcomes == dict.fromkeys(OF_REDIS, "passed"), done.stdout
    assert done.returncode == 0


def test_a_missing_password_is_an_unreachable_component(tmp_path, port):
    done, outcomes = _daily(tmp_path, "", port)
    assert outcomes == dict.fromkeys(OF_REDIS, "error")
    assert sum(line.startswith("UNREACHABLE  redis at ") for line in done.stdout.splitlines()) == 1
    assert done.returncode == 1


@pytest.fixture
def node(tmp_path):
    """The port of one of two nodes that share all keys between them."""
    said = subprocess.run([SERVER, "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.search(r"v=(\d+)", said)[1]) < 7:
        pytest.skip(f"a cluster on ports of our own needs Redis 7: {said}")
    with ExitStack() as running:
        nodes = [running.enter_context(_node(tmp_path / name)) for name in ("one", "other")]
        for (_, here), slots in zip(nodes, ((0, 8191), (8192, 16383)), strict=True):
            here.execute_command("CLUSTER", "ADDSLOTSRANGE", *slots)
        (_, one), (port, other) = nodes
        bus = int(other.config_get("cluster-port")["cluster-port"])
        one.execute_command("CLUSTER", "MEET", "127.0.0.1", port, bus)
        deadline = time.monotonic() + 60
        while "cluster_state:ok" not in one.execute_command("CLUSTER", "INFO").decode():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield nodes[0][0]


@contextmanager
def _node(folder):
    folder.mkdir()
    with held_port() as port, held_port() as bus:
        further = {"cluster-enabled": "yes", "cluster-port": bus}
        with running(folder, port, further), redis.Redis("127.0.0.1", port) as here:
            yield port, here


def test_a_node_of_a_cluster_keeps_what_is_its_own(node, tmp_path):
    table = TargetTable.model_validate({"components": {"redis": {"url": f"redis://127.0.0.1:{node}/0"}}})
    target = Target("here", table, tmp_path, tmp_path / "llmops.toml", environ={})
    cache = Redis(target, "redis", Ledger(tmp_path / "ledger", Budget()))
    assert all(cache.keeps("llmops:test", "kept") for _ in range(10))  # half of all keys are the other's
