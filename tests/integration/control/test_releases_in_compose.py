"""The commands by which enterprise-pipeline goes back, on a real engine and a real Compose: done, and taken back."""

import json
import os
import shutil
import stat
import subprocess
from contextlib import closing

import pytest

from pytest_llmops.errors import LlmopsError
from pytest_llmops.target.load import load

from ...conftest import in_turn
from ...lightning import Lightning, System
from .containers import IMAGE, SEEN, engine
from .rig import PYTHON, SERVE, answer, awaited, free_port

PROJECT = "enterprise-pipeline"
"""The folder's name, after which Compose names the project."""

BUILT, BEFORE = f"{PROJECT}-pipeline", f"{PROJECT}-pipeline:previous"
"""The image of the service, and the tag by which the profile knows the one that ran before."""

SERVED = """
import http.server, json, pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
here = pathlib.Path(__file__).parent
RELEASE = (here / "release.txt").read_text().strip()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        services = {"qdrant": {"status": "connected"}, "openrouter": "configured"}
        traces = sorted(path.name for path in here.glob("traces/*"))
        body = json.dumps({"status": "healthy", "services": services, "version": RELEASE, "traces": traces}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
STANDALONE = '#!/bin/sh\nif [ "$1" = compose ]; then shift; exec docker-compose "$@"; fi\nexec {docker} "$@"\n'
"""The command that the profile calls, where Compose is no plugin of it but a program of its own."""

OLD, NEW = "v1.0.0", "v1.1.0"
CHECK = 4
"""The step of a roll-back to another image before which that runs."""

FILE = """
[targets.staging]
profile = "enterprise-pipeline"
environment = "staging"
[targets.staging.components.api]
url = "http://127.0.0.1:PORT"
[targets.staging.components.api.control]
host = "HOST"
project = "PROJECT"
command = ["docker", "compose"]
""".replace("PROJECT", PROJECT)


class Checkout:
    """A checkout of two releases that differ in every service, of which the newer one runs."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self._ports = [free_port(), free_port()]
        folder.mkdir()
        self("git", "init", "-q", "-b", "main")
        (folder / "server.py").write_text(SERVED)
        (folder / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY server.py release.txt /app/\nWORKDIR /app\n")
        self._release(OLD)
        self("docker", "tag", BUILT, BEFORE)
        self._release(NEW)
        self("docker", "compose", "exec", "-T", "pipeline", "sh", "-c", "mkdir traces && touch traces/kept.json")

    def __call__(self, *words):
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        assert not done.returncode, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def _release(self, release):
        """Commit it, tag it, and have it run."""
        common = {"network_mode": "host", "volumes": [f"{one}:{one}:ro" for one in SEEN], "stop_grace_period": "1s"}
        pipeline = {"build": ".", "image": BUILT, "command": [PYTHON, "-I", "-S", "/app/server.py", str(self.port)]}
        beside = {"image": IMAGE, "environment": {"SET_BY": release}}
        redis, prometheus = ({**common, **beside, "command": [*SERVE, str(port)]} for port in self._ports)
        files = {
            "docker-compose.yaml": {"pipeline": {**common, **pipeline}, "redis": redis},
            "docker-compose.monitoring.yaml": {"prometheus": prometheus},
        }
        for name, services in files.items():  # YAML, as all JSON is
            (self.folder / name).write_text(json.dumps({"services": services}))
        (self.folder / "release.txt").write_text(release)
        self("git", "add", "-A")
        self("git", "-c", "user.name=ada", "-c", "user.email=ada@example.org", "commit", "-qm", release)
        self("git", "tag", release)
        self("docker", "compose", "up", "--detach", "--build")
        self("docker", "compose", "--file", "docker-compose.monitoring.yaml", "up", "--detach")

    def container(self, service):
        """As the engine describes the one that there is, whatever Compose calls it."""
        labels = [f"label=com.docker.compose.{key}" for key in (f"project={PROJECT}", f"service={service}")]
        (one,) = self("docker", "ps", "--all", "--quiet", "--filter", labels[0], "--filter", labels[1]).split()
        return json.loads(self("docker", "inspect", one))[0]

    @property
    def served(self):
        """The release that answers, and what it holds of its traces."""
        said = json.loads(awaited(lambda: answer(self.port)))
        return said["version"], said["traces"]

    @property
    def beside(self):
        """The release by whose files the other services run, and whether they do."""
        found = {service: self.container(service) for service in ("redis", "prometheus")}
        return {
            service: next(one[7:] for one in seen["Config"]["Env"] if one.startswith("SET_BY="))
            for service, seen in found.items()
            if seen["State"]["Running"]
        }

    @property
    def branch(self):
        return self("git", "rev-parse", "--abbrev-ref", "HEAD")


@pytest.fixture(scope="module")
def compose(tmp_path_factory):
    """The profile's ``docker compose``, and an engine for it."""
    patch = pytest.MonkeyPatch()
    with engine() as host:
        patch.setenv("DOCKER_HOST", host)
        patch.setenv("DOCKER_BUILDKIT", "0")
        patch.setenv("COMPOSE_DOCKER_CLI_BUILD", "0")  # of the standalone program
        if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
            if shutil.which("docker-compose") is None:
                pytest.skip("Compose is not installed")
            command = tmp_path_factory.mktemp("bin") / "docker"
            command.write_text(STANDALONE.format(docker=shutil.which("docker")))
            command.chmod(command.stat().st_mode | stat.S_IXUSR)
            patch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
        yield host
    patch.undo()


@pytest.fixture(scope="module")
def checkout(compose, tmp_path_factory):
    """The newer release runs, in containers, and was asked something."""
    made = Checkout(tmp_path_factory.mktemp("srv") / PROJECT, free_port())
    yield made
    made("docker", "compose", "--file", "docker-compose.monitoring.yaml", "down", "--timeout", "1")
    made("docker", "compose", "down", "--timeout", "1", "--remove-orphans")


@pytest.fixture
def staging(compose, checkout):
    """The target, of which all is as it was once the test is over."""
    file = checkout.folder / "llmops.toml"
    file.write_text(FILE.replace("PORT", str(checkout.port)).replace("HOST", compose))
    before = checkout.container("pipeline")["Image"]
    assert checkout.served == (NEW, ["kept.json"])
    target = load(file, "staging", checkout.folder, {**os.environ, "ENTERPRISE_PIPELINE_KEY": "a-key-of-the-pipeline"})
    with closing(System(target, checkout.folder)) as system:
        yield system
    assert checkout.served == (NEW, ["kept.json"])
    assert checkout.container("pipeline")["Image"] == before
    assert checkout.beside == {"redis": NEW, "prometheus": NEW}
    assert checkout.branch == "main"
    assert not (checkout.folder / ".llmops-records").exists()


@pytest.fixture
def taken_back(staging):
    """Take a change back, or say why that could not be."""

    def taken_back(change):
        assert change.undo(), [failure.why for failure in staging.journal.story.failed.values()]

    return taken_back


@in_turn(0, of=2)
def test_an_image_is_rolled_back_and_that_is_taken_back(staging, checkout, taken_back):
    was = checkout.container("pipeline")
    operation, change = staging.operation("rollback-image", Lightning())
    done = operation.carry_out()
    now = checkout.container("pipeline")
    assert now["Id"] != was["Id"]
    assert now["Image"] == checkout("docker", "image", "inspect", "--format", "{{.Id}}", BEFORE)
    assert (done.before, done.values) == ({"image": was["Image"]}, {"image": now["Image"]})
    assert checkout.served == (OLD, ["kept.json"])
    taken_back(change)


@in_turn(1, of=2)
def test_a_roll_back_that_fails_is_taken_back(staging, taken_back):
    operation, change = staging.operation("rollback-image", Lightning(CHECK, "before"))
    with pytest.raises(LlmopsError, match="step 4 of 5, check api: struck"):
        operation.carry_out()
    taken_back(change)


def test_all_services_are_as_the_release_before_says(staging, checkout, taken_back):
    _, change = staging.operation("rollback-full", Lightning())
    change.set("whole_release", value=OLD)
    assert checkout.served == (OLD, ["kept.json"])
    assert checkout.beside == {"redis": OLD, "prometheus": OLD}
    assert staging.client("app_command").run("checkout_is_clean")
    taken_back(change)


def test_what_runs_still_is_named(staging, checkout):
    with pytest.raises(LlmopsError, match=r"still running: .*prometheus"):
        staging.client("app_command").run("nothing_runs")
    assert checkout.beside
