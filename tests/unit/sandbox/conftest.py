"""Sandboxes as other processes, started as the plugin starts them."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import httpx
import psutil
import pytest

from pytest_llmops.target import profiles
from pytest_llmops.target.models import TargetTable

from ...conftest import SEED, WHOLE

LLAMA_CPP = find_spec("xllamacpp") is not None and find_spec("gguf") is not None
REAL = pytest.param("llama.cpp", marks=pytest.mark.skipif(not LLAMA_CPP, reason="needs pytest-llmops[llamacpp]"))
EVERY = 3
"""Days in which each test on real inference has its turn; with ``TESTS_WHOLE=1`` it has it every day."""

QUICK = {"delay_s": 0.02, "token_s": 0.002, "embed_s": 0.01}


def pytest_collection_modifyitems(config, items):
    """Leave out, of many tests on real inference, those whose day it is not."""
    real = [one for one in items if Path(__file__).parent in one.path.parents and "[llama.cpp" in one.name]
    others = [] if WHOLE or len(real) < 2 * EVERY else [one for at, one in enumerate(real) if (at + SEED) % EVERY]
    config.hook.pytest_deselected(items=others)
    items[:] = [one for one in items if one not in others]


class Running:
    """A sandbox that runs."""

    def __init__(self, order, environ=None):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest_llmops.sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ,
        )
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        self.told = json.loads(self.process.stdout.readline())
        if "error" in self.told:
            self.process.communicate()
            pytest.fail(self.told["error"])
        self.url = SimpleNamespace(**self.told.get("components", {}))
        self.environ = self.told.get("environ", {})
        self.directory = Path(self.told.get("directory", "/nowhere"))
        self.http = httpx.Client(trust_env=False, timeout=60, headers=self.signed)
        if (login := self.environ.get("LLMOPS_SANDBOX_REDIS_LOGIN")) and hasattr(self.url, "redis"):
            self.url.redis = self.url.redis.replace("://", f"://{login}@")

    @property
    def signed(self):
        """The keys of the parts behind the API, which no other part looks at."""
        keys = {"api-key": "LLMOPS_SANDBOX_QDRANT_KEY", "Authorization": "LLMOPS_SANDBOX_OLLAMA_KEY"}
        told = {header: self.environ[name] for header, name in keys.items() if name in self.environ}
        return {header: f"Bearer {key}" if header == "Authorization" else key for header, key in told.items()}

    @property
    def user(self):
        return {"X-API-Key": self.environ["LLMOPS_SANDBOX_USER_KEY"]}

    @property
    def operator(self):
        return {"X-API-Key": self.environ["LLMOPS_SANDBOX_OPERATOR_KEY"]}

    def query(self, question, **more):
        return self.http.post(f"{self.url.api}/v1/query", json={"question": question, **more}, headers=self.user)

    def processes(self):
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def lines(self, name):
        return [json.loads(line) for line in (self.directory / name).read_text().splitlines()]

    def end(self):
        """End it; what it wrote to standard error."""
        self.http.close()
        self.process.stdin.close()
        self.process.wait(60)
        with self.process.stdout, self.process.stderr:
            return self.process.stderr.read()


@pytest.fixture(scope="session")
def order():
    """A function that writes the order of a profile: its components and sandbox, with quick delays."""

    def write(profile="sandbox", faults=(), only=None, **more):
        values = profiles.merged(
            profiles.read(profile), {"profile": profile, "environment": "sandbox", "sandbox": QUICK}
        )
        values = profiles.merged(values, more.pop("over", {}))
        dump = TargetTable.model_validate(values).model_dump(mode="json", include={"components", "sandbox", "settings"})
        if only:
            dump["components"] = {name: dump["components"][name] for name in only}
            if "app_command" not in only:
                dump["sandbox"]["commands"] = {}
        return {**dump, "faults": list(faults), **more}

    return write


@pytest.fixture(scope="session")
def running():
    """The class of a sandbox that runs, for tests that end it themselves."""
    return Running


@pytest.fixture
def start(order):
    """A function that starts sandboxes; they end with the test, and must have been silent."""
    begun = []

    def begin(profile="sandbox", faults=(), environ=None, **more):
        begun.append(Running(order(profile, faults, **more), environ))
        return begun[-1]

    yield begin
    said = [sandbox.end() for sandbox in begun]
    assert said == [""] * len(said)


@pytest.fixture(params=["synthetic", REAL])
def engine(request):
    """Each engine in turn."""
    return request.param


@pytest.fixture(scope="session")
def stack(order):
    """The sandbox of the profile ``sandbox``, without faults, for tests that leave it as it is."""
    sandbox = Running(order())
    yield sandbox
    assert sandbox.end() == ""
