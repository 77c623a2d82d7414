import json
import os

import pytest

from pytest_llmops.control.drivers import hands_on
from pytest_llmops.target.load import load

FILE = '[targets.here.components.ollama]\nurl = "http://127.0.0.1:1"\n[targets.here.components.ollama.control]\n'


@pytest.fixture
def target_with(tmp_path):
    """A target whose component ``ollama`` has this ``control`` table."""

    def target_with(environ=None, **control):
        file = tmp_path / "llmops.toml"
        file.write_text(FILE + "".join(f"{key} = {json.dumps(value)}\n" for key, value in control.items()))
        return load(file, None, tmp_path, {**os.environ, **(environ or {})})

    return target_with


@pytest.fixture
def hands_with(target_with):
    """Hands on it."""
    held = []

    def hands_with(environ=None, **control):
        held.append(hands_on(target_with(environ, **control), "ollama"))
        return held[-1]

    yield hands_with
    for hands in held:
        hands.driver.close()
