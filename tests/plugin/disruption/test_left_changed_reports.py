"""What a run left changed stands where reviewers and those who come later look: in the summary, and in the history."""

import json

from click.testing import CliRunner

from pytest_llmops.cli import commands

from .conftest import KEY, THREE_STEPS

BREAKS = f"""
from pathlib import Path
{THREE_STEPS}
    Path("hands/redis.broken").touch()
"""


def test_it_is_in_the_summary_and_in_the_history(stack, project, quick, monkeypatch):
    project.write("test_it.py", BREAKS)
    assert quick(KEY, "--llmops-gate").status == 1
    lines = (project.path / "reports" / "summary.md").read_text().splitlines()
    assert lines[0] == "## here: blocked (exit status 1: the target is NOT as it was)"
    assert f"(cd {project.path} && {stack.hand} start redis)" in lines
    monkeypatch.chdir(project.path)
    assert "target left changed: 1 component" in CliRunner().invoke(commands, ["history"]).output
    (kept,) = json.loads(CliRunner().invoke(commands, ["history", "--json"]).output)
    assert kept["left_changed"] == 1
