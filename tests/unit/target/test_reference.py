"""The reference of llmops.toml is a file that is read without a complaint."""

import re
from pathlib import Path

from pytest_llmops.target.load import load
from pytest_llmops.target.models import Config

REFERENCE = Path(__file__).parents[3] / "docs" / "llmops-toml.md"


def reference(folder):
    file = folder / "llmops.toml"
    file.write_text(re.search(r"```toml\n(.*?)```", REFERENCE.read_text(), re.DOTALL)[1])
    return load(file, None, folder, {})


def test_the_reference_is_valid(tmp_path):
    target = reference(tmp_path)
    assert (target.name, target.notes) == ("staging", ())
    assert target.own_thresholds == ("query_latency.p90", "*.error_rate")
    assert list(target.table.components.configured()) == ["api", "ollama", "openai", "qdrant", "redis"]


def test_the_reference_names_every_component(tmp_path):
    components = Config.model_fields["targets"].annotation.__args__[1].model_fields["components"].annotation
    assert set(components.model_fields) == set(reference(tmp_path).table.components.configured())
