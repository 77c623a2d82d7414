import pytest

from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.state.journal import Journal

from ..operate.conftest import clients, ledger, read  # noqa: F401 (fixtures)


@pytest.fixture
def change_of():
    """A change of a target."""

    def change_of(target):
        return Change(
            target,
            Journal.of(target.state_folder, target.name),
            Interruption(),
            opened={"test": "a test", "run": "a run"},
            say=lambda line: None,
            may_begin=lambda: None,
            makers=MAKERS,
        )

    return change_of
