"""What holds for all tests."""

import os
import time

import pytest

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the tests start a thousand processes that import the same modules

SEED = int(os.environ.get("TESTS_SEED") or time.time() // 86_400)
"""Which part is looked at of what is too much for one run: a number for each day, so that days in a row come to all."""


def pytest_report_header():
    return f"what is only sampled goes by the seed {SEED}; TESTS_SEED={SEED} looks at the same again"


@pytest.fixture(scope="session")
def seed():
    """The run's."""
    return SEED
