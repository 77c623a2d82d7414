"""document-enhancer's commands and settings of a deploy, over a real repository: what each leaves, and what it says."""

import json
import os
import subprocess
import sys

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.control.drivers import hands_on
from pytest_llmops.errors import CallFailed, ControlError
from pytest_llmops.target.load import load

FILE = """
[targets.here]
profile = "document-enhancer"
[targets.here.components.api]
url = "http://127.0.0.1:9"
[targets.here.components.app_command]
root = "app"
[targets.here.settings]
version = { root = "app" }
packages = { root = "app" }
"""
PIP = """
import json, pathlib, sys
file = pathlib.Path("../installed.json")
there = json.loads(file.read_text())
do, *words = sys.argv[1:]
if do == "list":
    print("\\n".join(f"{name}=={there[name]}" for name in sorted(there, key=str.lower)))
elif do == "uninstall":
    there = {name: version for name, version in there.items() if name not in words}
elif "--dry-run" in words:
    new = {"Jinja2": "3.2", "pydantic_core": "2.41"} if pathlib.Path(words[-1]).read_text() else {}
    print(json.dumps({"install": [{"metadata": {"name": name, "version": new[name]}} for name in new]}))
elif any(word.endswith("==0") for word in words):
    sys.exit("no matching distribution")
else:
    there |= dict(word.split("==") for word in words if "==" in word)
file.write_text(json.dumps(there))
"""
PACKAGES = {"anthropic": "0.39", "Jinja2": "3.1", "uvicorn": "0.30"}


class Here:
    """A checkout of the application one commit behind its origin, and packages in a file."""

    def __init__(self, folder):
        (folder / "llmops.toml").write_text(FILE)
        (folder / "bin").mkdir()
        (folder / "bin/python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (folder / "bin/python").chmod(0o755)
        (folder / "installed.json").write_text(json.dumps(PACKAGES))
        self.folder, self.app, self.origin = folder, folder / "app", folder / "origin"
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.origin)], check=True)
        self.old = self.commit("one")
        subprocess.run(["git", "clone", "-q", str(self.origin), str(self.app)], check=True)
        self.new = self.commit("two")
        (self.app / "pip.py").write_text(PIP)
        self.target = load(folder / "llmops.toml", None, folder, dict(os.environ))
        self.version, self.packages = hands_on(self.target, "version"), hands_on(self.target, "packages")

    def commit(self, text):
        (self.origin / "code.py").write_text(text)
        (self.origin / "requirements.txt").write_text("Jinja2\n" if text == "two" else "")
        self.git("add", "-A")
        self.git("-c", "user.name=ada", "-c", "user.email=ada@example.org", "commit", "-qm", text)
        return self.git("rev-parse", "HEAD")

    def git(self, *words, at=None):
        done = subprocess.run(["git", *words], cwd=at or self.origin, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    @property
    def installed(self):
        return json.loads((self.folder / "installed.json").read_text())


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return Here(tmp_path)


@pytest.fixture
def app(here, ledger):
    return connect(here.target, "app_command", ledger)


def test_there_and_back(here, app):
    with pytest.raises(CallFailed, match="no release that was here before has its packages recorded in deploys/"):
        app.run("previous_release")
    app.run("record_release")
    head, required = app.text("remote_head").strip(), app.text("required_packages").strip()
    here.version.act("set", {"value": head})
    assert (here.app / "code.py").read_text() == "two"
    assert here.git("status", "--short", "--branch", "-uno", at=here.app) == "## main...origin/main"
    assert required == "anthropic==0.39 Jinja2==3.2 pydantic_core==2.41 uvicorn==0.30"
    here.packages.act("set", {"value": required})
    app.run("record_release")

    assert app.text("previous_release").strip() == here.old
    packages = app.text("previous_packages").strip()
    here.version.act("set", {"value": here.old})
    assert here.packages.act("set", {"value": packages}).kept == {"value": packages}
    assert here.installed == PACKAGES
    assert (here.app / "code.py").read_text() == "one"
    assert app.text("previous_release").strip() == here.new


def test_what_was_changed_by_hand_is_said_and_never_overwritten(here, app):
    app.run("remote_head")
    app.run("clean_tree")
    (here.app / "code.py").write_text("by hand")
    with pytest.raises(CallFailed, match=r"the working tree is not what is checked out: code\.py"):
        app.run("clean_tree")
    with pytest.raises(ControlError, match="Could not reset index file"):
        here.version.act("set", {"value": here.new})
    assert (here.app / "code.py").read_text() == "by hand"


def test_packages_that_cannot_be_had(here):
    with pytest.raises(ControlError, match="pip install ended with 1: no matching distribution"):
        here.packages.act("set", {"value": "anthropic==0 Jinja2==3.1 uvicorn==0.30"})
    assert here.installed == PACKAGES


def test_migrations(here, app):
    assert app.run("migrate").output == ""
    (here.app / "scripts").mkdir()
    assert app.lines("migrations") == []
    (here.app / "scripts/migrate.py").write_text("print('0001_books')")
    assert app.lines("migrations") == ["scripts/migrate.py"]
    assert app.lines("migrate") == ["0001_books"]
