"""A synthetic person is taken out of all that is described, and what could not be looked at is no success."""

import pytest

from pytest_llmops.control.drivers import hands_by
from pytest_llmops.errors import ControlError
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable
from pytest_llmops.target.settings import Planted

TWO = {"/collections": {"result": {"collections": [{"name": "documents"}, {"name": "memories"}]}}}


@pytest.fixture
def taken_out(serve, tmp_path):
    """Takes a person out of a Qdrant of two collections; returns what that was asked."""

    def taken_out(**table):
        server = serve(TWO | {"/collections/documents/points/delete": {"result": {}}})
        planted = Planted(driver="planted", seed="c0ffee", endpoints={"qdrant": {"url": server.url, **table}})
        target = Target(name="here", table=TargetTable(), root=tmp_path, environ={})
        hands = hands_by(planted.model_copy(update={"journalled": True}), target, "person", MAKERS)
        try:
            hands.act("set", {"planted": False})
        finally:
            hands.driver.close()
        return server.asked

    return taken_out


def test_who_owns_points_is_taken_out(taken_out):
    assert taken_out(owner="user", collection="documents") == ["POST"]


def test_where_nothing_says_whose_points_are_nobody_is_asked(taken_out):
    assert taken_out() == []


def test_a_collection_that_nobody_can_tell_is_no_success(taken_out):
    with pytest.raises(ControlError) as raised:
        taken_out(owner="user")
    said = (
        "may still be there: qdrant: it has several collections (documents, memories); name the one that is searched "
        'as collection = "…" of the component.'
    )
    assert str(raised.value).endswith(said)
