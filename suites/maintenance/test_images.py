"""Images and what else a container engine keeps: new ones run, and what is in use outlives what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.procedure("voyageur.maintenance.pull-images", fault="images:ignored")
@pytest.mark.procedure("voyageur.maintenance.pull-images", fault="images_pull:fails")
def test_new_images_run(operation: Callable[[str], Operated], documents: Documents, record: Record) -> None:
    """The newest images are pulled, the containers run the very builds that were pulled, and the service is healthy."""
    record("images_pull_duration", operation("pull-images").took_s, "s")
    done = operation("run-pulled-images")
    documents.write("pulled-images.md", done.document())
    record("images_renewal_duration", done.took_s, "s", of=done.value("images"))


@pytest.mark.procedure("voyageur.maintenance.system-prune", fault="docker_prune:too-much")
def test_what_nothing_uses_goes(
    operation: Callable[[str], Operated],
    app_command: AppCommands,
    containers: Containers,
    documents: Documents,
    record: Record,
) -> None:
    """What Docker keeps and nothing uses is deleted; every container, image and volume in use is there afterwards.

    The stopped containers that go with it are in a document before.
    """
    before = containers.in_use()
    documents.write("stopped-containers.md", app_command.text("docker_stopped"))
    done = operation("system-prune")
    documents.write("system-prune.md", done.document())
    record("space_freed[docker]", containers.reclaimed_mb(done["run docker_prune"].seen), "MB")
    lost = before - containers.in_use()
    assert not lost, f"gone, and was in use before: {', '.join(sorted(lost))}; bring it back from its backup"
