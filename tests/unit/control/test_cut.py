"""A cut: refused before anything happens where nobody may, and where its table does not hold."""

import json

import pytest

from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.errors import ConfigError, Unsupported
from pytest_llmops.state.journal import Journal
from pytest_llmops.target.load import load

FILE = """
[targets.here.components.redis]
url = "redis://127.0.0.1:16379"
[targets.here.cuts.to-redis]
component = "redis"
address = "{address}"
deadline = "60 s"
"""


def written(folder, address="127.0.0.1:16379"):
    (folder / "llmops.toml").write_text(FILE.format(address=address))


def changing(target):
    journal = Journal.of(target.state_folder, target.name)
    opened = {"test": "a test", "run": "a run"}
    return Change(target, journal, Interruption(), opened=opened, say=[].append, may_begin=lambda: None)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exec iptables-that-is-not-here", "ended with 127; it said: .*not found"),
        ("echo 'Permission denied (you must be root)' >&2; exit 4", r"ended with 4; it said: Permission denied \(you"),
    ],
)
def test_where_nobody_may_nothing_is_attempted(script, why, tmp_path):
    written(tmp_path)
    file = tmp_path / "llmops.toml"
    file.write_text(f"{file.read_text()}via = ['sh', '-c', {json.dumps(script)}, 'sh']\n")
    change = changing(load(file, None, tmp_path, {"PATH": "/usr/bin:/bin"}))
    with pytest.raises(Unsupported, match=why) as refused:
        change.set("to-redis", value="drop")
    assert str(refused.value).startswith("the way to redis at 127.0.0.1:16379 cannot be cut off from here: ")
    assert str(refused.value).endswith(
        " It takes iptables, and root, CAP_NET_ADMIN, or via = ['sudo', '-n'] in its table."
    )
    assert change.acts == 0


@pytest.mark.parametrize(
    ("was", "wrong", "why"),
    [
        ("127.0.0.1:16379", "localhost:16379", "'localhost:16379' names no single address; write its numbers"),
        ("127.0.0.1:16379", "0.0.0.0:16379", "'0.0.0.0:16379' is no address of a single machine"),
        ("127.0.0.1:16379", "127.0.0.1", "'127.0.0.1' is no address; write 'HOST:PORT'"),
        ('component = "redis"', 'component = "rdis"', r"cuts\.to-redis\.component: 'rdis' is no component of this"),
        ("cuts.to-redis", "cuts.redis", r"cuts\.redis: a component is called so; call it otherwise"),
    ],
)
def test_a_table_that_does_not_hold(was, wrong, why, tmp_path):
    written(tmp_path)
    file = tmp_path / "llmops.toml"
    file.write_text(file.read_text().replace(was, wrong))
    with pytest.raises(ConfigError, match=why):
        load(file, None, tmp_path, {})
