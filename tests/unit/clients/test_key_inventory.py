"""The inventory of keys, beside the keys that the application takes."""

import datetime as dt
import json

import pytest

from pytest_llmops.clients.key_inventory import KeyInventory
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.target.security import Keys

TODAY = dt.date(2026, 11, 29)
INVENTORY = """
[keys.OPENROUTER_API_KEY]
created = 2026-11-09
[keys.worker]
role = "worker"
fingerprint = "aaaa"
created = 2026-10-30T09:00:00Z
last_used = "2026-11-28"
[keys.former]
role = "worker"
fingerprint = "bbbb"
created = 2026-01-01
retired = 2026-10-30
"""


@pytest.fixture
def inventory(client, app, tmp_path):
    def inventory(text=INVENTORY, keys=(("aaaa", "worker"),), **table):
        (tmp_path / "keys.toml").write_text(text)
        files = client("files", sets={"key_inventory": {"paths": ["keys.toml"], "parse": "toml"}})
        said = {"roles": ["worker", "admin"], "keys": [{"fingerprint": one, "role": role} for one, role in keys]}
        return KeyInventory(files, lambda: app(keys_in_use=json.dumps(said)), Keys(**table), lambda: TODAY)

    return inventory


def failure(act, kind=CallFailed):
    with pytest.raises(kind) as caught:
        act()
    return str(caught.value)


def test_ages_and_idle(inventory):
    assert inventory().ages() == {"OPENROUTER_API_KEY": 20, "worker": 30}
    assert inventory().idle() == {"worker": 1}
    assert inventory().wrong() == []


def test_made_today_in_another_timezone(inventory):
    assert inventory("[keys.a]\ncreated = 2026-11-30\n").ages() == {"a": 0}
    assert failure(inventory("[keys.a]\ncreated = 2026-12-02\n").ages) == ("files: a is said to be made in the future.")


def test_what_nobody_keeps_says_nothing(inventory):
    text = INVENTORY.replace('last_used = "2026-11-28"', "")
    assert failure(inventory(text).idle, Vacuous) == (
        "keys: nobody keeps when these were last used: worker; give each a last_used in the inventory."
    )


def test_no_key_of_the_application_says_nothing(inventory):
    assert failure(inventory("[keys.a]\ncreated = 2026-11-01\n").idle, Vacuous) == (
        "keys: the inventory names no key of the application, none with a role."
    )


def test_an_application_without_keys_says_nothing(inventory):
    none = inventory("[keys.OPENROUTER_API_KEY]\ncreated = 2026-11-09\n", keys=())
    assert failure(none.wrong, Vacuous) == "keys: the application takes no key, and the inventory has none of it."


def test_what_the_application_takes(inventory):
    found = inventory(keys=[("bbbb", "worker"), ("cccc", "admin"), ("dddd", "")]).wrong()
    assert found == [
        "former is retired since 2026-10-30, and is still taken",
        "entry 2 of cccc, with the role admin, is in no inventory",
        "entry 3 of dddd has a role that there is not, of admin, worker",
        "worker is in the inventory, and the application does not take it",
    ]
    assert inventory(keys=[("aaaa", "admin")]).wrong() == ["worker has the role admin, and by the inventory worker"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "keys.toml is no inventory of keys: KeyError('keys')"),
        ("[keys]", "keys.toml names no key"),
        ("[keys.a]\nowner = 'b'", "keys.toml is no inventory of keys: ValueError('a lacks created, the date when it "),
        ("keys = 1", "keys.toml is no inventory of keys: AttributeError"),
        ("[keys.a]\ncreated = 'soon'", 'keys.toml is no inventory of keys: ValueError("Invalid isoformat'),
    ],
)
def test_no_inventory(inventory, text, why):
    assert failure(inventory(text).keys).startswith(f"files: {why}")


def test_replaced(inventory):
    assert inventory(replaced="old").replaced == "old"
    assert failure(lambda: inventory().replaced, Unsupported) == (
        "the target names no key that was replaced; give it security.keys.replaced."
    )
