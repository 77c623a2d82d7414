"""Real programs behind the reviews of the supply chain: git, pip-audit, apt-get, as the profiles call them."""

import json
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.dependencies import Dependencies, Vulnerable
from pytest_llmops.clients.system_packages import SystemPackages
from pytest_llmops.errors import Vacuous
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target import profiles
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import Budget, TargetTable

from ..conftest import SEED, WHOLE

PROFILES = ("agent-aiops", "document-enhancer")
"""Those that look for updates of the system."""


def words(profile, name):
    return profiles.read(profile)["components"]["app_command"]["commands"][name]["argv"]


@pytest.fixture
def app(tmp_path):
    """Commands that run in a folder of their own: ``app(name=[words])``."""

    def app(**commands):
        tables = {name: {"argv": argv, "exit": [0, 1], "deadline": "120 s"} for name, argv in commands.items()}
        components = {"app_command": {"commands": tables, "root": "app"}}
        (tmp_path / "app").mkdir(exist_ok=True)
        table = TargetTable.model_validate({"environment": "staging", "components": components})
        target = Target("staging", table, tmp_path, tmp_path / "llmops.toml")
        return connect(target, "app_command", Ledger(tmp_path / "ledger", Budget()))

    return app


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_says_which_secrets_it_has(app, tmp_path):
    commands = app(secrets_tracked=words("voyageur", "secrets_tracked"))
    folder = tmp_path / "app"
    for name in (".env", ".env.example", "sub/.env.production", "sub/server.key", "environment.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("A=1\n")

    def git(*rest):
        subprocess.run(["git", "-c", "core.excludesFile=", *rest], cwd=folder, check=True, capture_output=True)

    git("init", "--quiet")
    git("add", ".env.example", "environment.py")
    assert commands.lines("secrets_tracked") == []
    git("add", "--all")
    assert commands.lines("secrets_tracked") == [".env", "sub/.env.production", "sub/server.key"]
    git("rm", "--quiet", "--cached", ".env", "sub/.env.production", "sub/server.key")
    assert commands.lines("secrets_tracked") == []


class Advisories(BaseHTTPRequestHandler):
    """Stands for the OSV service: of one package it knows a vulnerability."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = asked["package"]["name"] == "holey"
        bug = {
            "id": "PYSEC-2026-1",
            "summary": "a hole",
            "affected": [
                {"package": {"name": "holey", "ecosystem": "PyPI"}, "ranges": [], "versions": ["1.0"]},
            ],
        }
        bug["affected"][0]["ranges"] = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]}]
        text = json.dumps({"vulns": [bug]} if known else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *said):
        """Say nothing."""


@pytest.fixture
def advisories():
    server = HTTPServer(("127.0.0.1", 0), Advisories)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def audit(app, advisories, tmp_path):
    """The words of aegis-rag's audit, with a list of packages in the place of its container's."""
    pytest.importorskip("pip_audit")
    script = words("aegis-rag", "pip_audit")[2]
    here = f"{sys.executable} -m pip_audit --vulnerability-service osv --osv-url {advisories} "
    here += f"--cache-dir {tmp_path / 'cache'} --requirement"
    assert "docker compose exec -T api python -m pip list --format freeze" in script
    script = script.replace("docker compose exec -T api python -m pip list --format freeze", "cat packages")
    script = script.replace("pip-audit --requirement", here)

    def audit(packages):
        commands = app(pip_audit=["sh", "-c", script])
        (tmp_path / "app" / "packages").write_text(packages)
        return Dependencies(commands).audit()

    return audit


def test_pip_audit_finds_what_is_known(audit):
    found = audit("holey==1.0\nwhole==2.0\n")
    assert found.vulnerable == (Vulnerable("holey", "1.0", "PYSEC-2026-1", "1.2"),)
    assert found.skipped == ()


def test_a_package_that_pip_audit_leaves_out_makes_it_say_nothing(audit):
    found = audit("whole==2.0\nours @ https://127.0.0.1:9/ours.zip\n")
    assert found.vulnerable == ()
    assert [one.partition(" ")[0] for one in found.skipped] == ["ours"]
    with pytest.raises(Vacuous, match="could not look up: ours"):
        found.whole()


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="this machine has no apt-get")
@pytest.mark.parametrize("profile", PROFILES if WHOLE else [PROFILES[SEED % len(PROFILES)]])
def test_apt_get_says_what_waits(app, profile):
    names = ("system_updates", "packages_held", "package_lists")
    packages = SystemPackages(app(**{name: words(profile, name) for name in names}), lambda: 4e9)
    waiting = packages.updates()
    assert all(one.newer and one.origins for one in waiting)
    assert {one.name for one in packages.security_updates()} <= {one.name for one in waiting}
    assert packages.lists_age_s() > 1e9
