"""A test's turn to change the target: an embedded one keeps to no window of the system that it stands for."""

from types import SimpleNamespace

import pytest

from pytest_llmops.control.embedded import placed
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.errors import OutsideWindow
from pytest_llmops.plugin.checks import Check
from pytest_llmops.plugin.disruption import Disruption
from pytest_llmops.target.load import load

FACTS = {
    "components": {"api": "http://127.0.0.1:9"},
    "environ": {},
    "knows": True,
    "root": "/r",
    "socket": "/s",
    "command": ["print"],
}
STEP = "voyageur.maintenance.pull-images"
NEVER = """
[targets.staging]
profile = "voyageur"
components.api.url = "http://127.0.0.1:9"
disruption.windows = ["first Sat 02:00-02:01"]
"""


def begun(folder, declared, target):
    run = SimpleNamespace(declared=declared, target=target, interruption=Interruption(), path=folder, say=print)
    disruption = Disruption(run)
    try:
        disruption._begin(Check("maintenance/test_images.py::test_new_images_run", "maintenance", True, (STEP,)))
    finally:
        disruption.end()


def test_an_embedded_target_may_be_changed_at_any_time(tmp_path):
    declared = load(None, "sandbox:voyageur", tmp_path, {})
    assert declared.table.disruption.windows
    begun(tmp_path, declared, placed(declared, FACTS))


def test_the_real_one_may_not(tmp_path):
    (tmp_path / "llmops.toml").write_text(NEVER)
    real = load(tmp_path / "llmops.toml", "staging", tmp_path, {})
    with pytest.raises(OutsideWindow, match="none is open any more"):
        begun(tmp_path, real, real)
