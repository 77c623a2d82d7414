"""Erasure: a synthetic person is written everywhere, deleted by the system's own route, and found nowhere any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.plugin.erasing import Erasing
    from pytest_llmops.plugin.recording import Record

ACCEPTED = 202


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.privacy.data-purge", fault="purge_scripts:there")
@pytest.mark.procedure(fault="deletion:stuck")
@pytest.mark.procedure(fault="api:delay=2.2")
@pytest.mark.procedure(fault="api:keeps-cache")
def test_deletion_ends(erasure: Erasing) -> None:
    """The deletion is accepted and ends before its deadline, with nothing left; what each store came to is written."""
    done = erasure.carried_out()
    assert done.completed, f"api: deletion {done.deletion} is {done.state!r} after {done.took_s:.1f} s"
    assert not done.kept, "; ".join(one.said for one in done.kept)
    assert done.in_time, f"api: the deletion took {done.took_s:.1f} s, and has to end within {done.within_s:g} s"


@pytest.mark.procedure("enterprise-pipeline.pii.right-to-deletion", fault="delete:at-once")
def test_deletion_is_accepted(erasure: Erasing) -> None:
    """The request is answered 202, with the id of a deletion that has completed."""
    done = erasure.seen()
    assert done.status == ACCEPTED, f"api: the request to delete was answered {done.status}, not {ACCEPTED}"
    assert done.deletion, "api: the request to delete was answered without the id of a deletion"
    assert done.completed, f"api: deletion {done.deletion} is {done.state!r}"


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.pii.right-to-deletion", fault="api:open")
@pytest.mark.procedure(fault="api:roles-ignored")
@pytest.mark.procedure(fault="api:any-key")
def test_deletion_needs_its_key(erasure: Erasing, record: Record) -> None:
    """Without a key, and with a wrong one, 401 or 403; with a key that may not delete, 403."""
    refused = erasure.refusals()
    record("deletion_without_key_status", refused.no_key, of=refused.said)
    assert {refused.no_key, refused.wrong_key} <= {401, 403}, f"api: to delete was answered {refused.said}"
    assert refused.lesser in {None, 403}, f"api: to delete was answered {refused.said}"


@pytest.mark.procedure("enterprise-pipeline.pii.right-to-deletion", fault="api:deletes-unasked")
def test_deletion_needs_a_reason(erasure: Erasing) -> None:
    """Without a body that says why, and in which tenant, the request is refused with 422."""
    refused = erasure.refusals()
    assert refused.no_body == 422, f"api: to delete was answered {refused.said}"


@pytest.mark.procedure("enterprise-pipeline.pii.deletion-verified", fault="deletion:step-failed")
def test_each_step_of_the_deletion_is_told(erasure: Erasing) -> None:
    """Vectors, traces and feedback are steps of the deletion, and each is a success, or was skipped."""
    done = erasure.seen()
    assert {"vectors", "traces", "feedback"} <= set(done.steps), f"api: the steps that are told: {done.steps}"
    assert not done.wrong, f"api: deletion {done.deletion}: {', '.join(done.wrong)}"


@pytest.mark.generic
@pytest.mark.parametrize(
    "store",
    [
        pytest.param("api", marks=pytest.mark.procedure(fault="api:keeps-vectors")),
        pytest.param(
            "vectors",
            marks=pytest.mark.procedure("enterprise-pipeline.pii.deletion-verified", fault="api:keeps-vectors"),
        ),
        pytest.param("cache", marks=pytest.mark.procedure(fault="api:keeps-cache")),
        pytest.param("logs", marks=pytest.mark.procedure(fault="api:keeps-logs")),
        pytest.param(
            "traces", marks=pytest.mark.procedure("enterprise-pipeline.pii.deletion-verified", fault="api:keeps-traces")
        ),
        pytest.param(
            "feedback",
            marks=pytest.mark.procedure("enterprise-pipeline.pii.deletion-verified", fault="api:keeps-feedback"),
        ),
        pytest.param("backups", marks=pytest.mark.procedure(fault="api:keeps-backups")),
    ],
)
def test_person_is_gone(erasure: Erasing, store: str) -> None:
    """What a store held of the person before the deletion, it does not hold any more."""
    receipt = erasure.receipt(store)
    assert receipt.outcome == "gone", receipt.said
