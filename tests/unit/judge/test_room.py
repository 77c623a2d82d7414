import subprocess
import sys

import pytest

import pytest_llmops.judge as judge


@pytest.mark.parametrize("module", ["pytest_llmops.judge", "pytest_llmops.measure.planning"])
def test_it_costs_little_to_import(module):
    """The second is what every run plans with, also one that times nothing."""
    code = f"import sys, {module}; sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_name_it_offers_is_there():
    assert sorted(judge._HOMES) == sorted(judge.__all__)
    for name in judge.__all__:
        assert getattr(judge, name) is not None


def test_no_other_name_is():
    with pytest.raises(AttributeError) as caught:
        judge.judge_everything  # noqa: B018
    assert str(caught.value) == "module 'pytest_llmops.judge' has no attribute 'judge_everything'"
