"""One fault of the embedded sandbox, tried: the tests that name it, run on a stack that has it."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmops.doctor.inner_pytest import FOLDER, command, environ, last_words

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from pathlib import Path

    from pytest_llmops.procedures.named_faults import NamedFault

WITHIN_S = 300.0
RED = frozenset({"failed", "error"})
LEFT_OUT = "not selected"
UNSUPPORTED = "skipped (unsupported)"
UNREACHABLE = "error (unreachable)"
STILL_CHANGED = "still-changed"
UNTRIED = frozenset({"void", "budget", "outside-window", STILL_CHANGED})
"""Categories of red that tell of the run, and not of what it looked at; once more it may be otherwise."""
LACKING = "not-installed"
"""Another such category: it is so each time."""

FILE = """\
[targets.sandbox]
profile = "{profile}"
environment = "sandbox"
preflight_deadline = "10 s"
[targets.sandbox.baseline]
looks = [10, 20, 40]
"""
"""Short: where a healthy stack is called in turns, a slowdown that a fault makes shows within ten calls."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of the tests that name a fault.

    Attributes:
        named: the fault and its tests.
        outcomes: of each test what it came to: its outcome, its category in brackets; ``not selected``, where it was
            left out; ``not run``, where pytest came to no result.
        took_s: seconds.
        said: the last words of a run without a result.
        red_beside: of the other tests that were run beside them, those that found something: an error because a
            component cannot be reached is that component's own line.
    """

    named: NamedFault
    outcomes: dict[str, str]
    took_s: float
    said: str = ""
    red_beside: tuple[str, ...] = ()

    @property
    def red(self) -> list[str]:
        """Tests that were red."""
        return [test for test, outcome in self.outcomes.items() if _is_red(outcome)]

    @property
    def strangers(self) -> list[str]:
        """Tests that were red beside them, and stand in a file where none names the fault.

        None where no test of its own was red: it is a fault of other profiles, and breaks something else here.
        """
        return self.red and [test for test in self.red_beside if test.partition("::")[0] not in self.named.files]


def tried(named: NamedFault, profile: str, folder: Path, within_s: float = WITHIN_S) -> Tried:
    """Run the tests that name a fault against the sandbox that has it.

    Tests that measure are called in turns on it and on a healthy one: a stack that is only slow is red beside that.
    Where a busy machine let a measurement come to nothing, it is run once more. Tests that change the target may do so:
    the sandbox is embedded in each run, and ends with it. What one of them could not take back keeps the others from
    beginning; they are run without it, until each has begun.

    Args:
        named: the fault and its tests.
        profile: which system the sandbox is.
        folder: an empty one, for the files, the reports and the state of its runs.
        within_s: seconds for a run; as many again for each ten tests that are run beside.
    """
    found = _run(named, profile, folder / "1", within_s * (1 + len(named.beside) / 10))
    again, number = _of(found, UNTRIED), 2
    while again:
        more = _run(replace(named, tests=again, beside=()), profile, folder / f"{number}", within_s)
        found = replace(found, outcomes={**found.outcomes, **more.outcomes}, took_s=found.took_s + more.took_s)
        again, number = _of(more, {STILL_CHANGED}), number + 1  # the first of them begins each time
    return found


def _of(found: Tried, outcomes: Container[str]) -> dict[str, tuple[str, ...]]:
    """The tests that came to one of these, with their procedures."""
    return {test: found.named.tests[test] for test, outcome in found.outcomes.items() if outcome in outcomes}


def _run(named: NamedFault, profile: str, folder: Path, within_s: float) -> Tried:
    folder.mkdir()
    file = folder / "llmops.toml"
    file.write_text(FILE.format(profile=profile), encoding="utf-8")
    words = [f"--llmops-config={file}", f"--llmops-report={folder}", f"--llmops-sandbox-fault={named.fault}"]
    words += ["--llmops-allow-disruption=sandbox"]  # which is embedded, so it is nobody's
    words += ["--llmops-against=sandbox"] if named.timed else []
    words += [] if named.timed or named.recalled else ["--llmops-baseline=off"]
    started, said = time.monotonic(), ""
    try:
        done = subprocess.run(  # noqa: S603 (our own plugin)
            command(folder, *words, *(f"{FOLDER}/{test}" for test in (*named.tests, *named.beside))),
            cwd=folder,
            env=environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=within_s,
        )
        said = last_words(done.stdout)
    except subprocess.TimeoutExpired as late:
        said = f"it did not end within {within_s:g} s. {last_words(late.output or b'')}".strip()
    took_s = time.monotonic() - started
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Tried(named, dict.fromkeys(named.tests, "not run"), took_s, said)
    checks = {str(check["test"]): check for check in run["checks"]}
    outcomes = {test: _outcome(checks.get(test)) for test in named.tests}
    others = {test: _outcome(checks.get(test)) for test in named.beside}
    beside = tuple(test for test, outcome in others.items() if _is_red(outcome) and outcome != UNREACHABLE)
    return Tried(named, outcomes, took_s, red_beside=beside)


def _is_red(outcome: str) -> bool:
    return outcome.partition(" ")[0] in RED


def _outcome(check: Mapping[str, Any] | None) -> str:
    if check is None:
        return LEFT_OUT
    if check["category"] in UNTRIED | {LACKING}:
        return str(check["category"])
    category = f" ({check['category']})" if check["category"] not in {"", check["outcome"]} else ""
    return f"{check['outcome']}{category}"
