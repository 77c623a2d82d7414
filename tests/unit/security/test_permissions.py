"""Permissions beside what was approved, and a terminal tool's judgement of forbidden commands."""

import json
import subprocess

import pytest

from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.security.forbidden_commands import ALLOWED, FORBIDDEN, judged
from pytest_llmops.security.permissions import PermissionReview, listed


class Commands:
    """Commands that print what a test says."""

    def __init__(self, **printed):
        self.printed = printed

    def json(self, name, *args):
        found = self.printed[name]
        return found(*args) if callable(found) else found


def review(target, printed, lacks=None, **rule):
    permissions = {"tools": {"command": "tools", **rule}}
    found = target({"api": {"url": "http://api.example"}}, lacks=lacks or {}, permissions=permissions)
    return PermissionReview(found, lambda: Commands(tools=printed, session_settings=printed))


APPROVED = {"commands": ["rm", "kill"], "asks": True}


def test_what_was_approved(target):
    found = review(target, {"commands": ["kill", "rm"], "asks": True, "more": 1}, approved=APPROVED)
    assert found.of("tools").changes == ()


def test_changes(target):
    found = review(target, {"commands": ["rm", "su"], "new": "x"}, approved=APPROVED, whole=True).of("tools")
    assert found.changes == (
        "commands is with su more and without kill",
        "asks is gone; approved was true",
        "new is new: x",
    )
    value = review(target, {"commands": ["rm", "kill"], "asks": False}, approved=APPROVED).of("tools")
    assert value.changes == ("asks is false; approved was true",)


def test_the_document(target):
    found = review(target, {"asks": False}, {"access": "it has no keys"}, approved={"asks": True})
    text = found.document(found.all())
    assert "Users, roles and API keys: none, it has no keys." in text
    assert "| asks | false |" in text
    assert "- asks is false; approved was true" in text


def test_a_cluster():
    items = [
        {"kind": "RoleBinding", "metadata": {"name": "a"}, "roleRef": {"kind": "Role", "name": "r"},
         "subjects": [{"kind": "User", "name": "z"}, {"kind": "Group", "name": "g"}]},
        {"kind": "ServiceAccount", "metadata": {"name": "default"}},
    ]  # fmt: skip
    assert listed({"items": items}, "x") == {
        "RoleBinding/a": "Role/r to Group/g, User/z",
        "ServiceAccount/default": "is there",
    }
    bound = {"kind": "ServiceAccount", "name": "default", "namespace": "mine"}
    other = {"kind": "ServiceAccount", "name": "default", "namespace": "other"}
    everybody = {"kind": "Group", "name": "system:serviceaccounts"}
    role = {"kind": "ClusterRole", "name": "admin"}
    whole = {
        name: {"kind": "ClusterRoleBinding", "metadata": {"name": name}, "roleRef": role, "subjects": [subject]}
        for name, subject in {"a": bound, "b": other, "c": everybody}.items()
    }
    account = {"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "mine"}}
    assert listed({"items": [account, *whole.values()]}, "x") == {
        "ServiceAccount/default": "is there",
        "ClusterRoleBinding/a": "ClusterRole/admin to ServiceAccount/default",
        "ClusterRoleBinding/c": "ClusterRole/admin to Group/system:serviceaccounts",
    }


def role(*rules):
    return {"items": [{"kind": "Role", "metadata": {"name": "r"}, "rules": [*rules]}]}


READ = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}


def test_a_role_is_all_that_its_rules_allow():
    patch = {"apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["api"], "verbs": ["patch"]}
    pages = {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}
    assert listed(role(READ, patch, pages), "x") == {
        "Role/r": ["get /metrics", "get configmaps", "list configmaps", "patch deployments.apps/api"]
    }
    assert listed(role(), "x") == {"Role/r": "is there"}


def test_a_role_that_allows_more_is_a_change(target):
    wider = role({**READ, "resources": ["configmaps", "secrets"]})
    found = review(target, wider, approved={"Role/r": ["get configmaps", "list configmaps"]}).of("tools")
    assert found.changes == ("Role/r is with get secrets, list secrets more",)


ACCOUNT = {"kind": "ServiceAccount", "metadata": {"name": "api", "namespace": "mine"}}
SUBJECTS = {
    "account": {"kind": "ServiceAccount", "name": "api", "namespace": "mine"},
    "user": {"kind": "User", "name": "system:serviceaccount:mine:api"},
    "space": {"kind": "Group", "name": "system:serviceaccounts:mine"},
    "accounts": {"kind": "Group", "name": "system:serviceaccounts"},
    "authenticated": {"kind": "Group", "name": "system:authenticated"},
    "unauthenticated": {"kind": "Group", "name": "system:unauthenticated"},
    "other": {"kind": "ServiceAccount", "name": "api", "namespace": "other"},
    "other-user": {"kind": "User", "name": "system:serviceaccount:mine-too:api"},
    "person": {"kind": "User", "name": "anna"},
}


def binding(name, role, subject):
    where = {"kind": "ClusterRoleBinding", "metadata": {"name": name}}
    return {**where, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": [SUBJECTS[subject]]}


def bindings(*items):
    """Names of the cluster's bindings that are listed of these."""
    found = listed({"items": [*items]}, "x")
    return {name.removeprefix("ClusterRoleBinding/") for name in found if name.startswith("ClusterRoleBinding/")}


def test_whatever_gives_rights_to_the_accounts_of_a_namespace_is_listed():
    every = [binding(f"to-{subject}", "cluster-admin", subject) for subject in SUBJECTS]
    mine = {"account", "user", "space", "accounts", "authenticated", "unauthenticated"}
    assert bindings(ACCOUNT, *every) == {f"to-{subject}" for subject in mine}


def test_of_kubernetes_own_bindings_those_alone_are_left_out_that_have_the_name_of_their_role():
    discovery = binding("system:discovery", "system:discovery", "authenticated")
    hidden = binding("system:discoverer", "cluster-admin", "authenticated")
    direct = binding("system:auth-delegator", "system:auth-delegator", "account")
    assert bindings(ACCOUNT, discovery, hidden, direct) == {"system:discoverer", "system:auth-delegator"}


def test_where_no_account_is_printed_every_binding_is_listed():
    role = {"kind": "RoleBinding", "metadata": {"name": "r"}, "roleRef": {"kind": "Role", "name": "r"}}
    every = [binding("a", "cluster-admin", "other"), binding("system:discovery", "system:discovery", "authenticated")]
    assert bindings(role, *every) == {"a"}


def test_what_may_do_nothing_is_no_answer():
    for nothing in ({}, [], {"items": []}, None):
        with pytest.raises(CallFailed) as caught:
            listed(nothing, "x")
        assert str(caught.value) == "app_command: x printed nothing that may do anything."


def test_a_subject_that_there_is_not(target):
    with pytest.raises(Unsupported) as caught:
        review(target, {}).of("tool")
    assert str(caught.value) == "target staging: security.permissions has no tool. Did you mean 'tools'?"


def test_idle_sessions(target):
    with pytest.raises(Unsupported) as lacking:
        review(target, {}, {"session_timeout": "nothing ends one"}).ends_idle_sessions()
    assert str(lacking.value) == "app_command: this system has no session timeout: nothing ends one."
    for printed, lacks, kind in (({"T": 1}, {"session_timeout": "none"}, "untrue"), ({}, {}, "bad-answer")):
        with pytest.raises(CallFailed) as caught:
            review(target, printed, lacks).ends_idle_sessions()
        assert caught.value.kind == kind


def test_a_terminal_that_judges():
    def validates(words):
        return {one: one in ALLOWED or one.startswith("find") for one in json.loads(words)}

    found = judged(Commands(guard=validates), "guard")
    assert {one.split()[0] for one in found.let_through} == {"find"}
    assert found.refused == ()
    assert found.blocked_pct == pytest.approx(100 * (len(FORBIDDEN) - 2) / len(FORBIDDEN))
    with pytest.raises(CallFailed) as caught:
        judged(Commands(guard={FORBIDDEN[0]: False}), "guard")
    assert str(caught.value) == (
        f"app_command: guard says nothing of {FORBIDDEN[1]!r}; it is to print each as true or false."
    )


@pytest.mark.parametrize("command", [one for one in FORBIDDEN if not one.startswith(("sudo", "su ", "kill"))])
def test_each_is_harmless_if_it_does_run(command, tmp_path):
    """In a folder with a file, which is there afterwards as it was."""
    file = tmp_path / "kept"
    file.write_text("kept")
    subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"kept": "kept"}
