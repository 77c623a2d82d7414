"""Who may use what: no key, a wrong key, each role at each route; users apart; permissions as they were approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.security.access_review import AccessReview
    from pytest_llmops.security.forbidden_commands import Judged
    from pytest_llmops.security.permissions import PermissionReview


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:open")
@pytest.mark.procedure("voyageur.security.access-control", fault="api:open")
@pytest.mark.procedure("agent-aiops.privacy.access-control", fault="llm:keyed")
def test_nobody_gets_in_without_a_key(access: AccessReview) -> None:
    """Each route that is signed answers 401 or 403 to who shows no key."""
    found = access.matrix().of("no key").weaknesses
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:any-key")
@pytest.mark.procedure("voyageur.security.access-control", fault="api:any-key")
def test_nobody_gets_in_with_a_wrong_key(access: AccessReview) -> None:
    """Each route that is signed answers 401 or 403 to a key that nobody was given."""
    found = access.matrix().of("a wrong key").weaknesses
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:roles-ignored")
@pytest.mark.procedure(fault="api:any-key")
@pytest.mark.procedure(fault="api:keeps-keys")
def test_each_role_may_what_it_should_and_nothing_else(access: AccessReview, documents: Documents) -> None:
    """Each role's key is let in at the routes that name it, and refused at all others; the matrix is written down."""
    matrix = access.matrix()
    documents.write("access-matrix.md", matrix.document())
    found = matrix.of_roles().weaknesses
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:tenants-mixed")
def test_what_one_user_was_answered_is_not_given_to_another(access: AccessReview) -> None:
    """A question that one user had answered is answered anew for another, not out of the cache."""
    assert not access.isolation().other, "api: a user was given the answer that was kept for another one"


@pytest.mark.incident
@pytest.mark.procedure("agent-aiops.tool-failure.permissions", fault="tool_permissions:wider")
def test_tools_have_the_permissions_that_were_approved(permission_review: PermissionReview) -> None:
    """What each tool may do with files, network and commands is what a person has approved."""
    found = permission_review.of("tools")
    assert not found.changes, "; ".join(found.changes)


@pytest.mark.monthly
@pytest.mark.procedure("agent-aiops.audits.permission-review", fault="tool_permissions:wider")
@pytest.mark.procedure("agent-aiops.audits.permission-review", fault="terminal_user:root")
@pytest.mark.procedure("aegis-rag.monthly.access-controls", fault="cluster_access:wider")
@pytest.mark.procedure("aegis-rag.monthly.access-controls", fault="cluster_access:wider-role")
@pytest.mark.procedure("aegis-rag.monthly.access-controls", fault="cluster_access:new-account")
@pytest.mark.procedure("aegis-rag.monthly.access-controls", fault="cluster_access:of-the-cluster")
def test_permissions_are_listed_with_their_changes(
    permission_review: PermissionReview, documents: Documents, record: Record
) -> None:
    """Users, roles and permissions are written down for a person to approve, with what has changed since."""
    reviewed = permission_review.all()
    documents.write("permissions.md", permission_review.document(reviewed))
    changes = [f"{one.subject}: {change}" for one in reviewed for change in one.changes]
    record("permission_changes", len(changes), "changes")
    assert not changes, "; ".join(changes)


@pytest.mark.weekly
@pytest.mark.procedure("agent-aiops.terminal-tool.permission-settings", fault="terminal_user:root")
@pytest.mark.procedure("agent-aiops.terminal-tool.permission-settings", fault="terminal_user:elsewhere")
def test_the_terminal_runs_as_nobody_special_in_its_folder(permission_review: PermissionReview) -> None:
    """What the terminal tool runs is not root's, and runs within the application's folder."""
    found = permission_review.of("terminal")
    assert not found.changes, "; ".join(found.changes)


@pytest.mark.weekly
@pytest.mark.procedure("agent-aiops.terminal-tool.command-validation", fault="terminal_guard:chains")
@pytest.mark.procedure("agent-aiops.terminal-tool.command-validation", fault="terminal_guard:refuses-all")
@pytest.mark.procedure("agent-aiops.terminal-tool.command-validation", fault="tool_terminal:refused")
def test_forbidden_commands_are_refused_in_any_disguise(
    forbidden_commands: Callable[[str], Judged], app_command: AppCommands, record: Record
) -> None:
    """The terminal tool refuses each forbidden command, whatever it is wrapped in, and runs those that are allowed."""
    judged = forbidden_commands("terminal_guard")
    said = app_command.json("tool_terminal")
    with record.to_the_end():
        record("blocked_forbidden_commands", judged.blocked_pct, "%")
    assert not judged.let_through, f"the terminal would run: {'; '.join(judged.let_through)}"
    assert not judged.refused, f"the terminal would refuse what is allowed: {'; '.join(judged.refused)}"
    assert said["success"] is True, f"the terminal ran nothing that is allowed: {said['output']}"


@pytest.mark.weekly
@pytest.mark.procedure("agent-aiops.sessions.timeout-settings", fault="session_settings:set")
def test_idle_sessions_are_ended(permission_review: PermissionReview) -> None:
    """A session that is idle for longer than its settings allow is ended, where there are such settings."""
    assert permission_review.ends_idle_sessions()
