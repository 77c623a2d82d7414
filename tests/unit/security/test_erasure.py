"""What an erasure comes to: ended in time with nothing left, too late, or with a store that keeps the person."""

import json
import time
from types import SimpleNamespace

import pytest

from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.security.erasure import Erasure
from pytest_llmops.security.person import Person
from pytest_llmops.security.places import Places

ROUTES = {
    "query": {"method": "POST", "path": "/q", "body": {"question": "{prompt}", "user": "{user}"}, "answer": "answer"},
    "delete": {"method": "DELETE", "path": "/users/{user}", "values": {"state": "state"}},
}


@pytest.fixture
def erase(serve, target, client, tmp_path):
    """Has somebody deleted by an API that logs who asks: ``erase(forgets=False, slow_s=0.2)``."""
    log = tmp_path / "asked.log"

    def erase(*, forgets=True, slow_s=0.0, state="completed", afterwards=200, **table):
        deleted = []

        def answer(request, body):
            if request.command == "DELETE":
                deleted.append(request.path)
                time.sleep(slow_s)
                log.write_text("" if forgets else log.read_text())
                return 202, {"state": state}
            if deleted and afterwards != 200:
                return afterwards
            log.write_text(f"{json.loads(body)['user']} asked\n")
            return 200, {"answer": "I know nobody."}

        rules = {"within": "5 s", "every": "20 ms", "root": str(tmp_path), "places": {"logs": {"files": ["*.log"]}}}
        made = target({"api": {"url": serve(answer).url, "routes": ROUTES}}, erasure={**rules, **table})
        change = SimpleNamespace(target=made, also=lambda *_: None, set=lambda *_, **__: None)
        return Erasure(change, client(made), lambda _line: None).carry_out()

    return erase


def test_what_is_gone_at_once_is_in_time(erase):
    done = erase()
    assert (done.completed, done.in_time, done.kept) == (True, True, [])
    assert done.receipt("logs").outcome == "gone"
    assert done.took_s < 5


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_api_that_knows_no_such_user_any_more_tells_nothing(erase, status):
    done = erase(afterwards=status)
    assert (done.receipt("api").after, done.receipt("logs").outcome) == (False, "gone")


def test_an_api_that_fails_after_the_deletion_proves_nothing(erase):
    with pytest.raises(CallFailed) as caught:
        erase(afterwards=500)
    assert caught.value.kind == "http-500"


def test_what_is_still_found_at_the_deadline_is_not(erase):
    done = erase(forgets=False, within="100 ms")
    assert (done.completed, done.in_time, [one.store for one in done.kept]) == (True, False, ["logs"])


def test_what_is_gone_after_the_deadline_is_too_late(erase):
    done = erase(slow_s=0.15, within="100 ms")
    assert (done.completed, done.in_time, done.kept) == (True, False, [])
    assert done.took_s > 0.15


def test_what_has_not_ended_by_then_has_not_completed(erase):
    done = erase(state="processing", within="100 ms")
    assert (done.completed, done.in_time, done.kept) == (False, False, [])


def test_what_keeps_by_contract_is_not_waited_for(erase):
    done = erase(forgets=False, keeps={"logs": "questions are logged"})
    assert (done.completed, done.in_time, done.kept) == (True, True, [])
    assert done.receipt("logs").outcome == "unsupported"
    assert done.took_s < 5


def test_who_is_written_nowhere_proves_nothing(erase, monkeypatch):
    monkeypatch.delitem(ROUTES, "query")
    with pytest.raises(Vacuous, match=r"api: nothing of .* was seen in any store before the deletion"):
        erase().proven()


@pytest.mark.parametrize(("own", "newest", "held"), [(False, False, False), (True, False, True), (False, True, True)])
def test_a_langfuse_is_asked_for_the_user_and_for_what_else_is_known(serve, target, client, own, newest, held):
    person = Person("c0ffee")

    def answer(request, _):
        if "userId" in request.path:
            return 200, {"data": [{"id": "a", "userId": person.user}] if own else []}
        return 200, {"data": [{"id": "b", "userId": "redacted", "input": person.question if newest else "Hello"}]}

    made = target({"langfuse": {"url": serve(answer).url}})
    assert Places(made, client(made), person, time.time()).holds("traces") is held
