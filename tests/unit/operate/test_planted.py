"""A synthetic person is taken out of all that is described, and what could not be looked at is no success."""

import pytest

from pytest_llmops.control.drivers import hands_by
from pytest_llmops.errors import ControlError
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.security.person import Person
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable
from pytest_llmops.target.settings import Planted

TWO = {"/collections": {"result": {"collections": [{"name": "documents"}, {"name": "memories"}]}}}


PERSON = f"/users/{Person('c0ffee').user}"
DELETE = {"routes": {"delete": {"method": "DELETE", "path": "/users/{user}"}}}


@pytest.fixture
def take_out(tmp_path):
    """Takes a person out of these components."""

    def take_out(deletes=False, **endpoints):
        planted = Planted(driver="planted", seed="c0ffee", endpoints=endpoints, journalled=True, deletes=deletes)
        target = Target(name="here", table=TargetTable(), root=tmp_path, environ={})
        hands = hands_by(planted, target, "person", MAKERS)
        try:
            hands.act("set", {"planted": False})
        finally:
            hands.driver.close()

    return take_out


@pytest.fixture
def taken_out(serve, take_out):
    """Takes a person out of a Qdrant of two collections; returns what that was asked."""

    def taken_out(**table):
        server = serve(TWO | {"/collections/documents/points/delete": {"result": {}}})
        take_out(qdrant={"url": server.url, **table})
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


@pytest.mark.parametrize(
    "options",
    [405, (200, "", {"Allow": "OPTIONS, DELETE"}), 204],
    ids=["no other method", "methods", "done"],
)
def test_whom_a_route_does_not_know_is_gone(serve, take_out, options):
    server = serve({PERSON: iter([404, options]).__next__})
    take_out(api={"url": server.url, **DELETE})
    assert server.asked == ["DELETE", "OPTIONS", "OPTIONS"]


@pytest.mark.parametrize(
    ("options", "elsewhere"),
    [(404, 404), ((200, "", {"Allow": "GET, HEAD"}), 404), (204, 204), (429, 404)],
    ids=["no route", "other methods", "any path", "too many"],
)
def test_a_route_that_is_not_there_proves_nobody_gone(serve, take_out, options, elsewhere):
    server = serve({PERSON: iter([404, options]).__next__, "*": elsewhere})
    with pytest.raises(ControlError) as raised:
        take_out(api={"url": server.url, **DELETE})
    said = (
        f"may still be there: api: DELETE {PERSON} answered 404, and nothing shows that there is such a route: "
        "OPTIONS is answered there as where none can be."
    )
    assert str(raised.value).endswith(said)


def test_a_route_that_was_seen_to_delete_is_believed(serve, take_out):
    server = serve({})
    take_out(deletes=True, api={"url": server.url, **DELETE})
    assert server.asked == ["DELETE"]
