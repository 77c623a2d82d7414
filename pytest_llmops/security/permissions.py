"""Who and what may do what, as a command prints it, beside what a person has approved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, Unsupported, did_you_mean
from pytest_llmops.security.lacking import unless_lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.security import Permissions

EVERYBODY = ("system:serviceaccounts", "system:authenticated", "system:unauthenticated")
"""Groups that every account of a cluster is in, or whoever asks."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One subject's permissions.

    Attributes:
        subject: its name in ``security.permissions``.
        found: name to what it is allowed.
        changes: what differs from what was approved, a sentence each.
    """

    subject: str
    found: dict[str, Any]
    changes: tuple[str, ...]


class PermissionReview:
    """The permissions of a target, by its commands.

    Args:
        target: the deployment; ``security.permissions`` says which command prints what.
        commands: its application's commands, once they are asked for.
    """

    def __init__(self, target: Target, commands: Callable[[], AppCommands]) -> None:
        self._target = target
        self._commands = commands

    def of(self, subject: str) -> Reviewed:
        """The permissions of one subject, and how they differ from what was approved.

        Raises:
            Unsupported: the target names no such subject, or its command is optional and its program not there.
            CallFailed: the command failed, or printed nothing that says who may do what (kind ``bad-answer``).
        """
        known = self._target.table.security.permissions
        if subject not in known:
            near = did_you_mean(subject, known)
            raise Unsupported(f"target {self._target.name}: security.permissions has no {subject}.{near}")
        rule = known[subject]
        found = listed(self._commands().json(rule.command), rule.command)
        return Reviewed(subject, found, tuple(_changes(rule, found)))

    def all(self) -> list[Reviewed]:
        """The permissions of every subject.

        Raises:
            Unsupported: the target names none.
            CallFailed: as of :meth:`of`.
        """
        known = self._target.table.security.permissions
        if not known:
            raise Unsupported(f"target {self._target.name}: security.permissions names nothing to review.")
        return [self.of(subject) for subject in known]

    def ends_idle_sessions(self) -> bool:
        """Whether a session that is idle for longer than configured is ended.

        Raises:
            Unsupported: the system is declared to have no such setting, and has none; or it has one, and nothing
                outside shows what comes of it.
            CallFailed: it is declared so, and has one (kind ``untrue``); it has none, and is not (``bad-answer``).
        """
        named = self._commands().json("session_settings")
        told = f"its settings have {json.dumps(named)}" if named else ""
        unless_lacking(self._target, "app_command", "session_timeout", lambda: told)
        if not named:
            said = "no setting names the timeout of a session; declare in security.lacks.session_timeout why"
            raise CallFailed("app_command", "bad-answer", f"app_command: {said}.")
        raise Unsupported(f"app_command: {told}, and nothing tells from outside which session is idle.")

    def document(self, reviewed: list[Reviewed]) -> str:
        """All of it for the person who approves, in Markdown: what is, and what has changed since it was approved."""
        lines = [f"# Permissions of {self._target.name}", ""]
        lacks = self._target.table.security.lacks
        if "access" in lacks:
            lines += [f"Users, roles and API keys: none, {lacks['access']}.", ""]
        elif (api := self._target.table.components.api) and api.auth:
            lines += [f"API keys: {', '.join(api.auth.named)}.", ""]
        for one in reviewed:
            lines += [f"## {one.subject}", "", "| name | allowed |", "|---|---|"]
            lines += [f"| {name} | {_shown(value)} |" for name, value in sorted(one.found.items())]
            lines += ["", "Changes since they were approved:" if one.changes else "No change since they were approved."]
            lines += [f"- {change}" for change in one.changes]
            lines.append("")
        return "\n".join([*lines, "Approved by: ____________  on: ____________", ""])


def listed(printed: Any, command: str) -> dict[str, Any]:
    """Name to what it is allowed, of an object, or of a list as ``kubectl get -o json`` prints it.

    Raises:
        CallFailed: it is neither, or empty (kind ``bad-answer``).
    """
    found = printed
    if isinstance(printed, dict) and isinstance(printed.get("items"), list):
        items = printed["items"]
        own = {_space(item) for item in items if item.get("kind") == "ServiceAccount"}
        found = {name: value for item in items if _concerns(item, own) for name, value in _of_cluster(item)}
    if not isinstance(found, dict) or not found:
        raise CallFailed("app_command", "bad-answer", f"app_command: {command} printed nothing that may do anything.")
    return found


def _space(item: Mapping[str, Any]) -> str:
    return str(item.get("metadata", {}).get("namespace", ""))


def _concerns(item: Mapping[str, Any], own: Collection[str]) -> bool:
    """Whether an entry is about these namespaces: of what binds in the whole cluster, what binds their accounts.

    All of that where no account was printed. What Kubernetes itself gives to everybody is left out: those bindings
    have the name of their role, ``system:…``.
    """
    if item.get("kind") != "ClusterRoleBinding":
        return True
    subjects = item.get("subjects") or ()
    if any(_is_account(one, own) for one in subjects):
        return True
    name = str(item.get("metadata", {}).get("name", ""))
    if name.startswith("system:") and name == item.get("roleRef", {}).get("name"):
        return False
    groups = {*EVERYBODY, *(f"system:serviceaccounts:{space}" for space in own)}
    return not own or any(one.get("name") in groups for one in subjects)


def _is_account(subject: Mapping[str, Any], own: Collection[str]) -> bool:
    """Whether a subject is an account of these namespaces, by its kind or as the user that it is known as."""
    users = tuple(f"system:serviceaccount:{space}:" for space in own)
    return subject.get("namespace") in own or str(subject.get("name", "")).startswith(users)


def _of_cluster(item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A role binding with its role and who has it, a role with all that it allows, or a service account."""
    kind, name = item.get("kind", "?"), item.get("metadata", {}).get("name", "?")
    if "roleRef" not in item:
        allowed = {one for rule in item.get("rules") or () for one in _allowed(rule)}
        yield f"{kind}/{name}", sorted(allowed) or "is there"
        return
    role = f"{item['roleRef'].get('kind', '?')}/{item['roleRef'].get('name', '?')}"
    who = sorted(f"{one.get('kind', '?')}/{one.get('name', '?')}" for one in item.get("subjects") or ())
    yield f"{kind}/{name}", f"{role} to {', '.join(who) or 'nobody'}"


def _allowed(rule: Mapping[str, Any]) -> Iterator[str]:
    """What a rule of a role allows, verb by verb: ``get configmaps``, ``patch deployments.apps/api``."""
    groups = [f".{group}" if group else "" for group in rule.get("apiGroups") or [""]]
    names = [f"/{name}" for name in rule.get("resourceNames") or ()] or [""]
    things = [f"{kind}{group}{name}" for kind in rule.get("resources") or () for group in groups for name in names]
    for thing in [*things, *(rule.get("nonResourceURLs") or ())]:
        yield from (f"{verb} {thing}" for verb in rule.get("verbs") or ())


def _changes(rule: Permissions, found: Mapping[str, Any]) -> Iterator[str]:
    for name, approved in rule.approved.items():
        if name not in found:
            yield f"{name} is gone; approved was {_shown(approved)}"
        elif _plain(found[name]) != _plain(approved):
            yield f"{name} is {_difference(approved, found[name])}"
    if rule.whole:
        yield from (f"{name} is new: {_shown(value)}" for name, value in found.items() if name not in rule.approved)


def _difference(approved: Any, now: Any) -> str:
    """How two values differ: of lists what has come and gone, of anything else both."""
    if isinstance(approved, list) and isinstance(now, list):
        came = [_shown(one) for one in now if one not in approved]
        went = [_shown(one) for one in approved if one not in now]
        told = [f"with {', '.join(came)} more" if came else "", f"without {', '.join(went)}" if went else ""]
        return " and ".join(one for one in told if one) or "in another order"
    return f"{_shown(now)}; approved was {_shown(approved)}"


def _plain(value: Any) -> Any:
    """Lists are sets here: their order says nothing."""
    return sorted(map(str, value)) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
