import json

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.golden.reading import read


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where golden files are named from, so that messages are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(folder):
    """Reads a file of this text, which must not hold; gives the sentences."""

    def refused(text, name="golden.jsonl"):
        from pathlib import Path

        (folder / name).write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            read([Path(name)])
        return str(caught.value).split("\n")

    return refused


@pytest.fixture
def case():
    """A line of JSON: a case that holds, with these keys changed."""

    def case(**given):
        return json.dumps({"id": "one", "prompt": "Where?", "expect": {"contains": "here"}} | given)

    return case
