import subprocess
import sys

import pytest

import pytest_llmops.judge as judge


def test_the_room_is_cheap_to_enter():
    code = "import sys, pytest_llmops.judge; sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_name_it_offers_is_there():
    assert sorted(judge._HOMES) == sorted(judge.__all__)
    for name in judge.__all__:
        assert getattr(judge, name) is not None


def test_no_other_name_is():
    with pytest.raises(AttributeError) as caught:
        judge.judge_everything  # noqa: B018
    assert str(caught.value) == "module 'pytest_llmops.judge' has no attribute 'judge_everything'"
