"""Watches the collection for tests of ours; a run without any pays for no more than this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.plugin.ours import SUITES_FOLDER, is_ours, run_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

AS_SHIPPED: dict[str, list[str]] = {
    "python_files": ["test_*.py"],
    "python_classes": ["Test"],
    "python_functions": ["test"],
    "norecursedirs": [],
}
"""What the ready suites are collected by."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Tell ``--lf`` where failed tests of the ready suites are: of itself it looks below the project's root alone."""
    if not session.config.getoption("lf", False):
        return
    last_failed = session.config.pluginmanager.get_plugin("lfplugin")
    known = getattr(last_failed, "_last_failed_paths", None)
    if last_failed is None or known is None:
        return
    names = {str(node_id).partition("::")[0] for node_id in last_failed.lastfailed}
    folders = [SUITES_FOLDER, *(folder for folder in SUITES_FOLDER.iterdir() if folder.is_dir())]
    found = {folder / name for name in names for folder in folders if name and (folder / name).is_file()}
    known |= found | {parent for path in found for parent in path.parents}


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Collect the ready suites whole: how a project names its own tests and folders says nothing of ours."""
    if not collector.path.is_relative_to(SUITES_FOLDER):
        return (yield)
    settings = getattr(collector.config, "_inicache", {})  # there is no public way to say it for a folder
    own = dict(settings)
    settings.update(AS_SHIPPED)
    try:
        return (yield)
    finally:
        settings.clear()
        settings.update(own)


@pytest.hookimpl(wrapper=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Generator[None, Any, Any]:
    """Keep the ready suites where a pattern takes out whatever lies around them, such as all of a .venv."""
    ignored = yield
    if ignored and SUITES_FOLDER in collection_path.parents:
        return not config.hook.pytest_ignore_collect(collection_path=SUITES_FOLDER, config=config)
    return ignored


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Refuse a procedure that is in no catalogue."""
    made = yield
    for item in made if isinstance(made, list) else [made]:
        if isinstance(item, pytest.Item) and is_ours(item):
            from pytest_llmops.plugin.selection import know_procedures

            know_procedures(item, collector)
    return made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, object, object]:
    """Mark tests of ours, let others select, then leave out what does not apply."""
    ours = [item for item in items if is_ours(item)]
    if not ours:
        return (yield)
    from pytest_llmops.plugin.selection import Selection, in_order

    run = run_of(config)
    run.engage()
    selection = Selection(run)
    for item in ours:
        selection.mark(item)
    in_order(items)  # the order that --sw goes by
    result = yield
    selection.settle(config, items, ours)
    return result
