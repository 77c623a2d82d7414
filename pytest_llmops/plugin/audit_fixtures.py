"""The fixtures by which a test reviews the audit log, and what other logs tell of security."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.security.audit_review import AuditReview
    from pytest_llmops.security.security_log import SecurityLog


@pytest.fixture(scope="session")
def audit_log(_llmops: Run) -> AuditReview:
    """The target's audit log, by its table ``security.audit``: ``files() entries() faults() gap() counts()``.

    Also ``writable() too_open() retention() reach_s() by_type() newly(act) document()``, and ``tampered()``, which
    changes a copy in several ways and says what was seen of each. It is read anew each time; a system that is declared
    to have no audit log is *unsupported*, and red where there is one.

    Example:
        def test_nothing_is_missing(audit_log):
            assert not audit_log.faults("sequence", "chain")
    """
    from pytest_llmops.security.audit_review import AuditReview

    own = _llmops.own
    return AuditReview(own.target, own.ledger, lambda: cast("Logs", own.serving("logs")), lambda: _llmops.figures)


@pytest.fixture(scope="session")
def security_log(_llmops: Run) -> SecurityLog:
    """What the target's logs tell of security, by its table ``security.events``: ``events() seen(found) document()``.

    ``outside(ran, field)`` are commands that may not be run, ``deviations(rule)`` what is not as ``security.rules``
    asks: ``retention``, ``private`` or ``access``.

    Example:
        def test_failed_logins(security_log, record):
            record("failed_logins", len(security_log.events(since_s=86400)["failed_logins"]), "entries")
    """
    from pytest_llmops.security.security_log import SecurityLog

    own = _llmops.own
    return SecurityLog(
        own.target, lambda: cast("Logs", own.serving("logs")), lambda: cast("Files", own.serving("files"))
    )
