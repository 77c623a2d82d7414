"""Where a rollback would go, and what was deployed before."""

import pytest

from pytest_llmops.clients.rollback import Commit, Rollback
from pytest_llmops.errors import CallFailed, Vacuous

A, B, C = ("a" * 40, "b" * 40, "c" * 40)


def test_the_commit_before_and_the_deployment_before(app):
    rollback = Rollback(
        app(commits=f"{A} newest words\n{B} before\n", deployments=f"{A} pull\n{A} checkout\n{C} clone: from\n{B} x\n")
    )
    assert rollback.default() == Commit(B, "before")
    assert rollback.deployed_before() == Commit(C, "clone: from")
    assert str(rollback.default()) == "bbbbbbbbbb (before)"


def test_there_is_none(app):
    rollback = Rollback(app(commits=f"{A} only\n", deployments=f"{A} clone\n{A} commit\n"))
    with pytest.raises(CallFailed) as one:
        rollback.default()
    assert str(one.value) == "rollback: history has one commit only; there is none before."
    with pytest.raises(Vacuous) as first:
        rollback.deployed_before()
    assert str(first.value) == (
        "rollback: what is deployed is the first version that ever was here; there is none to go back to."
    )


@pytest.mark.parametrize(
    ("said", "shown"), [("", "(nothing)"), ("fatal: no repository", "fatal:"), (f"{A} a\nxyz b", f"{A}; xyz")]
)
def test_what_is_no_history(app, said, shown):
    with pytest.raises(CallFailed) as caught:
        Rollback(app(commits=said)).default()
    assert str(caught.value) == f"app_command: commits: lines are not 'hash words': {shown}."
