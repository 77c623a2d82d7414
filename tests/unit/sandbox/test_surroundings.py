"""What surrounds the stack, as a profile describes it: commands, files, services, the machine, notifications."""

import datetime as dt
import gzip
import json
import re
import subprocess
import time

import pytest

from pytest_llmops.clients.failing_service import FailingService
from pytest_llmops.errors import ConfigError
from pytest_llmops.sandbox import derived
from pytest_llmops.sandbox.faults import FAULTS
from pytest_llmops.sandbox.order import read
from pytest_llmops.sandbox.texts import Texts
from pytest_llmops.target.embedded import Sandbox

TABLES = {
    "commands": {
        "report": {
            "ok": {"output": '{"at": "{now}", "of": "{date}"}\n'},
            "critical": {"output": "status: critical\n", "errors": "see the log\n", "exit": 2},
        },
        "retry": {"ok": {"output": "gave up\n", "calls": ["0 s", "20 ms"]}},
        "pack": {
            "ok": {"runs": ["sh", "-c", "ls calls; echo packed >&2; touch packed; exit 3"]},
            "lacking": {"runs": ["no-such-program"]},
        },
        "write": {"ok": {"lays": {"notes/one.txt": {"text": "written {date}\n"}, "notes/two.txt": {}}}},
        "show": {"ok": {"file": "notes/one.txt"}},
    },
    "files": {
        "backups": {
            "ok": {
                "backup/{date}.tar": {"text": "x", "copies": 3, "age": "2 h", "mode": "600"},
                "calls/{n}.json": {"text": '{"number": {n}}', "copies": 2},
                "empty/": {"text": ""},
                "packed.gz": {"text": "{date}", "age": "3 h"},
                "latest": {"link": "packed.gz", "age": "2 h"},
            },
            "old": {"backup/{date}.tar": {"text": "x", "age": "3 d"}},
            "partial": {"calls/{n}.json": {}},
            "linked": {"calls/away.json": {"link": "/elsewhere", "age": "2 d"}},
        }
    },
    "services": {
        "jina": {
            "routes": {
                "GET /v1/models": {
                    "ok": {"body": {"data": [{"id": "one", "created": "{at -2h epoch}"}]}},
                    "limited": {"status": 429, "body": {"detail": "slow down"}, "headers": {"Retry-After": "7"}},
                },
                "GET /v1/models/{model}": {"ok": {"body": "it is {model}"}},
            }
        }
    },
    "machine": {"ok": {"disk_pct": 60}, "busy": {"cpu_pct": 97}},
}
NAMES = ("outside", "jina", "machine")
"""The processes of the stack, in the order of their start."""

COMPONENTS = {
    "app_command": {
        "commands": {
            "report": {"argv": ["python", "report.py"]},
            "write": {"argv": ["write"]},
            "show": {"argv": ["show"]},
            "other": {"argv": ["other"]},
            "retry": {"argv": ["retry"]},
            "pack": {"argv": ["pack"]},
        }
    },
    "files": {},
    "machine": {},
    "services": {"jina": {}},
}


@pytest.fixture
def surroundings(start):
    """A function that starts a sandbox of these tables alone."""

    def begin(*faults):
        over = {"sandbox": TABLES, "components": COMPONENTS}
        return start("none", faults, over=over, channels=["oncall"])

    return begin


def _printed(sandbox, name="report", *more):
    words = [*sandbox.told["command"], name, "--flag", *more]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout, done.stderr, done.returncode


def _laid(sandbox):
    from pathlib import Path

    root = Path(sandbox.told["root"])
    return {str(path.relative_to(root)): path for path in root.rglob("*") if "run" not in path.parts}


def _page(sandbox):
    text = sandbox.http.get(f"{sandbox.url.machine}/metrics").text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_all_as_it_is_when_all_is_well(surroundings):
    sandbox = surroundings()
    before = time.time()
    output, errors, code = _printed(sandbox)
    assert (errors, code) == ("", 0)
    assert set(json.loads(output)) == {"at", "of"}
    assert before - 1 <= dt.datetime.fromisoformat(json.loads(output)["at"]).timestamp() <= time.time()
    assert _printed(sandbox, "other") == (
        "",
        "the sandbox has no command other: the profile lacks sandbox.commands.other\n",
        127,
    )
    assert _printed(sandbox, "show") == ("", "notes/one.txt: no such file\n", 1)
    assert _printed(sandbox, "write") == ("", "", 0)
    assert re.fullmatch(r"written \d{4}-\d\d-\d\d\n", _printed(sandbox, "show")[0])
    files = _laid(sandbox)
    assert "notes/two.txt" not in files
    archive = next(path for name, path in files.items() if name.startswith("backup/"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\.tar", archive.name)
    assert (archive.read_text(), archive.stat().st_mode & 0o777) == ("xxx", 0o600)
    assert 7190 < time.time() - archive.stat().st_mtime < 7300
    assert files["calls/2.json"].read_text() == '{"number": 2}'
    assert files["empty"].is_dir()
    assert gzip.decompress(files["packed.gz"].read_bytes()).decode() == archive.stem
    assert str(files["latest"].readlink()) == "packed.gz"
    assert time.time() - files["latest"].lstat().st_mtime == pytest.approx(7200, abs=100)
    assert time.time() - files["packed.gz"].stat().st_mtime == pytest.approx(10800, abs=100)
    [model] = sandbox.http.get(f"{sandbox.url.jina}/v1/models").json()["data"]
    assert 7190 < time.time() - model["created"] < 7300
    assert sandbox.http.get(f"{sandbox.url.jina}/v1/models/two").text == "it is two"
    assert sandbox.http.get(f"{sandbox.url.jina}/v1/other").status_code == 404
    assert sandbox.http.post(f"{sandbox.told['notify']}/oncall", json={"text": "hello"}).status_code == 200
    [told] = sandbox.http.get(sandbox.told["notify"]).json()["notifications"]
    assert (told["channel"], json.loads(told["body"])) == ("oncall", {"text": "hello"})
    assert sandbox.http.get(f"{sandbox.told['notify']}/other").json() == {"notifications": []}
    processes = {path.stem: int(path.read_text()) for path in (sandbox.directory / "root/run").iterdir()}
    assert processes == {name: process.pid for name, process in zip(NAMES, sandbox.processes()[1:], strict=True)}


def test_a_command_calls_the_address_among_its_words(surroundings):
    sandbox = surroundings()
    with FailingService() as service:
        assert _printed(sandbox, "retry", service.url) == ("gave up\n", "", 0)
    assert service.calls == 2
    assert 0.02 <= service.pauses_s[0] < 60


def test_a_command_runs_a_program_in_the_folder_of_files(surroundings):
    sandbox = surroundings()
    assert _printed(sandbox, "pack") == ("1.json\n2.json\n", "packed\n", 3)
    assert "packed" in _laid(sandbox)


def test_a_program_that_is_not_there_is_said(surroundings):
    output, errors, code = _printed(surroundings("pack:lacking"), "pack")
    assert (output, code) == ("", 127)
    assert errors.startswith("no-such-program: ")


def test_the_counters_of_the_machine_move_with_its_figures(surroundings):
    sandbox = surroundings("machine:busy")
    first = _page(sandbox)
    time.sleep(0.02)
    second = _page(sandbox)
    moved = {name: second[name] - first[name] for name in second if name.startswith("node_cpu_seconds_total")}
    idle = sum(seconds for name, seconds in moved.items() if 'mode="idle"' in name or 'mode="iowait"' in name)
    assert idle / sum(moved.values()) == pytest.approx(0.03, abs=0.005)
    root = '{device="/dev/vda1",fstype="ext4",mountpoint="/"}'
    avail, size = first[f"node_filesystem_avail_bytes{root}"], first[f"node_filesystem_size_bytes{root}"]
    assert 1 - avail / size == pytest.approx(0.6)


def test_each_can_be_sick_in_the_ways_of_its_cases(surroundings):
    sandbox = surroundings(
        "report:critical, backups:old, backups:partial, backups:linked, jina:limited, machine:down, notify:refused"
    )
    assert _printed(sandbox) == ("status: critical\n", "see the log\n", 2)
    files = _laid(sandbox)
    archive = next(path for name, path in files.items() if name.startswith("backup/"))
    assert time.time() - archive.stat().st_mtime > 3 * 86400 - 1
    away = files.pop("calls/away.json")
    assert str(away.readlink()) == "/elsewhere"
    assert time.time() - away.lstat().st_mtime > 2 * 86400 - 1
    assert not [name for name in files if name.startswith("calls/")]
    limited = sandbox.http.get(f"{sandbox.url.jina}/v1/models")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert sandbox.http.get(f"{sandbox.url.jina}/v1/models/two").status_code == 200
    assert sandbox.http.post(f"{sandbox.told['notify']}/oncall", json={}).status_code == 403
    with pytest.raises(Exception, match="Connection refused"):
        sandbox.http.get(f"{sandbox.url.machine}/metrics")


def test_each_can_be_sick_in_ways_that_need_no_case(surroundings):
    sandbox = surroundings("report:fails", "backups:missing", "jina:errors", "jina:slow=0.1")
    assert _printed(sandbox) == ("", "report: error: it failed\n", 1)
    assert not _laid(sandbox)
    begun = time.monotonic()
    assert sandbox.http.get(f"{sandbox.url.jina}/v1/models").status_code == 500
    assert time.monotonic() - begun >= 0.1


def test_a_command_that_hangs_ends_with_its_caller_alone(surroundings):
    sandbox = surroundings("report:hangs")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([*sandbox.told["command"], "report"], capture_output=True, timeout=0.3, check=False)


def test_garbage_is_no_json(surroundings):
    output, _, code = _printed(surroundings("report:garbage"))
    assert code == 0
    with pytest.raises(ValueError, match="Invalid control character"):
        json.loads(output)


def test_the_faults_of_a_profile_are_known_beside_those_of_the_stack():
    routes = {
        "alerts": {"does": "health", "cases": {"ok": {}, "degraded": {}, "over": {}}},
        "query": {"does": "query", "cases": {"ok": {}, "blocked": {}}},  # the question chooses
    }
    metrics = {"hits": {"cases": {"low": 0.1}}}
    table = derived.table(Sandbox.model_validate({**TABLES, "metrics": metrics, "routes": routes}))
    assert table.keys() - FAULTS.keys() == {
        "report:fails", "report:hangs", "report:garbage", "report:critical",
        "retry:fails", "retry:hangs", "retry:garbage",
        "pack:fails", "pack:hangs", "pack:garbage", "pack:lacking",
        "write:fails", "write:hangs", "write:garbage",
        "show:fails", "show:hangs", "show:garbage",
        "backups:missing", "backups:old", "backups:partial", "backups:linked",
        "jina:down", "jina:errors", "jina:slow", "jina:limited",
        "jina:wont-stop", "jina:wont-start", "jina:wont-pause", "jina:slow-start",
        "machine:wont-stop", "machine:wont-start", "machine:wont-pause", "machine:slow-start",
        "machine:down", "machine:busy", "hits:low", "alerts:over",
    }  # fmt: skip
    assert table["jina:slow"].usage == "jina:slow=SECONDS"


@pytest.mark.parametrize(
    ("sandbox", "message"),
    [
        ({"faults": ["report:critcal"]}, "unknown fault 'report:critcal'. Did you mean 'report:critical' or"),
        (
            {"commands": {"reprot": {}}},
            "sandbox.commands.reprot has no components.app_command.commands.reprot beside it.",
        ),
        ({"services": {"api": {}}}, "sandbox.services.api: the name of a part of the sandbox; call it otherwise."),
        (
            {"machine": {"ok": {"cpu": 1}}},
            "sandbox.machine.ok.cpu: no such figure. Did you mean 'cpus'",
        ),
        (
            {"files": {"backups": {"ok": {"a.tar": {"link": "b.tar", "text": "x"}}}}},
            "files.backups.ok.a.tar: Value error, a link has neither text nor mode",
        ),
        ({"timezone": "Mars"}, "sandbox.timezone: unknown timezone 'Mars'; write one such as 'America/Vancouver'."),
        (
            {"commands": {"report": {"ok": {"output": "{at -2x iso}"}}}},
            "{at -2x iso} is not a time: '2x' is not a duration; write seconds, or for example '500 ms',",
        ),
    ],
)
def test_tables_that_do_not_hold_together_are_explained(sandbox, message):
    order = {"components": COMPONENTS, "sandbox": {**TABLES, **sandbox}}
    with pytest.raises(ConfigError) as caught:
        read(json.dumps(order))
    assert str(caught.value).startswith(message)


def test_the_log_grows_with_every_request(start):
    line = '{"at": "{now}", "level": "{severity}", "event": "{message}", "trace": "{trace_id}", "ms": {duration_ms}}'
    sandbox = start(over={"sandbox": {"log": {"file": "logs/app.log", "line": line}}}, faults=["api:errors=1"])
    assert sandbox.http.get(f"{sandbox.url.api}/health").status_code == 200
    assert sandbox.query("How long is the refund window?").status_code == 500
    lines = [json.loads(text) for text in (sandbox.directory / "root/logs/app.log").read_text().splitlines()]
    assert [(said["level"], said["event"]) for said in lines] == [
        ("info", "GET /health 200"),
        ("error", "POST /v1/query 500"),
    ]
    assert all(said["trace"] and said["ms"] >= 0 for said in lines)


def test_a_failure_may_leave_another_line_or_none(start):
    log = {"file": "app.log", "line": "{level} {at -0s %H:%M:%S,%L}", "failed": ""}
    sandbox = start(over={"sandbox": {"log": log}}, faults=["api:errors=1"])
    sandbox.query("How long is the refund window?")
    sandbox.http.get(f"{sandbox.url.api}/nowhere")
    assert re.fullmatch(r"INFO \d\d:\d\d:\d\d,\d{3}\n", (sandbox.directory / "root/app.log").read_text())


def test_a_log_that_grows_by_itself(start):
    log = {"file": "app.log", "line": "well", "every": "10 ms", "cases": {"errors": "{level} gone"}}
    file = start(over={"sandbox": {"log": log}}).directory / "root/app.log"
    _until(lambda: "well\n" in file.read_text())
    sick = start(over={"sandbox": {"log": log}}, faults=["log:errors"]).directory / "root/app.log"
    _until(lambda: "INFO gone\n" in sick.read_text())
    assert "well" not in sick.read_text()


def test_a_log_that_is_not_written(start):
    sandbox = start(over={"sandbox": {"log": {"file": "app.log", "line": "well"}}}, faults=["log:off"])
    sandbox.http.get(f"{sandbox.url.api}/nowhere")
    assert not (sandbox.directory / "root/app.log").exists()


def _until(holds, within_s=60.0):
    deadline = time.monotonic() + within_s
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert holds()


def test_a_time_in_utc_whatever_the_timezone():
    texts = Texts("America/Vancouver")
    assert texts.written("{at -2h %H:%M} {at -2h utc %H:%M} {at -2h iso}", at=0) == (
        "14:00 22:00 1969-12-31T22:00:00.000Z"
    )
