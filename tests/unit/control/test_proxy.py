"""A fault proxy as what is changed: journalled, taken back, recovered, and what is said where it is not there."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import ConfigError, ControlError, Unsupported
from pytest_llmops.proxy.life import ask
from pytest_llmops.state.journal import Journal
from pytest_llmops.target.load import load

FILE = """
[targets.here.components.api]
url = "http://127.0.0.1:9"
[targets.here.components.ollama]
url = "http://127.0.0.1:{upstream}"
[targets.here.proxies.to-ollama]
component = "ollama"
listen = "127.0.0.1:{port}"
socket = "told"
deadline = "5 s"
"""


def free():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@pytest.fixture
def target(tmp_path):
    (tmp_path / "llmops.toml").write_text(FILE.format(upstream=free(), port=free()))
    return load(tmp_path / "llmops.toml", None, tmp_path, {"PATH": os.environ["PATH"]})


def started(target, name="to-ollama"):
    command = [sys.executable, "-c", "from pytest_llmops.cli import main; main()", "proxy", name]
    return subprocess.Popen(command, cwd=target.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def standing(target):
    with started(target) as process:
        said = process.stdout.readline()
        assert said.endswith(f"told at {target.root}/told. Ctrl-C ends it.\n")
        assert f"{target.table.proxies['to-ollama'].listen} -> ollama at 127.0.0.1:" in said
        yield process
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def changing(target):
    journal = Journal.of(target.state_folder, target.name)
    opened = {"test": "a test", "run": "a run"}
    return Change(target, journal, Interruption(), opened=opened, say=[].append, may_begin=lambda: None)


def mode(target):
    return ask(str(target.root / "told"), None, 5)["mode"]


@pytest.mark.usefixtures("standing")
def test_is_told_and_lets_all_pass_again(target):
    change = changing(target)
    name = change.proxy_between("api", "ollama")
    assert change.set(name, value="delay 2").detail == "delay 2"
    assert mode(target) == "delay 2"
    assert change.undo()
    assert mode(target) == "pass"


@pytest.mark.usefixtures("standing")
def test_is_recovered_by_the_journal_alone(target):
    changing(target).set("to-ollama", value="refuse")  # and whoever made the change is gone
    (target.root / "llmops.toml").unlink()
    [one] = recoveries(target.state_folder)
    [step] = one.journal.story.open.values()
    by_hand = f"{sys.executable} -m pytest_llmops.proxy {target.root}/told pass"
    assert list(step.by_hand) == [by_hand]
    told = subprocess.run(by_hand.split(), check=True, capture_output=True, text=True)
    assert told.stdout == '{"mode": "pass", "connections": 0}\n'
    ask(str(target.root / "told"), "blackhole", 5)
    assert one.carry_out([].append)
    assert mode(target) == "pass"
    assert recoveries(target.state_folder) == []


@pytest.mark.usefixtures("standing")
def test_what_is_no_mode_is_refused(target):
    change = changing(target)
    with pytest.raises(ControlError, match=r"^to-ollama: 'slow' is no mode of a proxy"):
        change.set("to-ollama", value="slow")
    assert change.undo()
    assert mode(target) == "pass"


def test_one_that_is_not_there_is_not_changed(target):
    change = changing(target)
    with pytest.raises(ControlError, match=r"is not told anything at .*told: .* Start it: llmops proxy NAME\.$"):
        change.set("to-ollama", value="delay 2")
    assert change.acts == 0
    with pytest.raises(Unsupported, match="has no fault proxy between api and qdrant; describe one:"):
        change.proxy_between("api", "qdrant")


def test_a_name_that_is_none(target):
    with started(target, "to-olama") as process:
        assert "has no proxy 'to-olama'. Did you mean 'to-ollama'?" in process.stderr.read()


@pytest.mark.parametrize(
    ("was", "wrong", "why"),
    [
        ('component = "ollama"', 'component = "olama"', "proxies.to-ollama.component: 'olama' is no component"),
        ("proxies.to-ollama", "proxies.api", "proxies.api: a component is called so; call the proxy otherwise"),
        ('listen = "127.0.0.1:', 'listen = "http://127.0.0.1:', "is no address; write 'HOST:PORT'"),
    ],
)
def test_a_table_that_does_not_hold(was, wrong, why, target):
    file = target.root / "llmops.toml"
    file.write_text(file.read_text().replace(was, wrong))
    with pytest.raises(ConfigError, match=why):
        load(file, None, target.root, {})
