"""Who else is touched when a component is changed."""

import pytest

from pytest_llmops.target.dependents import dependents

TARGET = """
[targets.staging]
profile = "{profile}"
[targets.staging.components.api]
url = "http://api"
[targets.staging.components.ollama]
url = "http://ollama"
[targets.staging.components.qdrant]
url = "http://qdrant"
[targets.staging.components.redis]
url = "redis://redis"
[targets.staging.components.prometheus]
url = "http://prometheus"
[targets.staging.components.grafana]
url = "http://grafana"
"""


@pytest.mark.parametrize(
    ("profile", "name", "touched"),
    [
        ("rag", "ollama", {"api": "its health reads llm"}),
        ("rag", "qdrant", {"api": "its health reads vectors"}),
        ("rag", "redis", {"api": "its health reads cache"}),
        ("none", "ollama", {"api": "is in front of it"}),
        ("none", "redis", {"api": "is in front of it"}),
        ("rag", "api", {}),
        ("rag", "prometheus", {"grafana": "reads prometheus"}),
        ("rag", "grafana", {}),
    ],
)
def test_whom(read, profile, name, touched):
    assert dependents(read(TARGET.format(profile=profile)).table.components, name) == touched
