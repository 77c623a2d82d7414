"""What a run was asked to measure and did not: its part of pytest, for ``judge/missing.py`` to decide."""

from __future__ import annotations

from dataclasses import asdict
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.mark.expression import Expression  # there is no public way to read what -k says

from pytest_llmops.judge.missing import Asked, missing
from pytest_llmops.plugin.asked_names import missing_primaries
from pytest_llmops.plugin.keys import CLOSED, LOCKED
from pytest_llmops.plugin.ours import SUITES_FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmops.plugin.run import Run
    from pytest_llmops.plugin.selection import Selected

PACKAGED = "pytest_llmops.suites"


def missing_of(run: Run, selected: Selected, checks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Metrics with a baseline, and primaries of a whole run, that are not there, as in ``run.json``.

    Args:
        run: the controller's part of the run.
        selected: what collection came to.
        checks: what came of it, as in ``run.json``.

    Raises:
        BaselineError: a file among the baselines is damaged.
    """
    found = [] if run.options.baseline == "off" else _expected(run, selected, checks)
    compared = run.options.baseline != "off" or run.twin is not None
    if compared and is_whole(run.pytest, selected, checks):
        measured = {metric["name"] for check in checks for metric in check["metrics"]}
        known = {one["metric"] for one in found}
        found += [one for one in missing_primaries(run.declared, measured) if one["metric"] not in known]
    return found


def _expected(run: Run, selected: Selected, checks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the accepted runs lead one to expect, and is not there."""
    unmade = unmade_of(selected, checks)
    passed = frozenset(check["test"] for check in checks if check["outcome"] == "passed")
    metrics = {metric["name"]: (metric["state"], check["test"]) for check in checks for metric in check["metrics"]}
    asked = Asked(
        collected=frozenset(selected.collected),
        selected=frozenset(known["test"] for known in selected.known.values()),
        passed=passed,
        measured=frozenset(metrics),
        promised=frozenset(
            one["name"]
            for plan in selected.planned
            if plan["test"] not in {*passed, *unmade}
            for one in plan["measures"]
        ),
        new={name: check for name, (state, check) in metrics.items() if state == "no-baseline"},
        reaches=lambda check: reaches(run.pytest, check),
        unmade=unmade,
        by_marker=bool(run.pytest.option.markexpr),
    )
    return [asdict(one) for one in missing(run.store.runs(run.declared.name), asked)]


def unmade_of(selected: Selected, checks: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Why checks that were asked for were not made: in words, by their keys.

    An optional component may be away, and a disruptive check is asked for by its keys: neither is in it.

    Args:
        selected: what collection came to.
        checks: what came of it, as in ``run.json``.
    """
    left_out = {
        one["test"]: f"is left out: {one['reason']}"
        for one in selected.left_out
        if not one["reason"].startswith((LOCKED, CLOSED))
    }
    skipped = {
        check["test"]: "was skipped: " + check["reason"].partition("\n")[0]
        for check in checks
        if check["outcome"] == "skipped" and check["category"] != "optional-unreachable"
    }
    return {**left_out, **skipped}


def is_whole(config: pytest.Config, selected: Selected, checks: Sequence[dict[str, Any]]) -> bool:
    """Whether a run measured all that the project has: nothing was narrowed, left out, skipped or lost.

    Args:
        config: pytest's.
        selected: what collection came to.
        checks: what came of it, as in ``run.json``.
    """
    if any(config.getoption(name, None) for name in ("lf", "ignore", "ignore_glob")):
        return False
    testpaths = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if not (testpaths or any(config.rootpath.is_relative_to(_place(str(word), config)) for word in config.args)):
        return False
    made = {check["test"] for check in checks if check["outcome"] == "passed" or check["metrics"]}
    return len(selected.known) == len(selected.collected) and all(
        plan["test"] in made for plan in selected.planned if plan["timed"]
    )


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
