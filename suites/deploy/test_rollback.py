"""Rolling back: to what was deployed before, which the commit before is not always; and whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.rollback import Rollback
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.operate.recovery import Recovered
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.procedure("document-enhancer.rollback.select-commit", fault="deployments:several")
def test_rollback_goes_to_what_was_deployed_before(rollback: Rollback) -> None:
    """The commit that a rollback goes to by itself is the one that was deployed before."""
    goes, before = rollback.default(), rollback.deployed_before()
    assert goes.hash == before.hash, (
        f"rollback: goes to {goes}; deployed before was {before}: give rollback.sh that one"
    )


@pytest.mark.procedure("document-enhancer.rollback.stop", fault="api:wont-stop")
@pytest.mark.procedure("document-enhancer.rollback.checkout", fault="version:refused")
@pytest.mark.procedure("document-enhancer.rollback.checkout", fault="clean_tree:changed")
@pytest.mark.procedure("document-enhancer.rollback.dependencies", fault="packages:refused")
@pytest.mark.procedure("document-enhancer.rollback.start-and-verify", fault="previous_release:broken")
@pytest.mark.procedure("document-enhancer.rollback.start-and-verify", fault="smoke_test:lost")
def test_rollback_works(
    carried_out: Callable[..., Operated],
    change: Change,
    recovered: Callable[[str, Callable[[], object]], Recovered],
    app_command: AppCommands,
    api: Api,
    record: Record,
) -> None:
    """What ran before runs again, is what it was then and does its work; and so does what runs now, taken back."""
    astray = carried_out("rollback").astray(change)
    assert not astray, "; ".join(astray)
    back = recovered("api", change.undo)
    record("rollback_taken_back", back.took_s, "s", of=back.seen)
    api.call("providers").ok()
    app_command.run("smoke_test")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "rollback-app",
            marks=[
                pytest.mark.procedure("enterprise-pipeline.rollback-app.stop", fault="api:wont-stop"),
                pytest.mark.procedure(
                    "enterprise-pipeline.rollback-app.previous-version", fault="previous_release:sick"
                ),
                pytest.mark.procedure(
                    "enterprise-pipeline.rollback-app.previous-version", fault="running_release:other"
                ),
                pytest.mark.procedure(
                    "enterprise-pipeline.rollback-app.previous-version", fault="previous_release:same"
                ),
            ],
        ),
        pytest.param(
            "rollback-image",
            marks=[
                pytest.mark.procedure(
                    "enterprise-pipeline.rollback-app.tagged-image",
                    "aegis-rag.api-failure.emergency-rollback",
                    fault="image:ignored",
                ),
                pytest.mark.procedure("aegis-rag.api-failure.emergency-rollback", fault="previous_image:sick"),
                pytest.mark.procedure("aegis-rag.api-failure.emergency-rollback", fault="previous_image:same"),
            ],
        ),
        pytest.param(
            "rollback-config",
            marks=[
                pytest.mark.procedure("enterprise-pipeline.rollback-config.revert-file", fault="previous_config:same"),
                pytest.mark.procedure(
                    "enterprise-pipeline.rollback-config.revert-file", fault="config_is_valid:invalid"
                ),
                pytest.mark.procedure("enterprise-pipeline.rollback-config.restart", fault="config_in_effect:stale"),
                pytest.mark.procedure("enterprise-pipeline.rollback-config.restart", fault="previous_config:sick"),
            ],
        ),
    ],
)
def test_rollback_is_rehearsed(
    name: str,
    carried_out: Callable[..., Operated],
    change: Change,
    recovered: Callable[[str, Callable[[], object]], Recovered],
    api: Api,
    prompts: Workload,
    record: Record,
) -> None:
    """What was there before serves again, and answers; and so does what is there now, once that is taken back."""
    done = carried_out(name, "rollback")
    assert not done.idle, f"{name}: there is nothing to go back to: {'; '.join(done.idle)}"
    silent = [prompt.text for prompt in prompts if not api.query(prompt).text.strip()]
    assert not silent, f"{name}: empty answers to {silent}"
    back = recovered("api", change.undo)
    record(f"rollback_taken_back[{name}]", back.took_s, "s", of=back.seen)


@pytest.mark.procedure("enterprise-pipeline.rollback-full.stop-all", fault="nothing_runs:left-over")
@pytest.mark.procedure("enterprise-pipeline.rollback-full.checkout", fault="whole_release:refused")
@pytest.mark.procedure("enterprise-pipeline.rollback-full.checkout", fault="checkout_is_clean:changed")
@pytest.mark.procedure("enterprise-pipeline.rollback-full.rebuild", fault="running_release:other")
@pytest.mark.procedure("enterprise-pipeline.rollback-full.rebuild", fault="prometheus:firing")
def test_full_rollback_is_rehearsed(
    carried_out: Callable[..., Operated],
    change: Change,
    recovered: Callable[[str, Callable[[], object]], Recovered],
    api: Api,
    prometheus: Prometheus,
    prompts: Workload,
    record: Record,
) -> None:
    """All of it was stopped, the release before serves, every target is scraped again, and no alert fires."""
    done = carried_out("rollback-full", "rollback")
    assert not done.idle, f"rollback-full: there is nothing to go back to: {'; '.join(done.idle)}"
    silent = [prompt.text for prompt in prompts if not api.query(prompt).text.strip()]
    assert not silent, f"rollback-full: empty answers to {silent}"
    down = [f"{one.job} at {one.url}: {one.error}" for one in prometheus.targets_within(60) if one.health != "up"]
    assert not down, f"{prometheus.component}: not scraped after the rollback: {'; '.join(down)}"
    firing = [alert.name for alert in prometheus.alerts() if alert.state == "firing"]
    assert not firing, f"{prometheus.component}: firing after the rollback: {', '.join(firing)}"
    back = recovered("api", change.undo)
    record("rollback_taken_back[rollback-full]", back.took_s, "s", of=back.seen)
