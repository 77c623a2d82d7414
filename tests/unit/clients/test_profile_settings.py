"""What the commands of the profiles' settings do, over a Docker of files: what they leave, and what they never lose."""

import json
import os
import subprocess
import sys

import pytest

from pytest_llmops.control.drivers import hands_on
from pytest_llmops.errors import ControlError
from pytest_llmops.target.load import load

DOCKER = """
import json, pathlib, re, shutil, sys
words = sys.argv[1:]
here = pathlib.Path("../engine.json")
engine = json.loads(here.read_text())
engine["said"].append(words)
app = pathlib.Path("../container")
if words[:2] == ["compose", "up"]:
    shutil.rmtree(app)
    (app / "app").mkdir(parents=True)
    if engine.pop("broken", False):
        here.write_text(json.dumps(engine))
        sys.exit("no space left on device")
    if "model" in engine:
        over = pathlib.Path("docker-compose.override.yml")
        named = re.findall("OLLAMA_MODEL: '(.*)'", over.read_text()) if over.exists() else [engine["model"]]
        engine["shows"] = "PATH=/bin\\nOLLAMA_MODEL=" + named[0]
    if "volume" in engine:
        over = pathlib.Path("docker-compose.override.yml")
        named = re.findall("llmops_empty: {name: '(.*)'}", over.read_text()) if over.exists() else [engine["volume"]]
        engine["shows"] = named[0]
elif words[0] == "compose" and "ps" in words:
    print(*engine.get("services", ["c1"]), sep="\\n")
elif words[0] == "cp":
    source, place = (word.replace("c1:/", "../container/") for word in words[1:])
    into = pathlib.Path(place)
    shutil.copytree(source, into / pathlib.Path(source).name if place.endswith("/") else into, dirs_exist_ok=True)
elif words[0] == "inspect":
    print(engine["shows"])
here.write_text(json.dumps(engine))
"""


class Docker:
    """An engine with one container, whose files lie in a folder."""

    def __init__(self, folder, profile):
        self.folder = folder
        (folder / "llmops.toml").write_text(f'[targets.here]\nprofile = "{profile}"\n')
        (folder / "bin").mkdir()
        (folder / "docker.py").write_text(DOCKER)
        (folder / "bin/docker").write_text(f'#!/bin/sh\nexec {sys.executable} {folder / "docker.py"} "$@"\n')
        (folder / "bin/docker").chmod(0o755)
        (folder / "checkout").mkdir()
        self.traces = folder / "container/app/traces/day.jsonl"
        self.traces.parent.mkdir(parents=True)
        self.traces.write_text("one")
        self.is_so(said=[], shows="")

    def is_so(self, **engine):
        (self.folder / "engine.json").write_text(json.dumps({"said": [], "shows": "", **engine}))

    @property
    def said(self):
        return [" ".join(words) for words in json.loads((self.folder / "engine.json").read_text())["said"]]

    def set(self, name, value):
        self.driver(name).write(value, 20)

    def driver(self, name):
        text = (self.folder / "llmops.toml").read_text()
        (self.folder / "llmops.toml").write_text(f'{text}[targets.here.settings]\n{name} = {{ root = "checkout" }}\n')
        target = load(self.folder / "llmops.toml", None, self.folder, dict(os.environ))
        (self.folder / "llmops.toml").write_text(text)
        return hands_on(target, name).driver


@pytest.fixture
def docker(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return lambda profile: Docker(tmp_path, profile)


def test_records_in_a_container_outlive_one_that_breaks_off(docker):
    engine = docker("enterprise-pipeline")
    engine.is_so(broken=True, shows="pipeline")
    with pytest.raises(ControlError, match="no space left on device"):
        engine.set("image", "sha256:0a1b")
    assert not engine.traces.exists()
    engine.set("image", "sha256:6f0c")
    assert engine.traces.read_text() == "one"
    assert not list((engine.folder / "checkout").iterdir())


@pytest.mark.parametrize(
    ("memory", "swap", "given"), [("4096", "8192", "10240"), ("4096", "4096", "6144"), ("4096", "-1", "-1")]
)
def test_more_memory_leaves_the_swap_as_it_is(docker, memory, swap, given):
    engine = docker("aegis-rag")
    engine.is_so(shows=f"{memory} {swap}")
    engine.set("qdrant_memory", "6144")
    assert engine.said[-1] == f"update --memory 6144 --memory-swap {given} aegis-qdrant-1"


def test_a_release_taken_back_is_on_its_branch_again(docker):
    engine = docker("enterprise-pipeline")
    engine.is_so(shows="pipeline", services=["c1"])

    def git(*words):
        person = ("-c", "user.name=n", "-c", "user.email=n@example.org")
        subprocess.run(["git", *person, *words], cwd=engine.folder / "checkout", check=True)

    git("init", "--quiet", "--initial-branch", "main")
    git("commit", "--quiet", "--allow-empty", "--message", "one")
    git("tag", "v1.3.0")
    git("commit", "--quiet", "--allow-empty", "--message", "two")
    release = engine.driver("release")
    was = release.read(20)
    release.write("v1.3.0", 20)
    assert (was, release.read(20)) == ("main", "v1.3.0")
    release.write(was, 20)
    assert release.read(20) == "main"
    assert engine.traces.read_text() == "one"


def test_another_model_leaves_the_compose_file_alone_and_nothing_once_taken_back(docker):
    engine = docker("aegis-rag")
    engine.is_so(model="deepseek-r1:7b", shows="OLLAMA_MODEL=deepseek-r1:7b")
    compose = engine.folder / "checkout/docker-compose.yml"
    compose.write_text("OLLAMA_MODEL=${OLLAMA_MODEL:-deepseek-r1:7b}")
    engine.set("api_model", "deepseek-r1:8b")
    assert "OLLAMA_MODEL=deepseek-r1:8b" in json.loads((engine.folder / "engine.json").read_text())["shows"]
    assert compose.read_text() == "OLLAMA_MODEL=${OLLAMA_MODEL:-deepseek-r1:7b}"
    engine.set("api_model", "deepseek-r1:7b")
    assert "OLLAMA_MODEL=deepseek-r1:7b" in json.loads((engine.folder / "engine.json").read_text())["shows"]
    assert [file.name for file in compose.parent.iterdir()] == ["docker-compose.yml"]


def test_an_override_file_of_somebody_else_is_not_written_over(docker):
    engine = docker("aegis-rag")
    (engine.folder / "checkout/compose.override.yml").write_text("services: {}\n")
    with pytest.raises(ControlError, match=r"compose\.override\.yml is not of llmops"):
        engine.set("api_model", "deepseek-r1:8b")
    assert engine.said == []


def test_qdrants_own_volume_is_set_aside_and_only_the_empty_one_is_ever_removed(docker):
    engine = docker("enterprise-pipeline")
    own, empty = "enterprise-pipeline_qdrant_data", "enterprise-pipeline_llmops_empty"
    engine.is_so(volume=own, shows=own)
    driver = engine.driver("qdrant_volume")
    driver.write(empty, 20)
    assert driver.read(20) == empty
    assert not [line for line in engine.said if line.startswith("volume rm")]
    assert all("--no-start" in line for line in engine.said if line.startswith("compose up"))
    driver.write(own, 20)
    assert driver.read(20) == own
    assert [line for line in engine.said if line.startswith("volume rm")] == [f"volume rm {empty}"]
    assert not list((engine.folder / "checkout").iterdir())


@pytest.mark.parametrize(("services", "made"), [(["backend", "redis"], 1), ([], 0)])
def test_new_images_start_nothing_that_was_stopped(docker, services, made):
    engine = docker("voyageur")
    engine.is_so(services=services)
    engine.set("images", "redis:7=sha256:b120 backend=sha256:0b91")
    assert engine.said[:2] == ["tag sha256:b120 redis:7", "tag sha256:0b91 backend"]
    ups = [line for line in engine.said if " up " in line]
    assert len(ups) == made
    assert all(line.endswith("up --detach --no-build --no-deps backend redis") for line in ups)
