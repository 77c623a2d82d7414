import pytest
from click.testing import CliRunner

from pytest_llmops.cli import commands


@pytest.fixture
def llmops(tmp_path, monkeypatch):
    """Runs ``llmops`` in an empty directory; gives exit status and all that was printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("LLMOPS_CONFIG", "LLMOPS_TARGET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def llmops(*words):
        found = CliRunner().invoke(commands, [str(word) for word in words], prog_name="llmops")
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        return found.exit_code, found.output

    return llmops
