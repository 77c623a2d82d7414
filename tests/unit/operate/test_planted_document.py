"""A document that is planted is found by its question, and taken out by who knows its table alone."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from pytest_llmops.control.drivers import hands_by
from pytest_llmops.errors import ControlError
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable
from pytest_llmops.target.settings import PlantedDocument, Valued

ROUTES = {
    "query": {"method": "POST", "path": "/q", "body": {"q": "{prompt}"}, "answer": "a", "sources": "s"},
    "ingest": {"method": "POST", "path": "/d", "body": {"id": "{document}", "t": "{text}", "u": "{user}"}},
    "delete": {"method": "DELETE", "path": "/u/{user}"},
}


def table(url, **more):
    plain = {
        "driver": "planted-document",
        "component": "api",
        "endpoint": {"url": url, "routes": ROUTES},
        "document": "doc-1",
        "user": "nobody-1",
        "text": "Seven years.",
        "question": "How long?",
        "deadline": "3 s",
    }
    return TypeAdapter(Valued).validate_python(plain | more)


@pytest.fixture
def there(serve):
    """A service that keeps one document: its state, its server and the hands on it."""
    kept = {"there": False, "deletes": True}

    def ingest():
        kept["there"] = True
        return {"ok": True}

    def delete():
        kept["there"] = kept["there"] and not kept["deletes"]
        return {"ok": True}

    server = serve(
        {
            "/q": lambda: {"a": "Seven.", "s": ["other", *(["doc-1"] if kept["there"] else [])]},
            "/d": ingest,
            "/u/nobody-1": delete,
        }
    )
    hands = hands_by(table(server.url), Target("t", TargetTable(), Path()), "planted", MAKERS)
    return kept, server, hands


def test_it_is_planted_and_taken_out(there):
    kept, server, hands = there
    assert hands.status().kept == {"there": False}
    assert hands.act("set", {"there": True}).kept == {"there": True}
    assert any('"doc-1"' in body and '"nobody-1"' in body for body in server.bodies)
    assert hands.act("set", {"there": False}).kept == {"there": False}
    assert not kept["there"]


def test_what_stays_although_it_was_deleted_is_told(there):
    kept, _, hands = there
    hands.act("set", {"there": True})
    kept["deletes"] = False
    with pytest.raises(ControlError, match="document doc-1 of nobody-1 in api"):
        hands.act("set", {"there": False})


def test_a_person_is_told_how_to_take_it_out(there):
    _, _, hands = there
    assert hands.driver.by_hand("set", {"there": False}) == "DELETE /u/nobody-1 of api"


def test_its_table_is_read_back_from_a_journal(there):
    _, server, _ = there
    written = table(server.url).model_dump(mode="json")
    assert isinstance(TypeAdapter(Valued).validate_python(written), PlantedDocument)
