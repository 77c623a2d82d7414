"""What holds for all tests."""

import os
import socketserver
import sys
import time

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the tests start a thousand processes that import the same modules

_failed = socketserver.BaseServer.handle_error


def _unless_it_left(server, request, client_address):
    if not isinstance(sys.exception(), ConnectionError):
        _failed(server, request, client_address)


socketserver.BaseServer.handle_error = _unless_it_left
"""Who asks a server of a test may leave before it is answered; what is printed of it may come in any later test."""

SEED = int(os.environ.get("TESTS_SEED") or time.time() // 86_400)
"""Which part is looked at of what is too much for one run: a number for each day, so that days in a row come to all."""
os.environ["TESTS_SEED"] = str(SEED)  # workers that start after midnight collect the same

WHOLE = os.environ.get("TESTS_WHOLE") == "1"
"""Whether all of it is looked at: each step of each operation, each boundary of a run that ends there, each drill, each
sick stack of the daily suite."""


def in_turn(day, of):
    """Marks a test that has its turn on that day of so many, counted from 0; with ``TESTS_WHOLE=1`` on each."""
    return pytest.mark.skipif(not WHOLE and SEED % of != day, reason=f"its turn is every {of} days; TESTS_WHOLE=1")


def pytest_configure(config):
    """Under ``--dist loadfile``, files in their order: most of those that take long are in the folders that come first.

    By default the files of the most tests come first, which are the quick ones.
    """
    config.option.loadscopereorder = False


def pytest_report_header():
    if WHOLE:
        said = "each operation is struck at each step in each way, each run ended at each boundary"
        return f"TESTS_WHOLE=1: {said}, each drill killed at twenty moments, each sick stack tried"
    every = "operations, boundaries, drills and sick stacks"
    again = f"TESTS_SEED={SEED} looks at the same again, TESTS_WHOLE=1 at all of {every}"
    return f"what is only sampled goes by the seed {SEED}; {again}"


def pytest_terminal_summary(terminalreporter):
    """What tests recorded for people to read, whichever worker ran them: titles, and lines below each."""
    found = {}
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for title, lines in report.user_properties if report.when == "call" else ():
            found.setdefault(title, []).append(lines)
    for title, lines in found.items():
        terminalreporter.section(title)
        terminalreporter.line("\n".join(lines))


@pytest.fixture(scope="session")
def seed():
    """The run's."""
    return SEED
