"""The bundle: what can be had is had, what cannot is named with its reason, and what is down is not asked."""

import itertools
import json
import threading

import pytest

from pytest_llmops.control import command
from pytest_llmops.operate import bundle
from pytest_llmops.operate.bundle import Bundle, index
from pytest_llmops.operate.findings import Finding

PAGE = "# TYPE x counter\nx_total 1\n"
API = """
[targets.here.components.api]
url = "{url}"
metrics = "/metrics"
auth = {{ header = "X-Key", env = "API_KEY" }}
[targets.here.components.api.control]
driver = "command"
status = ["true"]
start = ["true"]
stop = ["true"]
logs = ["printf", "one\\\\ntwo\\\\n"]
"""


@pytest.fixture
def collect(read, clients, serve):
    def collect(toml=API, findings=(), table=None):
        server = serve({"/metrics": PAGE} if table is None else table)
        target = read(
            toml.format(url=server.url.replace("http://", "http://eve:hunter22@")), {"API_KEY": "s3cret-value"}
        )
        return {part.file: part for part in Bundle(target, clients(target), findings).collect()}, server

    return collect


def test_what_can_be_had_is_had(collect, monkeypatch):
    closed = []
    monkeypatch.setattr(command.CommandDriver, "close", lambda self: closed.append(self.control))
    finding = Finding("component", "api", "ok", "api: reachable")
    parts, _ = collect(findings=[finding])
    assert {file: part.lacks for file, part in parts.items()} == {
        "findings.json": "",
        "config.json": "",
        "state/api.json": "",
        "logs/api.txt": "",
        "metrics.txt": "",
    }
    assert json.loads(parts["findings.json"].text) == [finding.as_json()]
    assert json.loads(parts["state/api.json"].text)["state"] == "running"
    assert parts["logs/api.txt"].text == "one\ntwo"
    assert parts["metrics.txt"].text == PAGE
    assert len(closed) == 2


def test_the_settings_hold_names_of_secrets_alone(collect):
    parts, _ = collect()
    assert "API_KEY" in parts["config.json"].text
    assert "hunter22" not in parts["config.json"].text


SAID = "Authorization: Bearer sk-live-0123456789abcdef password=hunter2hunter2"
CLEAN = "Authorization: Bearer [redacted] password=[redacted]"


def test_no_part_holds_a_secret_that_the_target_does_not_name(collect):
    toml = API.replace("one\\\\ntwo\\\\n", SAID).replace('"printf"', '"echo"') + (
        '[targets.here.components.api.routes.health]\npath = "/health"\n'
        "[targets.here.components.api.health]\naccept = {{ status = ['ok'] }}\n"
        "[targets.here.components.app_command.commands]\n"
        f"text = {{{{ argv = ['echo', '{SAID}'] }}}}\n"
        f"""json = {{{{ argv = ['echo', '{{{{"said": "{SAID}", "db": {{{{"password": "two words", "n": 1}}}}}}}}'], """
        "output = 'json' }}\n"
        '[targets.here.incident]\ncommands = ["text", "json"]\n'
    )
    finding = Finding("health", "api", "failed", SAID, "api")
    pages = {"/metrics": f"# {SAID}\n", "/health": {"status": "ok", "said": SAID, "token": "abcdefgh"}}
    parts, _ = collect(toml, findings=[finding], table=pages)
    assert {part.lacks for part in parts.values()} == {""}
    assert parts["logs/api.txt"].text == CLEAN
    assert parts["metrics.txt"].text == f"# {CLEAN}\n"
    assert CLEAN in parts["health/api.txt"].text
    assert parts["commands/text.txt"].text.strip() == CLEAN
    assert json.loads(parts["commands/json.json"].text) == {
        "said": CLEAN,
        "db": {"password": "[redacted]", "n": 1},
    }
    assert json.loads(parts["findings.json"].text)[0]["said"] == CLEAN
    everything = "".join(part.text for part in parts.values())
    assert [secret for secret in ("sk-live", "hunter2", "abcdefgh") if secret in everything] == []


EVENT = 'INFO 2026-11-29 01:30:15 llm {"event_type": "llm_response", "correlation_id": "6fa459ea", "took": 4.2}'


@pytest.mark.parametrize(("whole", "kept"), [("true", EVENT), ("false", "2026-11-29 01:30:15Z INFO llm llm_response")])
def test_a_log_is_kept_as_it_stands_where_its_table_says_so(collect, tmp_path, whole, kept):
    (tmp_path / "app.log").write_text(f"{EVENT}\n")
    toml = API + (
        "[targets.here.components.logs.sources.app]\nfiles = ['app.log']\n"
        "line = '(?P<level>\\w+) (?P<time>\\S+ \\S+) (?P<logger>\\S+) (?P<message>.*)'\n"
        f"keys = {{{{ message = 'event_type' }}}}\nwhole = {whole}\n"
    )
    parts, _ = collect(toml)
    assert parts["logs/app.txt"].text == f"{kept}\n"


OWN_ALERTS = API + (
    "[targets.here.components.api.routes.monitoring]\npath = '/watch'\nanswer = 'on'\n"
    "[targets.here.components.api.routes.alerts]\npath = '/alerts'\nanswer = 'alerts'\n"
    "[targets.here.components.containers]\nlist = 'listed'\n"
    "[targets.here.components.app_command.commands]\n"
    """listed = {{{{ argv = ['echo', '{{{{"Names":"api","State":"running"}}}}'] }}}}\n"""
).replace("{{{{", "{{").replace("}}}}", "}}")


def test_alerts_of_the_service_and_its_containers_lie_with_the_incident(collect):
    parts, _ = collect(OWN_ALERTS, table={"/metrics": PAGE, "/watch": {"on": True}, "/alerts": {"alerts": ["slow"]}})
    assert json.loads(parts["alerts/api.json"].text) == ["slow"]
    (container,) = json.loads(parts["containers.json"].text)
    assert (container["name"], container["running"]) == ("api", True)


@pytest.mark.parametrize(("watches", "expected"), [(False, (False, False)), (True, (True, True))])
def test_what_says_nothing_is_told_from_what_does_not_answer(collect, watches, expected):
    parts, _ = collect(OWN_ALERTS, table={"/metrics": PAGE, "/watch": {"on": watches}, "/alerts": 500})
    (lacking,) = index(list(parts.values()), {})["lacking"]
    assert (lacking["file"], lacking["applies"], lacking["failed"]) == ("alerts/api.json", *expected)


PAGE_OF_MACHINE = """\
node_cpu_seconds_total{{cpu="0",mode="user"}} {at}
node_load1 0.5
node_memory_MemTotal_bytes 16e9
node_memory_MemAvailable_bytes 4e9
"""


def test_a_machine_that_tells_of_no_file_system_tells_the_rest(collect):
    seconds = itertools.count()
    pages = {"/metrics": lambda: PAGE_OF_MACHINE.format(at=next(seconds))}
    machine = '[targets.here.components.machine]\nurl = "{url}"\ninterval = "10 ms"\n'
    parts, _ = collect(machine, table=pages)
    found = json.loads(parts["machine.json"].text)
    assert found["usage"]["memory_pct"] == 75
    assert found["disks"].endswith("tells of no file system that can be written.")


SLOW = API + (
    "[targets.here.components.app_command.commands]\n"
    "slow = {{ argv = ['sh', '-c', 'sleep 0.4; echo done'], deadline = '20 s' }}\n"
    "[targets.here.incident]\n"
)


def test_a_command_has_the_time_that_its_deadline_gives(collect, monkeypatch):
    monkeypatch.setattr(bundle, "COLLECT_S", 0.2)
    parts, _ = collect(SLOW + 'commands = ["slow"]\n')
    assert parts["commands/slow.txt"].text == "done\n"
    parts, _ = collect(SLOW + 'summary = "slow"\n')
    assert parts["commands/slow.txt"].text == "done\n"


def test_a_long_deadline_does_not_use_up_the_time_of_the_investigation(collect, monkeypatch):
    monkeypatch.setattr(bundle, "MOST_S", 0.1)
    parts, _ = collect(SLOW + 'commands = ["slow"]\n')
    assert parts["commands/slow.txt"].failed


def test_why_a_part_could_not_be_had_holds_no_secret_either(collect):
    parts, _ = collect(findings=[Finding("component", "api", "failed", f"api: {SAID}")])
    assert parts["metrics.txt"].lacks == f"api: {CLEAN}"


def test_what_is_down_is_not_asked_and_said_to_be_down(collect):
    parts, server = collect(findings=[Finding("component", "api", "failed", "api: nobody is there.")])
    assert (parts["metrics.txt"].text, parts["metrics.txt"].lacks) == ("", "api: nobody is there.")
    assert server.asked == []


def test_what_cannot_be_had_names_its_reason(collect):
    parts, _ = collect(table={"/metrics": 404})
    assert parts["metrics.txt"].lacks.startswith("api: GET /metrics answered 404")
    assert "logs/api.txt" in parts
    without, _ = collect(API.replace("logs =", "kill ="))
    assert without["logs/api.txt"].lacks.startswith("not supported: ")


def test_an_empty_answer_is_not_had(collect):
    parts, _ = collect(API.replace('"one\\\\\\\\ntwo\\\\\\\\n"', '""'), table={"/metrics": ""})
    assert parts["metrics.txt"].lacks == "there is nothing in it"


ANSWER = {"choices": [{"message": {"content": "Paris"}}], "usage": {"completion_tokens": 3}}
BENCHMARK = (
    '[targets.here.components.openai]\nurl = "{url}"\nmodel = "tiny"\ndeadline = "60 s"\n'
    "[targets.here.components.openai.detail]\nsummary = {{ max_tokens = 2 }}\nlong = {{ max_tokens = 9 }}\n"
)


def test_the_benchmark_times_each_level_once(collect):
    parts, server = collect(BENCHMARK, table={"/v1/chat/completions": ANSWER})
    found = json.loads(parts["benchmark/openai.json"].text)
    assert list(found) == ["summary", "long"]
    assert [one["tokens"] for one in found.values()] == [3, 3]
    assert [json.loads(body)["max_tokens"] for body in server.bodies] == [2, 9]


def test_a_level_that_fails_leaves_what_the_others_took(collect):
    answers = iter([(500, "no luck"), ANSWER])
    parts, _ = collect(BENCHMARK, table={"/v1/chat/completions": lambda: next(answers)})
    found = json.loads(parts["benchmark/openai.json"].text)
    assert found["summary"]["error"].startswith("openai: POST /v1/chat/completions answered 500")
    assert found["summary"]["seconds"] > 0
    assert found["long"]["tokens"] == 3


def test_a_level_that_hangs_is_left_at_the_servers_own_deadline(collect):
    over = threading.Event()
    hangs = BENCHMARK.replace("60 s", "200 ms")
    parts, _ = collect(hangs, table={"/v1/chat/completions": lambda: over.wait(60) and ANSWER})
    over.set()
    for found in json.loads(parts["benchmark/openai.json"].text).values():
        assert found["error"].startswith("openai: POST /v1/chat/completions gave no whole answer within 200 ms")
        assert 0.2 <= found["seconds"] < 60


def test_a_slow_server_has_its_own_deadlines_for_the_benchmark(read, clients):
    slow = read(BENCHMARK.format(url="http://127.0.0.1:1"))
    down = Finding("component", "openai", "failed", "openai: away")
    assert Bundle(slow, clients(slow), [])._within_s() == 130
    assert Bundle(slow, clients(slow), [down])._within_s() == bundle.COLLECT_S
    slower = read(BENCHMARK.format(url="http://127.0.0.1:1").replace("60 s", "10 min"))
    assert Bundle(slower, clients(slower), [])._within_s() == bundle.MOST_S


def test_the_index_names_what_is_there_and_what_is_not(collect):
    parts, _ = collect(table={"/metrics": 404})
    found = index(list(parts.values()), {"target": "here"})
    assert found["target"] == "here"
    assert [part["file"] for part in found["files"]] == [
        "findings.json",
        "config.json",
        "state/api.json",
        "logs/api.txt",
    ]
    assert [part["file"] for part in found["lacking"]] == ["metrics.txt"]
    assert found["files"][3]["bytes"] == 7
