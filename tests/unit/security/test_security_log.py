"""Security events out of logs: counted by class, listed once."""

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.security.security_log import SecurityLog


@pytest.fixture
def security_log(target, ledger, tmp_path):
    (tmp_path / "auth.log").write_text("anna logged in\nLogin of bert failed\n")
    source = {"files": ["auth.log"], "line": "(?P<message>.*)"}
    events = {"any": {"source": "auth", "matches": "."}, "failed": {"source": "auth", "matches": "failed"}}
    made = target(
        {"logs": {"root": str(tmp_path), "sources": {"auth": source}, "events": events}},
        events={"authentication": "any", "failed_logins": "failed"},
    )
    logs = connect(made, "logs", ledger)
    yield SecurityLog(made, lambda: logs, lambda: None)
    logs.close()


def test_what_is_of_two_classes_is_counted_in_both_and_listed_once(security_log):
    found = security_log.events()
    assert {name: len(those) for name, those in found.items()} == {"authentication": 2, "failed_logins": 1}
    page = security_log.document("Security events", found)
    assert "| authentication | 2 |\n| failed_logins | 1 |" in page
    assert "| 1 | - | Login of bert failed |\n| 1 | - | anna logged in |" in page
    assert "```text\n- - anna logged in\n- - Login of bert failed\n```" in page
