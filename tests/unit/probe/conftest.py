import json
from pathlib import Path

import pytest
from hypothesis import settings

from pytest_llmops.probe import addresses, discovery
from pytest_llmops.probe.asking import Asker, Settings

settings.register_profile("seeded", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("seeded")


@pytest.fixture
def settled(tmp_path):
    """Makes the settings of a look."""

    def settled(environ=None, **more):
        return Settings(name="here", root=tmp_path, scratch=tmp_path, environ=environ or {}, **more)

    return settled


@pytest.fixture
def asker(settled):
    """Makes calls to one URL."""
    made = []

    def asker(url, environ=None, login="", **more):
        made.append(Asker(settled(environ, **more), url, login))
        return made[-1]

    yield asker
    for one in made:
        with one:
            pass


@pytest.fixture
def look(settled):
    """Looks at addresses as ``llmops init`` does, and gives the discovery."""

    def look(*urls, environ=None, **more):
        return discovery.look([addresses.read(url) for url in urls], settled(environ, **more))

    return look


@pytest.fixture
def schema():
    """Reads a schema out of the folder ``schemas``."""
    return lambda name: json.loads((Path(__file__).parent / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
