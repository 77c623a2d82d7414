"""The phases of a run: before, changes, after."""

from types import SimpleNamespace

import pytest

from pytest_llmops.plugin.checks import Check
from pytest_llmops.plugin.ours import CHECK
from pytest_llmops.plugin.selection import Selected, in_order


def _item(name, **known):
    ready = known.pop("ready", True)
    check = Check(name, "maintenance", ready, exclusive=bool(known), **known)
    return SimpleNamespace(name=name, stash={CHECK: check})


def test_what_looks_at_changes_comes_after_them_and_what_is_timed_before():
    items = [
        _item("verified", afterwards=True),
        _item("changed", disruptive=True),
        SimpleNamespace(name="a stranger's", stash={}),
        _item("verified by a change", afterwards=True, disruptive=True),
        _item("timed", disruptive=False),
        _item("listed"),
    ]
    in_order(items)
    assert [item.name for item in items] == [
        "a stranger's",
        "listed",
        "timed",
        "changed",
        "verified",
        "verified by a change",
    ]


def test_tests_of_somebodys_own_that_run_alone_keep_their_order():
    own = [
        _item("own change", ready=False, disruptive=True),
        _item("own timed", ready=False, disruptive=False),
        _item("own change again", ready=False, disruptive=True),
    ]
    items = [*own]
    in_order(items)
    assert items == own


@pytest.mark.parametrize(
    ("afterwards", "disruptive", "afresh"), [(True, ["x"], True), (True, [], False), (False, ["x"], False)]
)
def test_only_what_was_changed_is_looked_up_once_more(afterwards, disruptive, afresh):
    check = Check("verified", "maintenance", ready=True, afterwards=afterwards)
    assert Selected(disruptive=disruptive).looks_afresh(check) is afresh
