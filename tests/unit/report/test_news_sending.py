"""Each place is told once of each change; what it did not take, the next run tells; what is lost is said."""

import json
import os
import socket
import stat

import pytest

from pytest_llmops.report import news_sending
from pytest_llmops.report.news_sending import lines, tell
from pytest_llmops.target.load import load

FILE = """
[targets.here.components.api]
url = "http://127.0.0.1"
[targets.here.notify]
urls_env = "ALL"
[targets.here.notify.news]
deadline = "2 s"
link = "https://reports.example/{target}/{run}"
"""
SMS = """
[[targets.here.severities]]
name = "P0"
response = 60
[targets.here.notify.channels.sms]
url_env = "SMS"
severities = ["P0"]
"""


def check(outcome="passed", severity="", reason="", name="daily/t.py::t"):
    category = "" if outcome == "passed" else "threshold"
    told = {"test": name, "suite": "daily", "outcome": outcome, "category": category, "severity": severity}
    return {**told, "reason": reason, "metrics": [], "last_passed": None}


OK, MINOR, CRITICAL = check(), check("failed", "minor", "4 s"), check("failed", "critical", "12 s")


class Runs:
    """Runs on one target, a minute apart."""

    def __init__(self, folder, text, environ):
        self.file = folder / "llmops.toml"
        self.file.write_text(text)
        self.environ = environ
        self.at = 1_000_000.0

    def tells(self, *checks, **told):
        self.at += 60
        target = load(self.file, None, self.file.parent, {"API_KEY": "s3cret-value", **self.environ})
        result = {"id": "7f", "checks": list(checks)}
        return tell(target, result, self.at, self.file.parent / "reports", **told)


@pytest.fixture
def runs(tmp_path):
    return lambda text=FILE, **environ: Runs(tmp_path, text, environ)


def _titles(server):
    return [json.loads(body)["title"] for body in server.bodies]


def test_a_series_is_told_by_its_changes(runs, serve):
    server = serve({"/hook": {}})
    runs = runs(ALL=f"json://{server.place}/hook")
    series = [runs.tells(one) for one in (OK, OK, MINOR, MINOR, CRITICAL, CRITICAL, OK, OK)]
    assert _titles(server) == [
        "here: 1 newly broken (minor)",
        "here: 1 worse (critical)",
        "here: 1 recovered",
    ]
    assert [len(one) for one in series] == [0, 0, 1, 0, 1, 0, 1, 0]
    assert series[2] == [{"channel": "default", "changes": 1, "accepted": True, "said": "channel default: accepted"}]
    assert json.loads(server.bodies[0])["message"] == (
        "Newly broken:\n- daily/t.py::t (minor, failed): 4 s\n\nreport: https://reports.example/here/7f"
    )
    assert "for 4 min" in json.loads(server.bodies[2])["message"]


def test_a_partial_run_tells_nothing_of_the_rest(runs, serve):
    server = serve({"/hook": {}})
    runs = runs(ALL=f"json://{server.place}/hook")
    other = check("failed", "normal", "no", "daily/u.py::u")
    for checks in ((CRITICAL, OK), (other,), (), (CRITICAL,)):
        runs.tells(*checks)
    assert _titles(server) == ["here: 1 newly broken (critical)", "here: 1 newly broken (normal)"]
    assert "1 check broken as before" in json.loads(server.bodies[1])["message"]


def test_of_two_urls_the_dead_one_is_told_later_and_the_other_not_twice(runs, serve):
    quick, answers = serve({"/hook": {}}), {"/hook-s3cret": 403}
    slow = serve(answers)
    runs = runs(ALL=f"json://{quick.place}/hook, json://{slow.place}/hook-s3cret")
    (first, second) = runs.tells(MINOR)
    assert (first["accepted"], second["accepted"]) == (True, False)
    assert second["said"] == (
        "channel default: not accepted: Failed to send JSON POST notification: error=403. Its URL is taken from ALL."
    )
    assert [one["accepted"] for one in runs.tells(CRITICAL)] == [True, False]
    answers["/hook-s3cret"] = {}
    assert [one["accepted"] for one in runs.tells(CRITICAL)] == [True]
    assert _titles(quick) == ["here: 1 newly broken (minor)", "here: 1 worse (critical)"]
    assert _titles(slow)[2:] == ["here: 1 newly broken (critical)"]  # all that it was ever told


def test_what_came_and_went_while_a_service_was_away_is_nobodys_news(runs, serve):
    answers = {"/hook": 403}
    server = serve(answers)
    runs = runs(ALL=f"json://{server.place}/hook")
    assert len(runs.tells(MINOR)) == 1
    answers["/hook"] = {}
    assert runs.tells(OK) == []


def test_a_service_that_hangs_is_left_behind(runs, monkeypatch, serve):
    monkeypatch.setattr(news_sending, "MARGIN_S", 0.0)
    server = serve({"/hook": {}})
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        hangs = f"json://127.0.0.1:{deaf.getsockname()[1]}/hook"
        text = FILE.replace('"2 s"', '"300 ms"')
        found = runs(text, ALL=f"{hangs} json://{server.place}/hook").tells(MINOR)
    assert [one["accepted"] for one in found] == [False, True]
    assert found[0]["said"] == "channel default: not accepted: no answer within 300 ms (news.deadline)."


def test_severities_go_where_they_are_routed(runs, serve):
    server = serve({"/all": {}, "/sms": {}})
    urls = {"ALL": f"json://{server.place}/all", "SMS": f"json://{server.place}/sms"}
    usual = runs(FILE + SMS, **urls)
    assert [one["channel"] for one in usual.tells(MINOR)] == ["default"]  # sms takes P0 alone: what is critical
    assert [one["channel"] for one in usual.tells(CRITICAL)] == ["default", "sms"]
    assert [one["channel"] for one in usual.tells(MINOR)] == ["default", "sms"]  # critical no more
    assert [one["channel"] for one in usual.tells(OK)] == ["default"]


def test_routes_of_the_file_count(runs, serve):
    server = serve({"/all": {}, "/sms": {}})
    urls = {"ALL": f"json://{server.place}/all", "SMS": f"json://{server.place}/sms"}
    routed = runs(FILE + 'routes = { minor = [], critical = ["sms"] }\n' + SMS, **urls)
    assert routed.tells(MINOR) == []
    assert [one["channel"] for one in routed.tells(CRITICAL)] == ["sms"]


def test_a_channel_that_is_not_set_keeps_no_other_from_being_told(runs, serve):
    server = serve({"/sms": {}})
    found = runs(FILE + SMS, SMS=f"json://{server.place}/sms").tells(CRITICAL)
    assert [(one["channel"], one["accepted"]) for one in found] == [("default", False), ("sms", True)]
    unset = "its URL is taken from the environment variable ALL, which is not set"
    assert list(lines(found)) == [
        (f"WARNING      not told: channel default: {unset}", True),
        ("told         sms: 1 change", False),
    ]


def test_another_url_is_another_place_but_for_a_sandbox_that_has_a_new_one_each_time(runs, serve):
    server = serve({"/1": {}, "/2": {}})
    runs = runs()
    told = []
    for embedded in (False, True):
        for number in (1, 2):
            runs.environ = {"ALL": f"json://{server.place}/{number}"}
            told.append(len(runs.tells(MINOR, embedded=embedded)))
    assert told == [1, 1, 1, 0]


def test_a_damaged_file_stops_the_telling_and_stays(runs, serve):
    server = serve({"/hook": {}})
    runs = runs(ALL=f"json://{server.place}/hook")
    runs.tells(OK)
    (file,) = (runs.file.parent / ".llmops" / "news").glob("*.json")
    file.write_text("{")
    (entry,) = runs.tells(CRITICAL)
    assert (entry["accepted"], file.read_text(), server.bodies) == (False, "{", [])
    assert "Look at it; once it is deleted" in entry["said"]


def test_what_cannot_be_remembered_is_not_told_again_and_again(runs, serve):
    server = serve({"/hook": {}})
    runs = runs(ALL=f"json://{server.place}/hook")
    part = runs.file.parent / ".llmops" / "news" / f".here.json.{os.getpid()}.part"
    part.mkdir(parents=True)
    (entry,) = runs.tells(CRITICAL)
    assert entry["said"].endswith("cannot be written (Is a directory): the next run tells the same once more.")
    assert server.bodies == []


def test_the_file_is_its_owners_alone_and_holds_no_url(runs, serve):
    server = serve({"/hook-s3cret-token": {}})
    runs = runs(ALL=f"json://{server.place}/hook-s3cret-token")
    runs.tells(CRITICAL)
    (file,) = (runs.file.parent / ".llmops" / "news").glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "s3cret" not in file.read_text()


ALERTS = """
[targets.here.notify.alertmanager]
url = "http://{place}"
labels = {{ team = "llm" }}
expires = "1 h"
"""
BARE = FILE.partition("[targets.here.notify]")[0]


def test_an_alertmanager_is_told_in_labels_that_stay(runs, serve):
    server = serve({"/api/v2/alerts": {}})
    runs = runs(BARE + ALERTS.format(place=server.place))
    series = [runs.tells(one) for one in (OK, MINOR, MINOR, CRITICAL, OK, OK)]
    posted = [json.loads(body) for body in server.bodies]
    assert [[(one["labels"]["severity"], one["startsAt"], one["endsAt"]) for one in body] for body in posted] == [
        [("minor", "1970-01-12T13:48:40Z", "1970-01-12T14:48:40Z")],
        [("minor", "1970-01-12T13:48:40Z", "1970-01-12T14:49:40Z")],
        [
            ("minor", "1970-01-12T13:48:40Z", "1970-01-12T13:50:40Z"),
            ("critical", "1970-01-12T13:50:40Z", "1970-01-12T14:50:40Z"),
        ],
        [("critical", "1970-01-12T13:50:40Z", "1970-01-12T13:51:40Z")],
    ]
    assert posted[0][0] == {
        "labels": {
            "alertname": "LlmopsCheckFailed",
            "team": "llm",
            "target": "here",
            "check": "daily/t.py::t",
            "severity": "minor",
        },
        "annotations": {"summary": "daily/t.py::t: failed", "description": "4 s", "kind": "failed"},
        "startsAt": "1970-01-12T13:48:40Z",
        "endsAt": "1970-01-12T14:48:40Z",
    }
    assert [len(one) for one in series] == [0, 1, 0, 1, 1, 0]
    assert series[3][0]["said"] == f"alertmanager: told at http://{server.place}: 1 firing, 1 resolved"


def test_an_alertmanager_that_was_away_is_told_by_the_next_run(runs, serve):
    answers = {"/api/v2/alerts": 403}
    server = serve(answers)
    runs = runs(BARE + ALERTS.format(place=server.place))
    (entry,) = runs.tells(MINOR)
    assert not entry["accepted"]
    assert entry["said"].startswith("not accepted: alertmanager: POST /api/v2/alerts answered 403")
    answers["/api/v2/alerts"] = {}
    assert [one["accepted"] for one in runs.tells(MINOR)] == [True]


def test_what_no_run_makes_any_more_is_not_said_anew_for_ever(runs, serve):
    server = serve({"/api/v2/alerts": {}})
    runs = runs(BARE + ALERTS.format(place=server.place))
    runs.tells(MINOR)
    runs.tells(check(name="other"))
    assert [one["endsAt"] for one in json.loads(server.bodies[1])] == ["1970-01-12T14:47:40Z"]
    runs.at += 3600
    assert runs.tells(check(name="other")) == []
    assert len(server.bodies) == 3


def test_an_alertmanager_that_nobody_has_is_said(runs):
    (entry,) = runs(BARE + "[targets.here.notify.alertmanager]\n").tells(MINOR)
    assert entry["said"] == (
        "llmops.toml: [targets.here.notify.alertmanager] has no url, and the target no component alertmanager; "
        "give it one of them."
    )
