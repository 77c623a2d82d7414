"""The fixtures of who may do what: keys at routes, what stands open, what answers give away, permissions, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.service import Service
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.security.access_review import AccessReview
    from pytest_llmops.security.disclosure import Disclosure
    from pytest_llmops.security.exposure import Exposure
    from pytest_llmops.security.forbidden_commands import Judged
    from pytest_llmops.security.limits import Limits
    from pytest_llmops.security.permissions import PermissionReview


@pytest.fixture
def access(_llmops: Run) -> AccessReview:
    """Who may use which route: ``matrix()``, every kind of key at every route, and ``isolation()`` of users.

    No key, a wrong one, and the key of each role in ``auth.roles`` are tried at each route that is signed; who is let
    in say the routes' ``roles``. Each call is one that does nothing where it is let in. Made once a run.

    Example:
        def test_nobody_gets_in_without_a_key(access):
            assert not access.matrix().of("no key").weaknesses
    """
    from pytest_llmops.security.access_review import AccessReview

    return AccessReview(_llmops.target, _llmops.own.client, _llmops.own.reached, _llmops.once)


@pytest.fixture
def exposure(_llmops: Run) -> Exposure:
    """What stands open to anybody: ``models() vectors() cache() docs() debug() metrics()``, a sentence each.

    Nothing is deleted: what is to be deleted has a name that cannot be there, and the status tells whether it was
    looked for. What a target is declared to leave open, in ``security.lacks``, is *unsupported*, once it was seen so.

    Example:
        def test_nobody_else_deletes_models(exposure):
            assert not exposure.models()
    """
    from pytest_llmops.security.exposure import Exposure

    return Exposure(_llmops.target, _llmops.own.reached)


@pytest.fixture
def disclosure(_llmops: Run) -> Disclosure:
    """What answers give away by themselves: ``headers() origins() errors() in_clear()``, a sentence each.

    Example:
        def test_errors_say_nothing_of_the_code(disclosure):
            assert not disclosure.errors()
    """
    from pytest_llmops.security.disclosure import Disclosure

    return Disclosure(_llmops.target, _llmops.own.reached)


@pytest.fixture
def permission_review(_llmops: Run) -> PermissionReview:
    """Who and what may do what, beside what a person has approved: ``of(subject) all() document()``.

    By the commands that the target's table ``security.permissions`` names.

    Example:
        def test_the_terminal_has_the_permissions_that_were_approved(permission_review):
            assert not permission_review.of("terminal").changes
    """
    from pytest_llmops.security.permissions import PermissionReview

    return PermissionReview(_llmops.target, lambda: cast("AppCommands", _llmops.own.serving("app_command")))


@pytest.fixture
def forbidden_commands(_llmops: Run) -> Callable[[str], Judged]:
    """Have a terminal tool judge forbidden commands, plain and in disguise: ``forbidden_commands(command)``.

    The tool's own validation is asked, by the target's command of that name; nothing is run, and each would do nothing.

    Example:
        def test_forbidden_commands_are_refused(forbidden_commands):
            assert not forbidden_commands("terminal_guard").let_through
    """
    from pytest_llmops.security.forbidden_commands import judged

    return lambda command: judged(cast("AppCommands", _llmops.own.serving("app_command")), command)


@pytest.fixture
def limits(_llmops: Run) -> Limits:
    """What the API tells who was one call too many: ``admit() refusal(route)``, once its limit is used up.

    Example:
        def test_who_is_refused_knows_when_to_come_back(limits, load_run, api):
            limits.admit()
            load_run.beyond_limit("burst", api, route="live", after=False)
            assert not limits.refusal("live").weaknesses
    """
    from pytest_llmops.security.limits import Limits

    return Limits(cast("Service", _llmops.own.serving("api")), _llmops.target)
