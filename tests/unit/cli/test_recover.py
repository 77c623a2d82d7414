"""llmops recover: of a file none of whose targets can be read, and by an account whose token is shown to nobody."""

import pytest

from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.state.journal import Journal
from pytest_llmops.target.load import load
from pytest_llmops.target.settings import Planted, endpoint_of

ACCOUNT = """
[targets.here.components.api]
url = "{url}"
auth = {{ login = "TRUMPET" }}
[targets.here.components.api.routes.login]
method = "POST"
path = "/login/"
body = {{ username = "{{user}}", password = "{{password}}" }}
answer = "access"
signed = false
[targets.here.components.api.routes.delete]
method = "DELETE"
path = "/gone/{{user}}"
"""
TOKEN = "token-of-the-trumpet"


@pytest.mark.parametrize("targets", ["targets = 3", "targets = 'x'", "[targets]\nx = 1"])
def test_what_is_open_is_looked_for_however_odd_the_file(llmops, tmp_path, targets):
    (tmp_path / "llmops.toml").write_text(targets)
    status, said = llmops("recover")
    assert (status, said.splitlines()[-1]) == (0, "nothing is open: no run has changed anything here")
    status, said = llmops("recover", "--target", "here")
    assert status == 1
    assert "No change of 'here' is open, and no target is called so." in said


@pytest.mark.parametrize("declared", [True, False])
def test_a_token_that_logging_in_brings_is_not_shown(llmops, serve, tmp_path, monkeypatch, declared):
    server = serve({"/login/": {"access": TOKEN}, "*": (500, f"no luck Bearer {TOKEN}")})
    monkeypatch.setenv("TRUMPET", "eve:herring-kettle")
    (tmp_path / "llmops.toml").write_text(ACCOUNT.format(url=server.url))
    target = load(tmp_path / "llmops.toml", None, tmp_path)
    journal = Journal.of(target.state_folder, "here")
    change = Change(
        target,
        journal,
        Interruption(),
        opened={"test": "t.py::test_it", "run": "r"},
        say=lambda line: None,
        may_begin=lambda: None,
        makers=MAKERS,
    )
    api = endpoint_of(target.table.components.api)
    planted = Planted(driver="planted", seed="c0ffee", endpoints={"api": api})
    change.also(planted.what, planted)
    change.set(planted.what, planted=True)
    if not declared:
        (tmp_path / "llmops.toml").unlink()
    status, said = llmops("recover")
    assert (status, server.asked) == (1, ["POST", "DELETE"])
    assert "no luck Bearer [redacted]" in said
    assert TOKEN not in said + journal.path.read_text()
