"""Staging: what is about to be deployed has been tried there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.operate.staged import Staged
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("document-enhancer.pre-deploy.staging-test", fault="staging:failed")
@pytest.mark.procedure("document-enhancer.pre-deploy.staging-test", fault="staging:narrow")
@pytest.mark.procedure("document-enhancer.pre-deploy.staging-test", fault="staging:elsewhere")
@pytest.mark.procedure("document-enhancer.pre-deploy.staging-test", fault="staging:other")
def test_staging_passed_for_this_commit(staged: Staged, record: Record) -> None:
    """All checks of the suites passed against staging, lately, and for the commit that is deployed."""
    record("staging_checks", staged.checks, "checks", of=f"{staged.target}, {staged.commit}")
    assert not staged.wrong, "; ".join(staged.wrong)
