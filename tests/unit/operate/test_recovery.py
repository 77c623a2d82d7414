"""Recovery: the clock runs from before the act until the component works, which is more than that it answers."""

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.errors import StepFailed
from pytest_llmops.operate import recovery
from pytest_llmops.operate.recovery import recovered
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

FILE = """
[targets.here.components.api]
url = "{url}"
[targets.here.components.api.routes.health]
path = "/health"
[targets.here.components.api.health]
accept = {{ status = ["healthy"] }}
[targets.here.components.qdrant]
url = "{url}"
[targets.here.components.ui]
url = "{url}"
"""


@pytest.fixture
def here(tmp_path, serve, clock):
    """Clients by component, and what the server answers."""
    clock(recovery)  # whoever waits does not
    answers = {
        "/health": {"status": "sick"},
        "/readyz": (503, "not yet"),
        "/collections": {"result": {"collections": []}},
        "/_stcore/health": (503, "unavailable"),
    }
    (tmp_path / "llmops.toml").write_text(FILE.format(url=serve(answers).url))
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    ledger = Ledger(tmp_path / "ledger", target.table.budget)
    return lambda component: connect(target, component, ledger), answers


def test_it_is_timed_from_before_the_act(here):
    client, answers = here

    def act():
        answers["/health"]["status"] = "healthy"

    back = recovered(client("api"), act, 60.0)
    assert back.component == "api"
    assert 0 <= back.acted_s <= back.took_s
    assert back.seen == "api: healthy"


@pytest.mark.parametrize(
    ("component", "why"),
    [
        ("api", "api: GET /health answered 200 but status is 'sick', accepted is 'healthy'"),
        ("qdrant", "qdrant: GET /readyz answered 503"),
        ("ui", "ui: GET /_stcore/health answered 503"),
    ],
)
def test_what_answers_and_is_not_well_has_not_recovered(here, component, why):
    with pytest.raises(StepFailed) as failed:
        recovered(here[0](component), lambda: None, 30.0)
    assert str(failed.value).startswith(f"{component}: it does not work 30 s after it was acted on: {why}")


def test_what_cannot_be_reached_has_not_recovered(tmp_path, closed_port, clock):
    clock(recovery)
    (tmp_path / "llmops.toml").write_text(FILE.format(url=f"http://127.0.0.1:{closed_port}"))
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    client = connect(target, "qdrant", Ledger(tmp_path / "ledger", target.table.budget))
    with pytest.raises(StepFailed, match=r"^qdrant: it does not work 30 s after .*: qdrant at http://127.*refused"):
        recovered(client, lambda: None, 30.0)
