import pytest
from hypothesis import settings

from pytest_llmops.target.load import load

settings.register_profile("seeded", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("seeded")


@pytest.fixture
def read(tmp_path):
    """Loads a target from the text of an llmops.toml."""

    def read(text, name=None, environ=None):
        file = tmp_path / "llmops.toml"
        file.write_text(text, encoding="utf-8")
        return load(file, name, tmp_path, environ or {})

    return read
