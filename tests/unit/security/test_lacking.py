"""What a target is declared to lack is unsupported by name, never passed, and red where it is seen to be there."""

import pytest

from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.security.audit_review import AuditReview
from pytest_llmops.security.erasure import Erasure
from pytest_llmops.security.lacking import unless_lacking
from pytest_llmops.security.refusals import refusals

API = {"url": "http://api.example"}
DELETES = {**API, "routes": {"delete": {"method": "DELETE", "path": "/users/{user}"}}}
AUDIT = {"log": {"files": ["audit.log"], "line": "(?P<message>.*)"}}


def test_what_is_not_declared_is_looked_at(target):
    unless_lacking(target({"api": API}), "api", "cors", lambda: "never asked")


def test_what_is_declared_is_unsupported_with_the_reason_and_what_was_seen(target):
    with pytest.raises(Unsupported) as caught:
        unless_lacking(
            target({}, lacks={"write_once": "plain files."}), "audit", "write_once", str, ["a.log is 644", 7]
        )
    assert str(caught.value) == "audit: this system has no write once: plain files; a.log is 644; 7."


def test_what_is_declared_and_not_true_is_red(target):
    with pytest.raises(CallFailed) as caught:
        unless_lacking(target({}, lacks={"cors": "any may"}), "api", "cors", lambda: "none may")
    assert caught.value.kind == "untrue"
    assert str(caught.value) == ("api: security.lacks.cors says 'any may', but none may: take it out of the profile.")


@pytest.mark.parametrize("audit", [None, AUDIT], ids=["nowhere", "absent"])
def test_no_audit_log(target, ledger, audit):
    review = AuditReview(target({}, audit=audit, lacks={"audit_log": "none is written"}), ledger, None, None)
    with pytest.raises(Unsupported, match=r"^audit: this system has no audit log: none is written\.$"):
        review.entries()


def test_an_audit_log_that_there_is_not_to_be(target, ledger, tmp_path):
    (tmp_path / "audit.log").write_text("somebody logged in\n")
    review = AuditReview(target({}, audit=AUDIT, lacks={"audit_log": "none is written"}), ledger, None, None)
    with pytest.raises(CallFailed, match=r"lacks.audit_log says 'none is written', but there is audit\.log: take"):
        review.entries()
    assert AuditReview(target({}, audit=AUDIT), ledger, None, None).by_type() == {"somebody logged in": 1}


def test_who_deletes_nobodys_data_refuses_nobody(target):
    with pytest.raises(Unsupported, match=r"^api: this system has no deletion: no route does\.$"):
        refusals(target({"api": API}, lacks={"deletion": "no route does"}), None)
    with pytest.raises(CallFailed, match=r"but /users/\{user\} is described as the route delete: take it out"):
        refusals(target({"api": DELETES}, lacks={"deletion": "no route does"}), None)


class Purging:
    """The application's commands, of which one finds what purges."""

    def __init__(self, *found):
        self.found = list(found)

    def lines(self, _name):
        return self.found


@pytest.mark.parametrize(
    ("api", "found", "failure", "why"),
    [
        (API, [], Unsupported, r"^api: this system has no deletion: no route does\.$"),
        (API, ["def purge_user"], CallFailed, "but purges found def purge_user: take it out"),
        (DELETES, [], CallFailed, "is described as the route delete: take it out"),
    ],
    ids=["none", "command", "route"],
)
def test_who_deletes_nobodys_data_carries_out_no_erasure(target, api, found, failure, why):
    made = target({"api": api}, lacks={"deletion": "no route does"}, erasure={"purges": "purges"})
    change = type("Change", (), {"target": made})
    with pytest.raises(failure, match=why):
        Erasure(change, lambda _name: Purging(*found), print).carry_out()
