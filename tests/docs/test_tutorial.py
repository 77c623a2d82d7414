"""The tutorial, typed as it stands: its files, its commands, and what it says that they come to."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import in_turn
from .snippets import of

TYPED = [
    ("pytest test_mine.py --llmops-baseline record", 0, r"(?s)no-baseline.*reports/candidates/"),
    ('llmops baseline accept --reason "as installed"', 0, "accepted"),
    ("pytest test_mine.py", 0, r"my_latency .* (ok|inconclusive)"),
    ("pytest test_mine.py --llmops-sandbox-fault llm:slow=1.6", 1, "FAILED .*test_latency"),
    ("llmops sandbox --list-faults", 0, "llm:slow"),
    ("pytest test_mine.py --llmops-sandbox-fault api:down", 1, "UNREACHABLE .*api"),
    ("pytest -m daily --llmops-plan", 0, r"(?s)test_mine\.py.*test_latency +33 "),
]
"""Its commands in their order, their exit status, and an expression that is found in what they print.

Without the first, which the second is too, the whole daily suite, and what looks for somebody's own servers: other
tests run those.
"""


@pytest.mark.acceptance
@pytest.mark.quiet
@in_turn(0, of=3)
def test_it_holds(tmp_path):
    page = "docs/tutorial.md"
    lines = [line for found in of("shell") if found.page == page for line in found.text.splitlines() if line.strip()]
    assert [command for command, _, _ in TYPED if command not in lines] == []
    for kind, name in (("toml", "llmops.toml"), ("python", "test_mine.py")):
        (text,) = [found.text for found in of(kind) if found.page == page]
        (tmp_path / name).write_text(text + "\n")
    bin_ = Path(sys.executable).parent
    environ = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}
    for command, status, said in TYPED:
        words = shlex.split(command)
        ended = subprocess.run(
            [shutil.which(words[0], path=environ["PATH"]), *words[1:]],
            cwd=tmp_path, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        told = ended.stdout + ended.stderr
        assert ended.returncode == status, f"{command}\n{told}"
        assert re.search(said, told), f"{command}\n{told}"
