"""llmops recover, of a file none of whose targets can be read."""

import pytest


@pytest.mark.parametrize("targets", ["targets = 3", "targets = 'x'", "[targets]\nx = 1"])
def test_what_is_open_is_looked_for_however_odd_the_file(llmops, tmp_path, targets):
    (tmp_path / "llmops.toml").write_text(targets)
    status, said = llmops("recover")
    assert (status, said.splitlines()[-1]) == (0, "nothing is open: no run has changed anything here")
    status, said = llmops("recover", "--target", "here")
    assert status == 1
    assert "No change of 'here' is open, and no target is called so." in said
