"""A key, a password and a person that are planted in a target stand in nothing that a whole run writes or prints."""

import base64
import gzip
import io
import re
import sqlite3
import subprocess
import sys
import tarfile
import time
import zipfile
from contextlib import closing

import pytest

from pytest_llmops.sandbox import leaking

from .conftest import ROOT, _environ
from .scanned import Watched

pytestmark = pytest.mark.acceptance

PASSWORD = "Pl4nted-passw0rd-of-qdrant"
PERSON = ("erika.leaked@example.com", "GB29 NWBK 6016 1331 9268 19")
TOLD = ("Zx81Qm4T" * 5, "Wq7kPz42Lm")
"""Of the key and the password that the target's answers tell."""


def _zipped(content):
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/inside.txt", content)
    return file.getvalue()


def _tarred(content, mode="w"):
    with tarfile.open(fileobj=(file := io.BytesIO()), mode=mode) as archive:
        member = tarfile.TarInfo("folder/inside.txt")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def _stored(content):
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table kept (one blob)")
        database.execute("insert into kept values (?)", (content,))
        database.commit()
        return database.serialize()


PACKED = {
    "text": bytes,
    "binary": lambda content: b"\x00\xff\xfe" + content + b"\x00\x80",
    "base64": base64.b64encode,
    "gzip": gzip.compress,
    "zip": _zipped,
    "tar": _tarred,
    "tar.gz": lambda content: _tarred(content, "w:gz"),
    "zip in a tar.gz": lambda content: _tarred(_zipped(content), "w:gz"),
    "database": _stored,
    "long database": lambda content: _stored(b"-" * 10_000 + content + b"-" * 10_000),
}
"""Kinds of files, and how each holds a content."""

PLAIN = {"text", "binary", "base64"}
"""Those of them that are read as they are."""

FAULTS = "api:leaks-pii,api:leaks-secret,llm:slow=0.25"


@pytest.mark.parametrize("stack", [("--fault", FAULTS)], ids=["leaking"], indirect=True)
def test_nothing_planted_is_written_or_printed(stack, tmp_path):
    assert all(value in f"{leaking.PERSON} {leaking.SECRET}" for value in (*PERSON, *TOLD))
    text = stack.file.read_text()
    at = text.index("url = ", text.index("components.qdrant]"))
    text = text[:at] + text[at:].replace("http://", f"http://ops:{PASSWORD}@", 1)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "llmops.toml").write_text(f"{text}\n[targets.sandbox.disruption]\nallowed = true\n")
    places = {name: tmp_path / name for name in ("written", "temporary", "home")}
    for place in places.values():
        place.mkdir()
    written, home = places["written"], places["home"]
    homes = {"HOME": home, **{f"XDG_{name}_HOME": home / name for name in ("CACHE", "CONFIG", "DATA", "STATE")}}
    words = ["-m", "daily or security", f"--llmops-config={folder / 'llmops.toml'}", "--llmops-baseline=off"]
    words += ["--llmops-gate", "--llmops-allow-disruption=sandbox", "-rA", f"--llmops-report={written / 'reports'}"]
    words += [f"--alluredir={written / 'allure'}", "-o", f"cache_dir={written / 'cache'}", "-p", "no:benchmark"]
    with Watched(project=folder, stack=tmp_path / "stack", **places) as watched:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", *words],
            cwd=ROOT,
            env=_environ(TMPDIR=str(places["temporary"]), **{k: str(v) for k, v in homes.items()}, **stack.keys),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1800,
            check=False,
        )
        (written / "printed.txt").write_text(run.stdout)
    values = [*stack.keys.values(), PASSWORD, *PERSON, *TOLD]
    names = {name.rpartition("/")[2] for name in watched.versions}
    assert {"run.json", "summary.md", "history.db", "ledger", "sandbox.jsonl", "lastfailed", "access.jsonl"} <= names
    assert any(name.endswith("-result.json") for name in names), run.stdout
    assert any(name.startswith("project/.llmops/journal/closed/") for name in watched.versions), run.stdout
    said = (written / "reports" / "run.json").read_text()
    assert "holds a person, email" in said  # the target did let them out, and the run says so
    assert "holds a secret" in said

    values = [*stack.keys.values(), PASSWORD, *PERSON, *TOLD]
    held = watched.holding(values)
    assert held.pop("project/llmops.toml") == [PASSWORD]  # it was written here, above
    (answers,) = [name for name in held if re.fullmatch(r"temporary/llmops-[^/]+/traffic\.json", name)]
    assert set(held.pop(answers)) <= {*PERSON, *TOLD}  # what was answered, as long as processes of the run share it
    assert watched.modes[answers.rpartition("/")[0]] == 0o700
    assert held == {}
    assert [path for path in places["temporary"].rglob("*") if path.is_file()] == []  # what it kept meanwhile is gone


@pytest.mark.parametrize("kind", PACKED)
def test_what_is_planted_is_found_wherever_it_stands(kind, tmp_path):
    for number, value in enumerate((PASSWORD, *PERSON, *TOLD)):
        with Watched(here=tmp_path) as watched:
            path = tmp_path / f"control-{number}"
            path.write_bytes(PACKED[kind](f"x {value.upper()} y".encode()))
        path.unlink()
        found = watched.holding([value])
        assert {name.partition("!")[0]: held for name, held in found.items()} == {f"here/control-{number}": [value]}
        assert any("!" in name for name in found) is (kind not in PLAIN)


def test_what_is_removed_at_once_was_seen(tmp_path):
    with Watched(here=tmp_path) as watched:
        (tmp_path / "short-lived").write_text(PASSWORD)
        until = time.monotonic() + 5
        while not watched.versions and time.monotonic() < until:
            time.sleep(0.001)
        (tmp_path / "short-lived").unlink()
    assert watched.holding([PASSWORD]) == {"here/short-lived": [PASSWORD]}
