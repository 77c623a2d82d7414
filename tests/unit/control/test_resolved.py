"""What is written down of a table means the same in another folder, another environment and another shell."""

import pytest
from pydantic import TypeAdapter

from pytest_llmops.control.drivers import hands_by, hands_on
from pytest_llmops.control.embedded import placed
from pytest_llmops.errors import Unsupported
from pytest_llmops.target.control import Control
from pytest_llmops.target.load import Target, load
from pytest_llmops.target.models import TargetTable

USUAL = "unix:///var/run/docker.sock"


@pytest.mark.parametrize(
    ("host", "environ", "resolved"),
    [
        (None, {"DOCKER_HOST": ""}, USUAL),
        (None, {"DOCKER_HOST": "tcp://10.0.0.1:2375"}, "tcp://10.0.0.1:2375"),
        ("unix:///s", {"DOCKER_HOST": "tcp://10.0.0.1:2375"}, "unix:///s"),
        (None, {"DOCKER_HOST": "ssh://ops@10.0.0.1"}, "ssh://ops@10.0.0.1"),
        (None, {"DOCKER_HOST": "tcp://ops:kettle@10.0.0.1:2375"}, "tcp://ops@10.0.0.1:2375"),
        ("tcp://[", {}, "tcp://["),
    ],
)
@pytest.mark.parametrize("table", [{"driver": "docker", "container": "x"}, {"driver": "compose", "service": "x"}])
def test_which_engine_it_was(hands_with, table, host, environ, resolved):
    table = table | ({"host": host} if host else {})
    assert hands_with(environ, **table).control.host == resolved


@pytest.mark.parametrize(
    ("table", "environ", "resolved"),
    [
        (
            {"driver": "compose", "service": "x"},
            {"COMPOSE_PROJECT_NAME": "staging"},
            {"file": "{}/docker-compose.yml", "project": "staging"},
        ),
        ({"driver": "compose", "service": "x", "project": "own"}, {"COMPOSE_PROJECT_NAME": "p"}, {"project": "own"}),
        (
            {"driver": "process", "pid_file": "run/pid", "log": "/var/log/x"},
            {},
            {"pid_file": "{}/run/pid", "log": "/var/log/x", "cwd": "{}", "port": None},
        ),
        ({"driver": "command", "status": ["true"], "cwd": "tools"}, {}, {"cwd": "{}/tools"}),
        ({"driver": "command", "status": ["true"]}, {}, {"cwd": "{}"}),
        ({"driver": "systemd", "unit": "x.service"}, {}, {"unit": "x.service"}),
        ({"driver": "supervisor", "program": "x"}, {}, {"url": "unix:///run/supervisor.sock"}),
    ],
)
def test_where_it_was(hands_with, tmp_path, table, environ, resolved):
    control = hands_with(environ, **table).control
    found = control.model_dump(mode="json")
    assert {key: found[key] for key in resolved} == {
        key: value and value.format(tmp_path) for key, value in resolved.items()
    }
    other = Target(name="here", table=TargetTable(), root=tmp_path / "elsewhere", environ={"DOCKER_HOST": "tcp://x:1"})
    assert hands_by(TypeAdapter(Control).validate_python(found), other, "ollama").control == control


def test_a_person_is_told_the_engine_of_the_environment_and_no_password(hands_with, tmp_path):
    docker, compose = {"driver": "docker", "container": "x"}, {"driver": "compose", "service": "x", "command": ["dc"]}
    with_password = {"DOCKER_HOST": "tcp://ops:kettle@10.0.0.1:2375"}
    assert hands_with(with_password, **docker).driver.by_hand("stop", {}) == "docker -H tcp://ops@10.0.0.1:2375 stop x"
    assert hands_with(with_password, **compose).driver.by_hand("stop", {}) == (
        f"DOCKER_HOST=tcp://ops@10.0.0.1:2375 dc -f {tmp_path}/docker-compose.yml stop x"
    )
    usual = {"DOCKER_HOST": ""}
    assert hands_with(usual, **docker).driver.by_hand("stop", {}) == "docker stop x"
    assert hands_with(usual, **compose).driver.by_hand("stop", {}) == f"dc -f {tmp_path}/docker-compose.yml stop x"


def test_a_person_is_told_at_once_though_compose_cannot_be_asked(hands_with, tmp_path):
    typed = hands_with({"PATH": str(tmp_path), "DOCKER_HOST": ""}, driver="compose", service="x").driver.by_hand
    assert typed("stop", {}) == f"docker compose -f {tmp_path}/docker-compose.yml stop x"


@pytest.mark.parametrize(
    ("table", "note"),
    [
        ({"driver": "docker", "container": "x"}, "host holds a password, which no engine takes; leave it out"),
        ({"driver": "compose", "service": "x"}, "host holds a password, which no engine takes; leave it out"),
        ({"driver": "supervisor", "program": "x"}, "url holds a password; name it in auth instead"),
    ],
)
def test_a_password_in_an_address_is_noted_and_held_for_redaction(target_with, table, note):
    key = note.partition(" ")[0]
    target = target_with(**table, **{key: "http://deploy:kettle@10.0.0.1:9001"})
    assert target.notes == (f"llmops.toml: [targets.here.components.ollama.control] {note}",)
    assert "kettle" not in repr([target, target.component("ollama").control])
    assert target.known_secrets() == {"ollama": ["deploy:kettle", "kettle"]}
    user_alone = target_with({"DOCKER_HOST": ""}, **table, **{key: "ssh://deploy@10.0.0.1"})
    assert (user_alone.notes, user_alone.known_secrets()) == ((), {"ollama": []})


def test_of_a_component_without_a_table_it_is_said_what_to_write(tmp_path):
    file = tmp_path / "llmops.toml"
    file.write_text('[targets.here.components.ollama]\nurl = "http://127.0.0.1:1"\n')
    with pytest.raises(Unsupported) as raised:
        hands_on(load(file, None, tmp_path, {}), "ollama")
    assert str(raised.value) == (
        "llmops.toml: [targets.here] says no way to stop or start ollama; "
        "give it one: [targets.here.components.ollama.control] driver = …"
    )


DOCKER = '[targets.demo.components.{name}.control]\ndriver = "docker"\ncontainer = "real-{name}"\n'


def test_the_hands_on_an_embedded_target_are_never_those_on_the_real_one(tmp_path):
    file = tmp_path / "llmops.toml"
    tables = "".join(DOCKER.format(name=name) for name in ("ollama", "logs"))
    file.write_text(f'[targets.demo]\nprofile = "sandbox"\nenvironment = "sandbox"\n{tables}')
    declared = load(file, "demo", tmp_path, {})
    here = placed(declared, {"components": {}, "environ": {}, "knows": True, "root": "/r", "socket": "/s"})
    assert hands_on(here, "ollama").driver.what == "part llm of the sandbox"
    assert here.component("ollama").control.socket == "/s"
    assert here.component("logs").control is None
    for target, component in ((declared, "ollama"), (declared, "logs"), (here, "logs")):
        with pytest.raises(Unsupported) as raised:
            hands_on(target, component)
        assert str(raised.value) == (
            f"demo is embedded, and no process of its sandbox stands for {component}; "
            f"describe one: [targets.demo.sandbox.processes.{component}]"
        )
