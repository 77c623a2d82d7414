"""Settings in the sandbox: read and set by their commands, or in their files, and what follows from them."""

import json
import subprocess
from dataclasses import replace

import pytest

from pytest_llmops.control.drivers import hands_on
from pytest_llmops.control.embedded import Sandbox, placed
from pytest_llmops.errors import ConfigError, ControlError
from pytest_llmops.sandbox import order
from pytest_llmops.sandbox.settings import Settings
from pytest_llmops.target.load import load

FILE = """
[targets.here]
environment = "sandbox"
[targets.here.components.app_command.commands.version]
argv = ["git", "describe"]
[targets.here.settings.version]
driver = "program"
read = ["git", "rev-parse", "HEAD"]
write = ["git", "checkout", "{value}"]
[targets.here.settings.packages]
driver = "program"
read = ["pip", "freeze"]
write = ["pip", "install", "{values}"]
[targets.here.settings.provider]
driver = "file"
file = "app.env"
pattern = "^PROVIDER=(.*)$"
[targets.here.sandbox.settings]
version = { ok = "v1", old = "v0" }
packages = { ok = "a==1 b==2" }
[targets.here.sandbox.commands.version]
ok = { output = "{setting.version} asks {setting.provider}" }
[targets.here.sandbox.files.config.ok]
"app.env" = { text = "A=1\\nPROVIDER=openai\\n" }
[[targets.here.sandbox.effects]]
setting = "version"
value = "v2.*"
faults = ["llm:errors=0.5"]
"""


def declared(folder, text=FILE):
    (folder / "llmops.toml").write_text(text)
    return load(folder / "llmops.toml", None, folder, {})


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    here = declared(tmp_path_factory.mktemp("settings"))
    sandbox = Sandbox(here, directory=tmp_path_factory.mktemp("sandbox") / "of-it")
    yield placed(here, sandbox.facts)
    sandbox.stop()


def test_what_is_set_is_printed(target):
    version, provider = hands_on(target, "version"), hands_on(target, "provider")
    assert version.status().kept == {"value": "v1"}
    assert version.act("set", {"value": "v2"}).kept == {"value": "v2"}
    assert provider.act("set", {"value": "anthropic"}).kept == {"value": "anthropic"}
    assert hands_on(target, "packages").act("set", {"value": "a==1 c==3"}).kept == {"value": "a==1 c==3"}
    command = target.table.components.app_command.commands["version"]
    assert printed(command.argv) == "v2 asks anthropic"


def printed(argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def stack(tmp_path):
    def of(*faults):
        here = declared(tmp_path)
        asked = here.table.model_dump(mode="json", include={"components", "sandbox", "settings"})
        found = order.read(json.dumps({**asked, "faults": list(faults), "directory": str(tmp_path / "sandbox")}))
        (tmp_path / "sandbox").mkdir(exist_ok=True)
        return found.stack

    return of


def test_a_command_may_print_something_else_once_a_process_was_started_anew(stack):
    settings = Settings(stack())
    settings.lay()
    assert settings.by_starts("{anew ui? 3|6} {n}") == "6 {n}"
    for said in ("6", "3"):
        settings.begins("ui")
        assert settings.by_starts("{anew ui? 3|6}") == said
    assert settings.by_starts("{anew llm? 3|6}") == "6"


def test_a_case_chooses_the_first_value(stack):
    settings = Settings(stack("version:old"))
    settings.lay()
    assert settings.read("version") == "v0"


def test_one_that_is_ignored_stays(stack):
    settings = Settings(stack("version:ignored"))
    settings.lay()
    settings.write("version", "v2")
    assert settings.read("version") == "v1"


def test_a_value_brings_its_faults(stack):
    here = stack("version:old")
    settings = Settings(here)
    settings.lay()
    assert "llm:errors" not in here.as_set().faults
    settings.write("version", "v2.1")
    assert here.as_set().faults.number("llm:errors", 0) == 0.5
    assert "version:old" in here.as_set().faults


def test_what_nobody_reads_brings_none(stack):
    here = stack("version:unread")
    settings = Settings(here)
    settings.lay()
    settings.write("version", "v2.1")
    assert (settings.faults(), settings.read("version")) == ([], "v2.1")


def test_only_some_faults_follow_at_once(stack):
    here = stack()
    settings = Settings(here)
    settings.lay()
    settings.write("version", "v2.1")
    assert (settings.faults(), settings.faults(at_once=True)) == (["llm:errors=0.5"], [])
    [effect] = here.sandbox.effects
    at_once = replace(
        here, sandbox=here.sandbox.model_copy(update={"effects": [effect.model_copy(update={"at_once": True})]})
    )
    assert Settings(at_once).faults(at_once=True) == ["llm:errors=0.5"]


def test_a_process_has_what_it_read_at_its_start(stack):
    here = stack()
    settings = Settings(here)
    settings.lay()
    settings.begins("api")
    began = here.as_set()
    settings.write("version", "v2")
    assert began.began["setting.version"] == "v1"
    assert (settings.shown()["setting.version@api"], settings.shown()["setting.version"]) == ("v1", "v2")


def test_a_setting_says_which_model_the_api_generates_with(stack):
    here = stack("version:old")
    assert here.model == "harbour-small"
    Settings(here).lay()
    by_setting = replace(here, sandbox=here.sandbox.model_copy(update={"model_setting": "version"}))
    assert by_setting.as_set().model == "v0"
    assert by_setting.model == "harbour-small"


def test_one_that_is_refused_says_so(tmp_path):
    here = declared(tmp_path)
    sandbox = Sandbox(here, ["version:refused, packages:once"], directory=tmp_path / "sandbox")
    try:
        packages = hands_on(placed(here, sandbox.facts), "packages")
        assert packages.act("set", {"value": "a==2"}).kept == {"value": "a==2"}
        with pytest.raises(ControlError, match="permission denied"):
            packages.act("set", {"value": "a==1 b==2"})
        hands = hands_on(placed(here, sandbox.facts), "version")
        with pytest.raises(ControlError, match="permission denied"):
            hands.act("set", {"value": "v2"})
        assert hands.status().kept == {"value": "v1"}
    finally:
        sandbox.stop()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('packages = { ok = "a==1 b==2" }', "", "settings.packages has no value in the sandbox"),
        ("version = { ok", "version = { first", "does not say what it is at first"),
        (
            "[targets.here.sandbox.settings]",
            "[targets.here.sandbox.settings]\nvresion = {ok=''}",
            "Did you mean 'version'",
        ),
        ('setting = "version"', 'setting = "provder"', "Did you mean 'provider'"),
        ('"llm:errors=0.5"', '"llm:erors=0.5"', "unknown fault 'llm:erors'"),
        (
            "[targets.here.components",
            '[targets.here.sandbox]\nmodel_setting = "verson"\n[targets.here.components',
            "sandbox.model_setting: there is no setting 'verson'. Did you mean 'version'",
        ),
    ],
)
def test_what_does_not_hold_together_is_refused(tmp_path, before, after, said):
    here = declared(tmp_path, FILE.replace(before, after))
    with pytest.raises(ConfigError, match=said):
        Sandbox(here, directory=tmp_path / "sandbox")
