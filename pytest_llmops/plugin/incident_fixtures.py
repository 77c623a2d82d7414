"""The fixtures for when something is wrong: how bad it is, what an investigation wants, who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.operate.staged import Staged
    from pytest_llmops.plugin.channels import Channels
    from pytest_llmops.plugin.diagnostics import Diagnostics
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.plugin.triaging import Triage


@pytest.fixture
def triage(_llmops: Run) -> Triage:
    """How bad it is now, in the words of the system's runbook: ``severity evidence said rank() failed() answers``.

    Made once a run, and once more after its changes, in less than two minutes even where components are down: each is
    probed, health, models, alerts and every figure that has a threshold are looked at, side by side. What that means
    ``severities`` of the target say.
    An incident is opened and ended by it, and ``answers`` knows whether somebody has answered it.

    Example:
        def test_nothing_is_wrong(triage):
            assert not triage.severity, triage.said

        def test_no_outage(triage):
            assert not triage.rank(1).met, triage.rank(1).said
    """
    from pytest_llmops.plugin.triaging import Triage

    return Triage(_llmops)


@pytest.fixture
def triage_again(_llmops: Run) -> Callable[[], Triage]:
    """Triage that is made when it is asked for, also in the middle of a change: ``triage_again()``, as ``triage``.

    Example:
        def test_all_is_well_once_it_is_restored(change, triage_again):
            change.restart("api")
            assert not triage_again().evidence
    """
    from pytest_llmops.plugin.triaging import Triage

    return lambda: Triage.again(_llmops)


@pytest.fixture
def diagnostics(_llmops: Run, triage: Triage) -> Diagnostics:
    """The diagnostics bundle of this run, ``<reports>/incidents/<time>-<severity>/``: ``files report read()``.

    Made once a run: logs, metrics, alerts, states, the output of commands, figures of the machine, settings, a short
    benchmark, the incident report, and an index that says what could not be had and why; nothing in it is secret.

    Example:
        def test_the_report_is_there(diagnostics):
            assert diagnostics.read("incident-report.md")
    """
    from pytest_llmops.plugin.diagnostics import Diagnostics

    return Diagnostics(_llmops, triage)


@pytest.fixture(scope="session")
def channels(_llmops: Run) -> Channels:
    """The target's notification channels: ``names routed() severities() test() tell()``. Needs the extra ``[notify]``.

    ``test(NAME)`` sends one test message a run, and none where the channel took a message of late.

    Example:
        def test_mail_arrives(channels):
            delivery = channels.test("email")
            assert delivery.accepted, delivery.said
    """
    from pytest_llmops.plugin.channels import Channels

    return Channels(_llmops)


@pytest.fixture(scope="session")
def staged(_llmops: Run) -> Staged:
    """What the last run against staging came to, by its ``run.json``, and what is about to be deployed.

    Where no plan of that run is named, the ready suites are planned for this target, which calls nothing.

    Example:
        def test_staging_passed(staged):
            assert not staged.wrong, "; ".join(staged.wrong)
    """
    from pathlib import Path

    from pytest_llmops.doctor.plan import suites_plan
    from pytest_llmops.operate.staged import staged
    from pytest_llmops.plugin.deployment import SANDBOX

    own, target = _llmops.own, _llmops.declared
    root = Path(own.directory.read(SANDBOX)["root"]) if own.embedded else target.root

    def planned() -> list[str]:
        return [check["test"] for check in suites_plan(target)["checks"]]

    return staged(root, target.table.staging, target.table.profile, planned)
