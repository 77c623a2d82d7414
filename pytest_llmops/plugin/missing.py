"""What a run was asked to measure and did not: its part of pytest, for ``judge/missing.py`` to decide."""

from __future__ import annotations

from dataclasses import asdict
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from _pytest.mark.expression import Expression  # there is no public way to read what -k says

from pytest_llmops.judge.missing import Asked, missing
from pytest_llmops.plugin.ours import SUITES_FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from pytest_llmops.plugin.run import Run
    from pytest_llmops.plugin.selection import Selected

PACKAGED = "pytest_llmops.suites"


def missing_of(run: Run, selected: Selected, checks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Metrics with a baseline that are not there, as in ``run.json``.

    Args:
        run: the controller's part of the run.
        selected: what collection came to.
        checks: what came of it, as in ``run.json``.

    Raises:
        BaselineError: a file among the baselines is damaged.
    """
    if run.options.baseline == "off":
        return []
    passed = frozenset(check["test"] for check in checks if check["outcome"] == "passed")
    metrics = {metric["name"]: (metric["state"], check["test"]) for check in checks for metric in check["metrics"]}
    asked = Asked(
        collected=frozenset(selected.collected),
        selected=frozenset(known["test"] for known in selected.known.values()),
        passed=passed,
        measured=frozenset(metrics),
        promised=frozenset(
            one["name"] for plan in selected.planned if plan["test"] not in passed for one in plan["measures"]
        ),
        new={name: check for name, (state, check) in metrics.items() if state == "no-baseline"},
        reaches=lambda check: reaches(run.pytest, check),
        by_marker=bool(run.pytest.option.markexpr),
    )
    return [asdict(one) for one in missing(run.store.runs(run.declared.name), asked)]


def reaches(config: pytest.Config, check: str) -> bool:
    """Whether the command line would have collected a check, were it there, and ``-k`` selected it.

    Args:
        config: pytest's.
        check: its key, as a baseline has it.
    """
    words = [str(word) for word in config.args]
    if config.getoption("lf", False) or any("::" in word for word in words):
        return False
    if (said := config.option.keyword) and not Expression.compile(said).evaluate(_within(check)):
        return False
    file = check.partition("::")[0]
    paths = [(home / file).resolve() for home in _homes(file, config)]
    places = [_place(word, config) for word in words]
    return any(path.is_relative_to(place) and not _ignored(path, config) for path in paths for place in places)


def _homes(file: str, config: pytest.Config) -> list[Path]:
    """Where a check's file is, or was: among the ready suites, which all have a folder, or below the root."""
    homes = [SUITES_FOLDER, config.rootpath] if "/" in file else [config.rootpath]
    there = [home for home in homes if (home / file).exists()]
    return there or [home for home in homes if (home / file).parent.is_dir()] or homes[-1:]


def _within(check: str) -> Any:
    def holds(word: str, /, **_values: object) -> bool:
        return word.lower() in check.lower()

    return holds


def _place(word: str, config: pytest.Config) -> Path:
    """The folder or file that an argument names."""
    if word.startswith(PACKAGED):
        return SUITES_FOLDER.joinpath(*word.removeprefix(PACKAGED).split(".")).resolve()
    return (config.invocation_params.dir / word).resolve()


def _ignored(path: Path, config: pytest.Config) -> bool:
    folders = [(config.invocation_params.dir / word).resolve() for word in config.getoption("ignore", None) or ()]
    globs = [str(config.invocation_params.dir / word) for word in config.getoption("ignore_glob", None) or ()]
    return any(path.is_relative_to(folder) for folder in folders) or any(fnmatch(str(path), glob) for glob in globs)
