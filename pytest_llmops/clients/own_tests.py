"""The application's own tests: run by its own commands, and read from what pytest or JUnit say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands, Ran

_SUMMARY = re.compile(r"^=*\s*((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s.*$", re.MULTILINE)
_COUNT = re.compile(r"(\d+) ([a-z]+)")
_DURATION = re.compile(r"^\s*([\d.]+)s (?:call|setup|teardown)\s+(\S+)", re.MULTILINE)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_XML = re.compile(r"<testsuites?\b.*</testsuites?>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TestsRan:
    """What a run of tests came to.

    Attributes:
        passed, failed, skipped: tests; errors count as failed.
        names: of those that failed, as far as they are told.
        slowest_s: the longest of its tests, with setup and teardown (pytest's ``--durations=0``, or JUnit's ``time``);
            None where none is told.
        slowest: its name.
    """

    __test__ = False  # it is no test

    passed: int
    failed: int
    skipped: int
    names: tuple[str, ...] = ()
    slowest_s: float | None = None
    slowest: str = ""

    def slowest_test(self) -> tuple[str, float]:
        """The test that took longest, and its seconds.

        Raises:
            CallFailed: no durations are told (``empty``).
        """
        if self.slowest_s is None:
            raise CallFailed("", "empty", "no test's duration is told; let pytest run with --durations=0.")
        return self.slowest, self.slowest_s


def outcome_in(app: AppCommands, name: str, ran: Ran) -> TestsRan:
    """What tests came to, read from a command's output: JUnit's XML if it is there, else pytest's summary.

    Args:
        app: the target's commands.
        name: of the one that ran them, or that prints their log.
        ran: what it came to.

    Raises:
        CallFailed: ``bad-answer``: there is neither; ``empty``: no test was run.
    """
    xml = _XML.search(ran.output)
    found = _junit(xml[0]) if xml else _summary(ran.output)
    if found is None:
        raise CallFailed(
            app.component,
            "bad-answer",
            f"{app.component}: {name}: neither pytest's summary nor JUnit's XML is in its output; "
            f"it ends with: {app.quoted(ran.said)}.",
        )
    if not found.passed + found.failed:
        raise CallFailed(app.component, "empty", f"{app.component}: {name}: no test was run.")
    return found


class OwnTests:
    """The application's own tests.

    Args:
        app: the target's commands.
    """

    def __init__(self, app: AppCommands) -> None:
        self._app = app

    def run(self, name: str) -> TestsRan:
        """Run them by a command, which may end with exit status 1 where some fail.

        Raises:
            CallFailed: the command failed otherwise, told no outcome, or ran none.
        """
        return outcome_in(self._app, name, self._app.run(name))


def _summary(text: str) -> TestsRan | None:
    lines = _SUMMARY.findall(text)
    if not lines:
        return None
    counts = {word.removesuffix("s"): int(number) for number, word in _COUNT.findall(lines[-1])}
    slowest_s, slowest = max(_durations(text), default=(None, ""))
    return TestsRan(
        passed=counts.get("passed", 0),
        failed=counts.get("failed", 0) + counts.get("error", 0),
        skipped=counts.get("skipped", 0) + counts.get("xfailed", 0),
        names=tuple(dict.fromkeys(_FAILED.findall(text))),
        slowest_s=slowest_s,
        slowest=slowest,
    )


def _durations(text: str) -> list[tuple[float, str]]:
    """What each test took, its setup, call and teardown together."""
    took: dict[str, list[float]] = {}
    for seconds, test in _DURATION.findall(text):
        took.setdefault(test, []).append(float(seconds))
    return [(fsum(phases), test) for test, phases in took.items()]


def _junit(text: str) -> TestsRan | None:
    from xml.etree import ElementTree as ET

    try:
        cases = ET.fromstring(text).findall(".//testcase")  # noqa: S314 (the team's own; expat expands no entities of files)
    except ET.ParseError:
        return None
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    slowest_s, slowest = max(((float(case.get("time", 0)), _name(case)) for case in cases), default=(None, ""))
    return TestsRan(
        passed=len(cases) - len(bad) - len(skipped),
        failed=len(bad),
        skipped=len(skipped),
        names=tuple(_name(case) for case in bad),
        slowest_s=slowest_s,
        slowest=slowest,
    )


def _name(case: object) -> str:
    attributes: dict[str, str] = getattr(case, "attrib", {})
    return "::".join(filter(None, (attributes.get("classname"), attributes.get("name"))))
