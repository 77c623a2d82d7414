import os
import signal
import subprocess
import sys
from importlib.util import find_spec

import pytest

from pytest_llmops import __version__
from pytest_llmops.target import profiles
from pytest_llmops.target.load import load

PROFILES = f"{', '.join(profiles.names())}."


def test_a_file_that_exists_is_not_overwritten(llmops, tmp_path):
    (tmp_path / "llmops.toml").write_text("mine")
    assert llmops("sandbox", "--write", "llmops.toml") == (
        1,
        "Error: llmops.toml exists; it was not changed. Give --write another name, or move it away.\n",
    )
    assert (tmp_path / "llmops.toml").read_text() == "mine"


def test_a_folder_that_is_not_there_is_said_before_anything_starts(llmops):
    assert llmops("sandbox", "--write", "no/demo.toml") == (
        1,
        "Error: --write no/demo.toml: there is no folder no; make it first.\n",
    )


def test_an_unknown_profile_names_the_nearest(llmops):
    status, said = llmops("sandbox", "--profile", "ragg")
    assert status == 1
    assert said == f"Error: --profile: unknown profile 'ragg'. Did you mean 'rag'? Profiles: {PROFILES}\n"


def test_an_unknown_engine_names_those_that_there_are(llmops):
    status, said = llmops("sandbox", "--engine", "llama")
    assert status == 2
    assert said.endswith("Error: Invalid value for '--engine': 'llama' is not one of 'synthetic', 'llama.cpp'.\n")


def test_the_version_is_the_packages(llmops):
    assert llmops("--version") == (0, f"llmops, version {__version__}\n")


def _run(tmp_path, how, *words):
    """What it says until it is ready, and after it was told to end."""
    command = [sys.executable, "-c", "from pytest_llmops.cli import main; main()", "sandbox"]
    process = subprocess.Popen(
        [*command, "--write", "llmops.toml", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    said = []
    while not (said and said[-1].startswith("Ready in")):
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        said.append(line)
    process.send_signal(how)
    rest, wrong = process.communicate(timeout=120)
    assert (process.returncode, rest, wrong) == (0, "", "")
    return said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_end_and_writes_the_file_that_points_at_it(tmp_path, how):
    said = _run(tmp_path, how, "--profile", "ollama")
    url = said[0].split()[1]
    assert said[0].split() == ["ollama", url]
    assert said[-2:] == ["written: llmops.toml\n", said[-1]]
    assert said[-1].endswith(" s. Ctrl-C ends it and leaves nothing behind but llmops.toml.\n")
    target = load(tmp_path / "llmops.toml", None, tmp_path)
    assert (target.name, target.table.profile, target.component("ollama").url) == ("sandbox", "ollama", url)
    assert not target.table.embedded
    control = target.component("ollama").control
    assert (control.driver, control.part) == ("sandbox", "llm")


def test_the_file_names_commands_services_and_folders_of_what_surrounds_a_system(tmp_path):
    said = _run(tmp_path, signal.SIGTERM, "--profile", "agent-aiops")
    target = load(tmp_path / "llmops.toml", None, tmp_path)
    declared = load(None, "sandbox:agent-aiops", tmp_path)
    assert target.component("searx").url in {line.split()[-1] for line in said if line.startswith("searx")}
    commands = target.component("app_command").commands
    assert commands.keys() == declared.component("app_command").commands.keys()
    assert commands["tool_needs"].argv[0] == sys.executable
    assert commands["tool_needs"].output == "json"
    assert target.component("ui").root.endswith("/root")
    assert target.table.settings.keys() == declared.table.settings.keys()
    assert {setting.root for setting in target.table.settings.values()} == {target.component("files").root}


def test_whatever_a_profile_can_set_is_set_in_its_sandbox(tmp_path):
    _run(tmp_path, signal.SIGTERM, "--profile", "aegis-rag")
    for name, setting in load(tmp_path / "llmops.toml", None, tmp_path).table.settings.items():
        words = (setting.read[0], setting.read[-1], setting.write[-2])
        assert words == (sys.executable, f"setting:{name}", f"setting:{name}")


def test_the_file_names_who_signs_the_certificate_of_a_fault(tmp_path):
    said = _run(tmp_path, signal.SIGTERM, "--fault", "api:tls-old")
    [api] = [line.split()[-1] for line in said if line.startswith("api ")]
    part = load(tmp_path / "llmops.toml", None, tmp_path).component("api")
    assert (part.url, part.url.partition(":")[0]) == (api, "https")
    assert part.tls.ca.endswith("/authority.pem")


@pytest.mark.skipif(not (find_spec("gguf") and find_spec("xllamacpp")), reason="needs pytest-llmops[llamacpp]")
def test_the_file_of_a_sandbox_that_knows_nothing_expects_nothing(tmp_path):
    _run(tmp_path, signal.SIGTERM, "--engine", "llama.cpp")
    target = load(tmp_path / "llmops.toml", None, tmp_path)
    declared = load(None, "sandbox", tmp_path)
    assert all(prompt.expect for prompt in declared.workload)
    assert target.workload.digest == declared.workload.digest
    assert not any(prompt.expect for prompt in target.workload)
