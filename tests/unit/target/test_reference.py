"""The reference of llmops.toml is a file that is read without a complaint, and names every key."""

import re
from pathlib import Path

from pytest_llmops.target.load import load
from pytest_llmops.target.models import Config
from pytest_llmops.target.problems import _models_in

REFERENCE = Path(__file__).parents[3] / "docs" / "llmops-toml.md"
INNER = {"calls", "per_s"}
"""What ``"100/h"`` is read into; nobody writes these."""


def reference(folder, index=0):
    file = folder / "llmops.toml"
    file.write_text(re.findall(r"```toml\n(.*?)```", REFERENCE.read_text(), re.DOTALL)[index])
    return load(file, None, folder, {})


def keys(model):
    for name, field in model.model_fields.items():
        yield field.alias or name
        for inner in _models_in(field.annotation):
            yield from keys(inner)


def test_the_reference_is_valid(tmp_path):
    target = reference(tmp_path)
    assert (target.name, target.notes) == ("staging", ())
    assert target.own_thresholds == ("query_latency.p90", "*.error_rate")


def test_the_references_sandbox_is_valid(tmp_path):
    target = reference(tmp_path, 1)
    assert target.table.embedded
    assert target.notes == ()
    assert target.table.sandbox.faults == ["llm:slow=1.6"]


def test_what_surrounds_the_references_sandbox_is_valid(tmp_path):
    target = reference(tmp_path, 2)
    assert target.table.embedded
    assert target.notes == ()
    assert set(target.table.sandbox.commands) == {"report"}


def test_the_reference_names_every_component(tmp_path):
    components = Config.model_fields["targets"].annotation.__args__[1].model_fields["components"].annotation
    configured = reference(tmp_path).table.components
    named = {configured.group_of(name) or name for name in configured.configured()}
    assert set(components.model_fields) == named


def test_the_reference_names_every_key():
    text = REFERENCE.read_text()
    named = {key for key in keys(Config) if re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", text)}
    assert set(keys(Config)) - named == INNER - named
