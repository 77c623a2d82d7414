"""Settings: read, set, taken back to the byte, kept where they are to stay, and never with a secret in the journal."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.control import hands
from pytest_llmops.control.change import Change
from pytest_llmops.control.drivers import hands_on
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import ConfigError, ControlError, Unsupported
from pytest_llmops.state.journal import Journal
from pytest_llmops.target.load import load

FILE = """
[targets.here.components.api]
url = "http://127.0.0.1:9"
auth = { bearer = "TOKEN" }
[targets.here.settings.provider]
driver = "file"
file = "app.env"
pattern = "^PROVIDER=(.*)$"
[targets.here.settings.version]
driver = "program"
read = ["cat", "version"]
write = ["sh", "-c", "test {value} != v9 && echo {value} > version"]
[targets.here.settings.packages]
driver = "program"
read = ["cat", "packages"]
write = ["sh", "-c", 'printf "%s\\n" "$@" > packages', "sh", "{values}"]
"""
ENV = b"A=1\r\nPROVIDER=openai\r\n# PROVIDER=none\nLAST=\xc3\xa4"


@pytest.fixture
def target(tmp_path):
    (tmp_path / "llmops.toml").write_text(FILE)
    (tmp_path / "app.env").write_bytes(ENV)
    (tmp_path / "version").write_text("v1\n")
    (tmp_path / "packages").write_text("a==1\nb==2\n")
    return load(tmp_path / "llmops.toml", None, tmp_path, {"TOKEN": "s3cr3t-of-ours", "PATH": os.environ["PATH"]})


def changing(target, said=None):
    journal = Journal.of(target.state_folder, target.name)
    opened = {"test": "a test", "run": "a run"}
    say = (said if said is not None else []).append
    return Change(target, journal, Interruption(), opened=opened, say=say, may_begin=lambda: None)


def test_is_set_and_taken_back_to_the_byte(target):
    said = []
    change = changing(target, said)
    seen = change.set("provider", value="anthropic")
    change.set("version", value="v2")
    change.set("packages", value="a==2 c==3")
    assert seen.kept == {"value": "anthropic"}
    assert (target.root / "app.env").read_bytes() == ENV.replace(b"PROVIDER=openai\r", b"PROVIDER=anthropic")
    assert (target.root / "packages").read_text() == "a==2\nc==3\n"
    assert change.undo()
    assert (target.root / "app.env").read_bytes() == ENV
    assert (target.root / "version").read_text() == "v1\n"
    assert (target.root / "packages").read_text() == "a==1\nb==2\n"
    assert said[-1] == "undoing set of provider: back to 'openai\\r'"


def test_what_is_kept_stays_and_the_rest_does_not(target):
    change = changing(target)
    change.set("provider", value="anthropic")
    change.set("version", value="v2")
    change.keep("version")
    assert change.undo()
    assert (target.root / "app.env").read_bytes() == ENV
    assert (target.root / "version").read_text() == "v2\n"
    assert recoveries(target.state_folder) == []


def test_all_is_kept(target):
    change = changing(target)
    change.set("provider", value="anthropic")
    change.set("version", value="v2")
    change.keep()
    assert change.undo()
    assert (target.root / "version").read_text() == "v2\n"
    assert recoveries(target.state_folder) == []


def test_what_is_set_after_it_was_kept_goes_back_to_what_was_kept(target):
    change = changing(target)
    change.set("version", value="v2")
    change.keep()
    change.set("version", value="v3")
    assert change.undo()
    assert (target.root / "version").read_text() == "v2\n"


def test_is_recovered_by_the_journal_alone(target):
    changing(target).set("provider", value="anthropic")
    (target.root / "llmops.toml").unlink()
    [recovery] = recoveries(target.state_folder)
    assert recovery.carry_out(lambda line: None)
    assert (target.root / "app.env").read_bytes() == ENV


def test_a_kept_line_that_was_cut_short_keeps_nothing(target):
    change = changing(target)
    change.set("version", value="v2")
    change.keep()
    journal = Journal.of(target.state_folder, target.name).path
    journal.write_bytes(journal.read_bytes()[:-2])
    [recovery] = recoveries(target.state_folder)
    assert recovery.carry_out(lambda line: None)
    assert (target.root / "version").read_text() == "v1\n"


def test_a_refusal_leaves_it(target):
    change = changing(target)
    with pytest.raises(ControlError, match="ended with 1"):
        change.set("version", value="v9")
    assert change.undo()
    assert (target.root / "version").read_text() == "v1\n"


def test_what_does_not_take_is_said(target, clock):
    clock(hands)
    (target.root / "version").chmod(0o444)
    table = target.table.settings["version"].model_copy(update={"write": ["echo", "{value}"], "deadline": 60.0})
    settings = {**target.table.settings, "version": table}
    target.table.__dict__["settings"] = settings
    change = changing(target)
    with pytest.raises(ControlError, match=r"version: set of what 'cat version' prints was not seen within 60 s"):
        change.set("version", value="v2")


def test_its_secrets_are_never_written_down(target):
    (target.root / "app.env").write_text("PROVIDER=s3cr3t-of-ours\n")
    change = changing(target)
    with pytest.raises(ControlError, match="holds a secret, which is never written down") as refused:
        change.set("provider", value="anthropic")
    assert "s3cr3t" not in str(refused.value)
    assert not Journal.of(target.state_folder, target.name).path.exists()


def test_a_component_is_not_set(target):
    with pytest.raises(Unsupported, match="says no way to stop or start api"):
        changing(target).set("api", replicas=2)


@pytest.mark.parametrize(("text", "times"), [("A=1\n", 0), ("PROVIDER=a\nPROVIDER=b\n", 2)])
def test_a_pattern_that_does_not_match_once_is_refused(target, text, times):
    (target.root / "app.env").write_text(text)
    with pytest.raises(ControlError, match=f"matches {times} times, and should once"):
        changing(target).set("provider", value="x")
    assert (target.root / "app.env").read_text() == text


def test_a_link_and_its_mode_stay(target):
    place = target.root / "elsewhere.env"
    (target.root / "app.env").rename(place)
    place.chmod(0o640)
    (target.root / "app.env").symlink_to(place)
    changing(target).set("provider", value="anthropic")
    assert (target.root / "app.env").is_symlink()
    assert b"anthropic" in place.read_bytes()
    assert stat.S_IMODE(place.stat().st_mode) == 0o640


@given(
    value=st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"),
        max_size=20,
    )
)
def test_any_value_comes_back(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("any")
    (folder / "llmops.toml").write_text(FILE)
    (folder / "app.env").write_bytes(ENV)
    target = load(folder / "llmops.toml", None, folder, {"TOKEN": "s3cr3t-of-ours"})
    hands = hands_on(target, "provider")
    assert hands.act("set", {"value": value}).kept == {"value": value}
    hands.act("set", {"value": "openai\r"})
    assert Path(folder / "app.env").read_bytes() == ENV


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('pattern = "^PROVIDER=.*$"', "needs exactly one group"),
        ('write = ["true"]', "write is never handed the value"),
        ("[targets.here.settings.api]\ndriver = 'file'\nfile = 'x'\npattern = '(x)'", "a component is called so"),
    ],
)
def test_a_table_that_cannot_work_is_refused(tmp_path, line, said):
    key = line.partition(" ")[0]
    lines = [line if one.startswith(f"{key} =") else one for one in FILE.splitlines()]
    lines += [line] if line.startswith("[") else []
    (tmp_path / "llmops.toml").write_text("\n".join(lines))
    with pytest.raises(ConfigError, match=said):
        load(tmp_path / "llmops.toml", None, tmp_path, {})
