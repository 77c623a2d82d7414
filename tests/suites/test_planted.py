"""A key, a password and a person that are planted in a target stand in nothing that a whole run writes or prints."""

import subprocess
import sys

import pytest

from pytest_llmops.detect import canary
from pytest_llmops.sandbox import leaking

from .conftest import ROOT, _environ

pytestmark = pytest.mark.acceptance

PASSWORD = "Pl4nted-passw0rd-of-qdrant"
PERSON = ("erika.leaked@example.com", "GB29 NWBK 6016 1331 9268 19")
TOLD = ("Zx81Qm4T" * 5, "Wq7kPz42Lm")
"""Of the key and the password that the target's answers tell."""

FAULTS = "api:leaks-pii,api:leaks-secret,llm:slow=0.25"


def planted_in(folder, values):
    """The files below a folder that hold one of these values, however it is written, and how."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = path.read_bytes().decode("utf-8", "replace")
        kinds = [f"{one.kind} at {one.start}" for one in canary.find(text, values)]
        if kinds:
            found[path.relative_to(folder).as_posix()] = kinds
    return found


@pytest.mark.parametrize("stack", [("--fault", FAULTS)], ids=["leaking"], indirect=True)
def test_nothing_planted_is_written_or_printed(stack, tmp_path):
    assert all(value in f"{leaking.PERSON} {leaking.SECRET}" for value in (*PERSON, *TOLD))
    text = stack.file.read_text()
    at = text.index("url = ", text.index("components.qdrant]"))
    stack.file.write_text(text[:at] + text[at:].replace("http://", f"http://ops:{PASSWORD}@", 1))
    written, temporary = tmp_path / "written", tmp_path / "temporary"
    written.mkdir()
    temporary.mkdir()
    words = ["-m", "daily or security", f"--llmops-config={stack.file}", "--llmops-baseline=off", "--llmops-gate"]
    words += [
        f"--llmops-report={written / 'reports'}",
        f"--alluredir={written / 'allure'}",
        "-rA",
        "-p",
        "no:benchmark",
    ]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=ROOT,
        env=_environ(TMPDIR=str(temporary), **stack.keys),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
        check=False,
    )
    (written / "printed.txt").write_text(run.stdout)
    if (stack.file.parent / ".llmops").exists():
        (stack.file.parent / ".llmops").rename(written / "llmops")
    names = {path.name for path in written.rglob("*")}
    assert {"run.json", "summary.md", "history.db"} <= names, run.stdout
    assert any(name.endswith("-result.json") for name in names)
    said = (written / "reports" / "run.json").read_text()
    assert "holds a person, email" in said  # the target did let them out, and the run says so
    assert "holds a secret" in said

    values = [*stack.keys.values(), PASSWORD, *PERSON, *TOLD]
    assert planted_in(written, values) == {}
    assert [path for path in temporary.rglob("*") if path.is_file()] == []  # what the run kept meanwhile is gone

    for number, value in enumerate(values):  # the scan does find them where they are
        (written / "reports" / f"control-{number}.txt").write_text(f"x {value.upper()} y")
    assert len(planted_in(written, values)) == len(values)
