"""The rigs, each placed once, and the hands on what is in them."""

import json
import os
from contextlib import ExitStack
from importlib import import_module
from types import SimpleNamespace

import pytest

from pytest_llmops.control.drivers import hands_on
from pytest_llmops.target.load import load

from .rig import answer, awaited, free_port

KUBERNETES = ("kubernetes_deployment", "kubernetes_statefulset")
RIGS = ("process", "process_on_port", "command", "sandbox", "docker", "compose", "supervisor", "systemd", *KUBERNETES)

TARGET = '[targets.here.components.ollama]\nurl = "http://127.0.0.1:1"\n[targets.here.components.ollama.control]\n'


@pytest.fixture(scope="session")
def shared():
    """What rigs share, made when the first of them needs it: ``shared.of(make)`` enters a context manager once."""
    with ExitStack() as stack:
        made = {}

        def of(make):
            if make not in made:
                made[make] = stack.enter_context(make())
            return made[make]

        yield SimpleNamespace(of=of)


@pytest.fixture(scope="session", params=RIGS)
def rig(request, tmp_path_factory, shared):
    placed = import_module(f".rigs.{request.param}", __package__).placed
    with placed(tmp_path_factory.mktemp(request.param), free_port(), shared) as rig:
        yield rig


@pytest.fixture
def hands_of(rig, tmp_path):
    """Hands by a ``control`` table."""
    held = []

    def hands_of(table, environ=None):
        file = tmp_path / "llmops.toml"
        control = "\n".join(f"{key} = {json.dumps(value)}" for key, value in {**table, "deadline": 60}.items())
        file.write_text(f"{TARGET}{control}\n")
        held.append(hands_on(load(file, None, tmp_path, {**os.environ, **rig.environ, **(environ or {})}), "ollama"))
        return held[-1]

    yield hands_of
    for hands in held:
        hands.driver.close()


@pytest.fixture
def hands(rig, hands_of):
    """Hands on the rig's server, which runs and answers."""
    hands = hands_of(rig.table)
    hands.bring_back("running", {})
    awaited(lambda: answer(rig.port))
    return hands
