"""Where it is looked for leaks, what was no look at all, and what a target is declared to lack."""

import socket
import threading
import time
from urllib.parse import parse_qsl, urlsplit

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.security.affected import affected
from pytest_llmops.security.leak_detection import PLANTED, Detection
from pytest_llmops.security.leak_places import FRAME, TOLD
from pytest_llmops.security.leak_review import Leaks
from pytest_llmops.security.specimens import VALUES, said

LACKS = {"pii_redaction": "prompts are logged."}
MASKED = f"{said(TOLD).replace(VALUES['email'], '[email]').replace(VALUES['iban'], '***')}"
MASKED = MASKED.replace(VALUES["credit_card"], "***")
LINE = r"(?:(?P<time>\d{4}-\S+ \S+) )?(?P<message>(?:noted (?P<kinds>.*))?.*)"
EVENTS = {"noted": {"source": "app", "matches": "^noted"}}
DETECTION = {"event": "noted", "field": "kinds", "kinds": {"email": "EMAIL"}}


@pytest.fixture
def leaks(serve, target, ledger, tmp_path):
    """A target that answers so, and whose logs hold these texts: ``leaks({"app": "…"}, answer)``."""
    opened = []

    def leaks(logs=None, answer=lambda *_: (200, {"answer": "It is well."}), *, routes=None, watch="0.5 s", **security):
        for name, text in (logs or {}).items():
            if text is not None:
                (tmp_path / f"{name}.log").write_text(text)
        sources = {name: {"files": [f"{name}.log"], "line": LINE} for name in logs or {}}
        query = {"method": "POST", "path": "/q", "body": {"question": "{prompt}"}, "answer": "answer"}
        parts = {"api": {"url": serve(answer).url, "routes": {"query": query} if routes is None else routes}}
        parts |= {"logs": {"root": str(tmp_path), "sources": sources, "watch": watch, "events": EVENTS}} if logs else {}
        found = target(parts, prompts=[{"id": name, "text": f"What is {name}?"} for name in "abc"], **security)

        def reach(role):
            if found.table.components.serving(role) is None:
                return None
            opened.append(connect(found, role, ledger))
            return opened[-1]

        return Leaks(found, reach, lambda _name, make: make())

    yield leaks
    for one in opened:
        one.close()


def test_logs_without_a_line_are_no_look(leaks):
    found = leaks({"app": "", "other": "\n"}).logs()
    assert (found.places, found.leaks) == (0, ())
    with pytest.raises(Vacuous, match="logs: there was nothing to look through"):
        found.whole()


def test_an_api_that_takes_no_question_and_has_no_plain_route_is_no_look(leaks):
    found = leaks(routes={}).answers()
    with pytest.raises(Vacuous, match="answers: there was nothing to look through"):
        found.whole()


def test_empty_answers_are_no_look_and_empty_error_pages_are_one(leaks):
    empty = leaks(routes={"status": {"path": "/status"}}, answer=lambda *_: (200, ""))
    with pytest.raises(Vacuous):
        empty.answers().whole()
    leaks(answer=lambda *_: (404, "")).error_pages().whole()


@pytest.mark.parametrize(
    "routes",
    [
        {"status": {"path": "/status"}},
        {"analyses": {"path": "/analyses", "answer": "[0].id"}, "explain": {"path": "/explain/{analysis}"}},
        None,
    ],
    ids=["plain", "explain", "query"],
)
def test_what_is_answered_counts_where_it_is_an_answer(leaks, routes):
    def answer(request, _body):
        return (200, [{"id": 1}]) if request.path == "/analyses" else (503, "overloaded")

    found = leaks(routes=routes, answer=answer).answers()
    with pytest.raises(Vacuous, match=r"answers: not all could be read, .* answered 503: overloaded"):
        found.whole()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_who_turns_away_shows_no_error_page(leaks, status):
    found = leaks(answer=lambda *_: (status, "overloaded")).error_pages()
    with pytest.raises(Vacuous, match=rf"error pages: not all could be read, .*answer {status} to .* is no error page"):
        found.whole()
    assert leaks(answer=lambda *_: (status, "mail to jo@harbour-store.co")).error_pages().leaks


@pytest.mark.parametrize("status", [404, 422, 500])
def test_what_any_other_error_says_is_looked_through(leaks, status):
    leaks(answer=lambda *_: (status, "wrong")).error_pages().whole()


def test_a_log_that_cannot_be_read_is_told(leaks):
    found = leaks({"app": "well\n", "gone": None}).logs()
    assert (found.places, len(found.unread)) == (1, 1)
    with pytest.raises(Vacuous, match=r"logs: not all could be read, .*gone"):
        found.whole()


def test_a_question_that_was_not_answered_is_told(leaks):
    def answer(request, body):
        if b"What is b?" in body:
            request.connection.shutdown(socket.SHUT_RDWR)
        return 200, {"answer": "It is well."}

    found = leaks(answer=answer).answers()
    assert found.places == 2
    with pytest.raises(Vacuous, match=r"answers: not all could be read, .*: api: "):
        found.whole()


def test_a_person_in_a_log_that_is_declared_to_hold_conversations_is_unsupported_by_name(leaks):
    one = leaks({"app": "mail to jo@harbour-store.co\n"}, lacks=LACKS, conversations=["app"])
    found = one.logs()
    assert (found.leaks, len(found.declared)) == ((), 1)
    with pytest.raises(Unsupported) as caught:
        one.unless_lacking(found)
    assert str(caught.value).startswith(
        "logs: this system has no pii redaction: prompts are logged; log app holds a person, email: "
    )
    assert "jo@" not in str(caught.value)


def test_a_person_in_another_log_is_red_and_none_at_all_is_well(leaks):
    assert leaks({"app": "mail to jo@harbour-store.co\n"}, lacks=LACKS, conversations=["other"]).logs().leaks
    clean = leaks({"app": "well\n"}, lacks=LACKS, conversations=["app"])
    clean.unless_lacking(clean.logs())


@pytest.mark.parametrize(
    ("log", "failure", "why"),
    [
        (said(TOLD), Unsupported, r"no pii redaction: prompts are logged; log app holds a planted value"),
        ("nothing of it", Unsupported, r"no pii redaction: prompts are logged\.$"),
        (MASKED, CallFailed, r"lacks.pii_redaction says .*, but log app holds the question without the person in it"),
    ],
    ids=["kept", "unseen", "redacted"],
)
def test_of_a_conversation_nothing_is_said_for_who_redacts_nothing(leaks, log, failure, why):
    assert FRAME in said(TOLD)
    one = leaks({"app": f"{log}\n"}, lacks=LACKS, conversations=["app"])
    found = one.told()
    assert not found.leaks
    with pytest.raises(failure, match=why):
        one.unless_lacking(found)


def test_who_redacts_and_does_not_say_otherwise_is_well(leaks):
    one = leaks({"app": f"{MASKED}\n"})
    found = one.told()
    found.whole()
    one.unless_lacking(found)
    assert leaks({"app": f"{said(TOLD)}\n"}).told().leaks


@pytest.fixture
def late(tmp_path):
    """An answer after which so much is written to the log, once the answer is there."""
    writers = []

    def late(text):
        def write():
            with (tmp_path / "app.log").open("a") as log:
                log.write(text)

        def answer(*_):
            writers.append(threading.Timer(0.2, write))
            writers[-1].start()
            return 200, {"answer": "It is well."}

        return answer

    yield late
    for one in writers:
        one.join()


@pytest.mark.parametrize("earlier", ["well\n", f"{MASKED}\n", ""], ids=["other", "an earlier conversation", "none"])
def test_a_log_that_is_written_after_the_answer_is_waited_for(leaks, late, earlier):
    found = leaks({"app": earlier or None}, late(f"{said(TOLD)}\n"), watch="5 s").told()
    assert {one.family for one in found.leaks} == {PLANTED}


def test_what_is_detected_is_waited_for_where_it_is_noted_late(leaks, late):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    found = leaks({"app": None}, late(f"{stamp} noted EMAIL\n"), watch="5 s", detection=DETECTION)
    assert found.detected() == {"email": True}


@pytest.fixture
def langfuse(serve, target, ledger):
    """A Langfuse that has these traces: ``langfuse([{"id": …, "userId": …}, …])``; others come while it is read."""
    opened = []

    def langfuse(traces, meanwhile=()):
        def answer(request, _):
            query = dict(parse_qsl(urlsplit(request.path).query))
            own = [one for one in traces if query.get("userId") in {None, one["userId"]}]
            own += meanwhile if query["limit"] == "1" else ()
            first = (int(query.get("page", 1)) - 1) * int(query["limit"])
            return 200, {"data": own[first : first + int(query["limit"])], "meta": {"totalItems": len(own)}}

        opened.append(connect(target({"langfuse": {"url": serve(answer).url}}), "langfuse", ledger))
        return opened[-1]

    yield langfuse
    for one in opened:
        one.close()


def test_affected_are_the_traces_of_a_user_and_those_with_a_value_on_whatever_page(langfuse):
    others = [{"id": f"o{at}", "userId": "other", "timestamp": "2026-11-30T08:00:00Z"} for at in range(150)]
    leaked = {"id": "v", "userId": "other", "timestamp": "2026-11-30T07:00:00Z", "input": said(["iban"])}
    own = {"id": "u", "userId": "u1", "timestamp": "2026-11-30T09:00:00Z", "input": "What is it?"}
    detection = Detection([], VALUES.values())
    found = affected(langfuse([own, *others, leaked]), detection, "u1")
    assert [(one.id, one.by, one.holds) for one in found.traces] == [("u", "user", ""), ("v", "value", "iban")]
    assert "in all 152 traces" in found.document()
    assert VALUES["iban"] not in found.document()
    others = [one | {"id": f"{one['id']}-{at}"} for at in range(10) for one in others]
    many = affected(langfuse([own, *others, leaked]), detection, "u1")
    assert ([one.id for one in many.traces], many.read, many.total) == (["u"], 1000, 1502)
    assert "in the newest 1000 of 1502 traces" in many.document()


def test_what_comes_while_traces_are_read_is_not_said_to_be_looked_through(langfuse):
    traces = [{"id": f"t{at}", "userId": "u1", "timestamp": "2026-11-30T08:00:00Z"} for at in range(3)]
    arriving = [{"id": "new", "userId": "other", "timestamp": "2026-11-30T08:00:01Z"}]
    text = affected(langfuse(traces, arriving), Detection([]), "u1").document()
    assert "in the newest 3 of 4 traces" in text
    twice = affected(langfuse([*traces, traces[2]], arriving), Detection([]), "u1")
    assert (twice.read, len(twice.traces)) == (3, 3)


def test_of_a_user_with_many_traces_it_is_said_that_they_are_the_newest(langfuse):
    own = [{"id": f"t{at}", "userId": "u1", "timestamp": "2026-11-30T08:00:00Z"} for at in range(1001)]
    assert "those of u1;" in affected(langfuse(own[:999]), Detection([]), "u1").document()
    found = affected(langfuse(own), Detection([]), "u1")
    assert (len(found.traces), found.whole) == (1000, False)
    assert "Looked for: the newest 1000 of u1;" in found.document()


def test_traces_of_nobody_who_asked_are_a_failure_and_none_at_all_say_nothing(langfuse):
    other = {"id": "o", "userId": "other", "timestamp": "2026-11-30T08:00:00Z"}
    with pytest.raises(CallFailed) as caught:
        affected(langfuse([other]), Detection([]), "u1")
    assert caught.value.kind == "absent"
    with pytest.raises(Vacuous):
        affected(langfuse([]), Detection([]), "u1")
