"""One round of questions: asked once, kept as plain JSON, read by whoever needs it."""

import itertools
import json
import time

import pytest

from pytest_llmops.clients import traffic as module
from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.kept import Kept
from pytest_llmops.clients.traffic import FEW, Traffic, made
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.samples import Prompt, Workload
from pytest_llmops.target.figures import FromMetrics

ROUTES = {
    "query": {
        "method": "POST",
        "path": "/ask",
        "body": {"question": "{prompt}", "user": "{user}", "fresh": "{fresh}"},
        "answer": "answer",
        "sources": "sources",
    },
    "audit": {"path": "/audit", "events": "events"},
}
FIGURES = {
    "error_rate": {
        "from": "metrics",
        "metric": ["requests_total"],
        "where": {"status": "5.."},
        "over": ["requests_total"],
        "scale": 100,
    },
    "hit_rate": {"from": "metrics", "metric": ["hits_total"], "over": ["hits_total"]},
}
MANY = Workload(tuple(Prompt(f"q{number}", f"Question {number}?", expect="42") for number in range(7)))


class Service:
    """Answers questions, counts them and logs them; every ``fails``-th with 500."""

    def __init__(self, *, fails=0, delays=lambda: None):
        self.fails, self.delays = fails, delays
        self.asked, self.events = [], [{"at": time.time() - 500, "type": "query"}]
        self.counted = {"200": 3, "500": 4}

    def __call__(self, request):
        if request.path == "/metrics":
            lines = [f'requests_total{{status="{status}"}} {count}' for status, count in self.counted.items()]
            return 200, "\n".join(
                ["# TYPE requests_total counter", *lines, "# TYPE hits_total counter", "hits_total 7\n"]
            )
        if request.path == "/audit":
            return {"events": self.events}
        self.asked.append(request.json["question"])
        self.delays()
        failing = bool(self.fails and len(self.asked) % self.fails == 0)
        self.counted["500" if failing else "200"] += 1
        self.events.append({"at": time.time(), "type": "query"})
        return (500, "no luck") if failing else {"answer": "It is 42.", "sources": ["a", "b"]}


@pytest.fixture
def api(serve, client):
    def api(service, **settings):
        return client("api", **{"url": serve(service).url, "routes": ROUTES, "metrics": "/metrics"} | settings)

    return api


def taken(api, workload=MANY, **how):
    """The round, by way of the file that other processes read."""
    return Traffic(api, workload, json.loads(json.dumps(made(api, workload, **how))))


def rise(round_, name):
    """A figure of the time between the round's two looks at the metrics page."""
    before, after = round_.pages
    return after.figure_since(before, name, FromMetrics.model_validate(FIGURES[name]))


def test_a_round_is_asked_once_and_read_by_many(api):
    service = Service()
    round_ = taken(api(service))
    assert service.asked == [prompt.text for prompt in MANY]
    first = round_.questions[0]
    assert (first.prompt, first.reply.text, first.sources, first.right) == (MANY[0], "It is 42.", ("a", "b"), True)
    assert 0 < first.reply.elapsed_s < 60
    assert [question.right for question in round_.known] == [True] * 7
    assert rise(round_, "error_rate") == 0
    assert len(service.asked) == 7


def test_its_figures_and_its_log_are_of_the_round_alone(api):
    round_ = taken(api(Service(fails=3)))
    assert rise(round_, "error_rate") == pytest.approx(100 * 2 / 7)
    assert (len(round_.audited.events), round_.audited.count("query")) == (7, 7)
    with pytest.raises(Vacuous) as caught:
        rise(round_, "hit_rate")
    assert str(caught.value) == "api: hit_rate says nothing, hits_total has counted nothing yet."


def test_a_question_that_fails_is_part_of_the_round_and_says_how_to_see_it_again(api):
    round_ = taken(api(Service(fails=2)))
    good, bad = round_.questions[:2]
    assert good.right
    last_exchange.set("something else")
    with pytest.raises(CallFailed) as caught:
        bad.reply  # noqa: B018
    assert (caught.value.kind, str(caught.value)) == ("http-500", "api: POST /ask answered 500: no luck")
    assert last_exchange.get().startswith("curl ")
    assert "Question 1?" in last_exchange.get()
    assert round_.timed_out == ()


def test_questions_that_nobody_answers_in_time_are_known(api):
    client = api(Service())
    fact = made(client, MANY)
    late = CallFailed("api", "timeout", "api: POST /ask gave no answer within 3 s.")
    fact["questions"][1] = Kept(0.0, "", late).as_json()
    round_ = Traffic(client, MANY, fact)
    assert round_.timed_out == (round_.questions[1],)


def test_a_round_of_which_nothing_comes_back(api, closed_port):
    round_ = taken(api(Service(), url=f"http://127.0.0.1:{closed_port}"))
    for read in (lambda: round_.known[6].reply, lambda: round_.pages, lambda: round_.audited):
        with pytest.raises(CallFailed) as caught:
            read()
        assert (caught.value.component, caught.value.kind) == ("api", "refused")


def test_how_old_an_entry_was_is_of_when_the_log_was_read(api):
    client = api(Service())
    fact = made(client, MANY)
    for kept in fact["audit"]:
        kept["at"] += 100  # as if the log had been read then; a check may read the round much later
    assert Traffic(client, MANY, fact).audited.newest_age_s == pytest.approx(100, abs=50)


def test_a_slow_service_is_asked_few_questions(api, clock):
    passing = clock(module)
    service = Service(delays=lambda: passing.sleep(0.03))
    round_ = taken(api(service), slow_s=0.02)
    assert len(service.asked) == len(round_.questions) == len(round_.known) == FEW
    assert repr(round_) == f"Traffic({FEW} questions to {round_.questions[0].api.address})"


def test_a_very_slow_service_is_asked_what_is_in_time_and_one_question_at_least(api, clock):
    passing = clock(module)
    service = Service(delays=lambda: passing.sleep(0.1))
    assert len(made(api(service), MANY, slow_s=0.01, longest_s=0.35)["questions"]) == 3
    assert len(made(api(service), MANY, slow_s=0.01, longest_s=0.01)["questions"]) == 1


def test_questions_with_a_known_answer_come_first(api):
    mixed = Workload((Prompt("a", "A?"), Prompt("b", "B?", expect="42"), Prompt("c", "C?"), Prompt("d", "D?", "43")))
    service = Service()
    round_ = taken(api(service), mixed)
    assert service.asked == ["B?", "D?", "A?", "C?"]
    assert [(question.prompt.id, question.right) for question in round_.known] == [("b", True), ("d", False)]


def test_what_a_system_does_not_have_is_unsupported(api):
    routes = {"query": {key: value for key, value in ROUTES["query"].items() if key != "sources"}}
    round_ = taken(api(Service(), routes=routes, metrics=None), Workload((Prompt("a", "A?"),)))
    said = {
        "api: its route 'query' does not say where sources stand; give it sources.": lambda: (
            round_.questions[0].sources
        ),
        "no prompt of the target says what it expects; give prompts an expect.": lambda: round_.known,
        "api: its profile names no metrics page.": lambda: round_.pages,
        "api: its profile describes no route 'audit'.": lambda: round_.audited,
    }
    for words, read in said.items():
        with pytest.raises(Unsupported) as caught:
            read()
        assert str(caught.value) == words


SCORED = ROUTES | {"query": ROUTES["query"] | {"values": {"score": "score", "way": "way"}}}


def test_a_part_of_each_answer_of_a_kind_withheld_or_not(api):
    answers = itertools.cycle(
        [
            {"answer": "42", "score": 0.9, "way": "search"},
            {"answer": None, "score": 0.2, "way": "search"},
            {"answer": "hello", "score": None, "way": "direct"},
            (500, "no luck"),
            {"answer": "42", "way": "search"},
        ]
    )
    asked = api(lambda request: {} if request.path == "/audit" else next(answers), routes=SCORED, metrics=None)
    traffic = Traffic(asked, MANY, made(asked, MANY))
    assert traffic.each("score", way="search") == [0.9, 0.2, None, 0.9, 0.2]
    assert traffic.each("way") == ["search", "search", "direct", "search", "search", "search"]
    with pytest.raises(Vacuous) as nothing:
        traffic.each("score", way="query")
    assert str(nothing.value) == "api: none of 6 answers is of way query, so score says nothing."
    with pytest.raises(Unsupported) as unknown:
        traffic.each("tone")
    assert str(unknown.value) == "api: routes.query.values does not say where tone stands."


def test_a_part_of_answers_of_which_none_came(api):
    asked = api(lambda _request: (503, "later"), routes=SCORED, metrics=None)
    with pytest.raises(CallFailed) as caught:
        Traffic(asked, MANY, made(asked, MANY)).each("score")
    assert str(caught.value) == "api: POST /ask answered 503: later"


def test_where_nothing_can_be_asked_nothing_is(api):
    service = Service()
    with pytest.raises(Unsupported) as caught:
        made(api(service, routes={"audit": ROUTES["audit"]}), MANY)
    assert str(caught.value) == "api: its profile describes no route 'query'."
    assert service.asked == []


def test_another_round_is_asked_anew(api):
    service = Service()
    again = taken(api(service)).again()
    assert (len(service.asked), rise(again, "error_rate"), len(again.audited.events)) == (14, 0, 7)
