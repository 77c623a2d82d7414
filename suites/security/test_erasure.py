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
def test_deletion_ends(erasure: Erasing) -> None:
    """The deletion is accepted, and ends well before its deadline; what each store came to is written down."""
    done = erasure.carried_out()
    assert done.completed, f"api: deletion {done.deletion} is {done.state!r} after {done.took_s:.1f} s"


@pytest.mark.procedure("enterprise-pipeline.pii.right-to-deletion", fault="delete:at-once")
def test_deletion_is_accepted(erasure: Erasing) -> None:
    """The request is answered 202, with the id of a deletion that has completed."""
    done = erasure.seen()
    assert done.status == ACCEPTED, f"api: the request to delete was answered {done.status}, not {ACCEPTED}"
    assert done.deletion, "api: the request to delete was answered without the id of a deletion"
    assert done.completed, f"api: deletion {done.deletion} is {done.state!r}"


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.pii.right-to-deletion", fault="api:open")
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
@pytest.mark.procedure(fault="api:keeps-vectors")
def test_person_is_gone_from_answers(erasure: Erasing) -> None:
    """No answer tells of the person any more what an answer told before."""
    receipt = erasure.receipt("api")
    assert receipt.outcome == "gone", receipt.said


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.pii.deletion-verified", fault="api:keeps-vectors")
def test_person_is_gone_from_vectors(erasure: Erasing) -> None:
    """No point of the collection belongs to the person."""
    receipt = erasure.receipt("vectors")
    assert receipt.outcome == "gone", receipt.said


@pytest.mark.generic
@pytest.mark.procedure(fault="api:keeps-cache")
def test_person_is_gone_from_the_cache(erasure: Erasing) -> None:
    """No key of the cache holds anything of the person."""
    receipt = erasure.receipt("cache")
    assert receipt.outcome == "gone", receipt.said


@pytest.mark.generic
@pytest.mark.procedure(fault="api:keeps-logs")
def test_person_is_gone_from_logs(erasure: Erasing) -> None:
    """No log that is looked at has the person in it."""
    receipt = erasure.receipt("logs")
    assert receipt.outcome == "gone", receipt.said


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.pii.deletion-verified", fault="api:keeps-traces")
def test_person_is_gone_from_traces(erasure: Erasing) -> None:
    """No trace is the person's."""
    receipt = erasure.receipt("traces")
    assert receipt.outcome == "gone", receipt.said


@pytest.mark.generic
@pytest.mark.procedure("enterprise-pipeline.pii.deletion-verified", fault="api:keeps-feedback")
def test_person_is_gone_from_feedback(erasure: Erasing) -> None:
    """No feedback is the person's."""
    receipt = erasure.receipt("feedback")
    assert receipt.outcome == "gone", receipt.said


@pytest.mark.generic
@pytest.mark.procedure(fault="api:keeps-backups")
def test_person_is_gone_from_backups(erasure: Erasing) -> None:
    """No backup that was made since has the person in it."""
    receipt = erasure.receipt("backups")
    assert receipt.outcome == "gone", receipt.said
