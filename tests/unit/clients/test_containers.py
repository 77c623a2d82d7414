"""Containers, pods and units, as docker, kubectl and systemctl print them."""

import json
import sys
from dataclasses import replace

import pytest

from pytest_llmops.clients import container_formats
from pytest_llmops.clients.container_formats import Container, containers, size, volumes
from pytest_llmops.clients.containers import table, unheard
from pytest_llmops.clients.log_entries import Entries
from pytest_llmops.clients.log_entry import Entry, Reading
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, Vacuous

PS = """\
{"Names":"rag-api-1","State":"running","Status":"Up 2 hours (healthy)","Labels":"x=1,com.docker.compose.service=api"}
{"Names":"rag-db-1","State":"running","Status":"Up 2 hours (unhealthy)","Labels":"com.docker.compose.service=db"}
{"Names":"rag-job-1","State":"exited","Status":"Exited (0) 1 hour ago","Labels":""}
"""
COMPOSE = '[{"Name":"rag-api-1","Service":"api","State":"running","Health":"starting"}]'
INSPECT = """[
 {"Name":"/rag-api-1","RestartCount":3,"State":{"Status":"running"},"HostConfig":{"Memory":1000000,"NanoCpus":500000000}},
 {"Name":"/rag-db-1","RestartCount":0,"State":{"Status":"running","Health":{"Status":"unhealthy"}},"HostConfig":{"Memory":0}}
]"""
STATS = """\
{"Name":"rag-api-1","CPUPerc":"12.50%","MemUsage":"800kB / 2GiB","NetIO":"1.2GB / 800MB","BlockIO":"88kB / 0B"}
{"Name":"rag-db-1","CPUPerc":"0.00%","MemUsage":"1.5MiB / 2GiB","NetIO":"-- / --","BlockIO":"1MB / 2MB"}
"""
PODS = json.dumps(
    {
        "kind": "List",
        "items": [
            {
                "metadata": {"name": "api-7d9f-x1", "labels": {"app": "api"}},
                "spec": {"containers": [{"resources": {"limits": {"memory": "512Mi", "cpu": 2}}}]},
                "status": {"phase": "Running", "containerStatuses": [{"ready": True, "restartCount": 2}]},
            },
            {
                "metadata": {"name": "db-0", "labels": {"app.kubernetes.io/name": "db"}},
                "spec": {"containers": [{}, {"resources": {"limits": {"memory": "1Gi"}}}]},
                "status": {
                    "phase": "Running",
                    "containerStatuses": [
                        {"ready": False, "restartCount": 9, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
                    ],
                },
            },
            {"metadata": {"name": "late"}, "spec": {"containers": [{}]}, "status": {"phase": "Pending"}},
        ],
    }
)
POD_METRICS = json.dumps(
    {
        "kind": "PodMetricsList",
        "items": [
            {
                "metadata": {"name": "api-7d9f-x1"},
                "containers": [{"usage": {"cpu": "250m", "memory": "256Mi"}}, {"usage": {"cpu": "5n", "memory": "0"}}],
            }
        ],
    }
)
UNIT = "Id=ollama.service\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNRestarts=1\n"


def test_docker():
    assert containers(PS) == [
        Container("rag-api-1", ("api",), "Up 2 hours (healthy)", running=True, ready=True),
        Container("rag-db-1", ("db",), "Up 2 hours (unhealthy)", running=True, ready=False),
        Container("rag-job-1", (), "Exited (0) 1 hour ago"),
    ]
    assert containers(COMPOSE) == [Container("rag-api-1", ("api",), "starting", running=True, ready=False)]
    api, db = containers(INSPECT)
    assert (api.name, api.restarts, api.limit_bytes, api.ready) == ("rag-api-1", 3, 1e6, True)
    assert (api.limit_cpu_pct, db.limit_cpu_pct) == (50.0, None)
    assert (db.limit_bytes, db.running, db.ready) == (None, True, False)
    assert containers(STATS)[0] == Container(
        "rag-api-1",
        cpu_pct=12.5,
        memory_bytes=8e5,
        network_bytes=(1.2e9, 8e8),
        disk_bytes=(88e3, 0.0),
        limit_bytes=2.0**31,
    )


def test_kubernetes():
    api, db, late = containers(PODS)
    assert (api.known_as, api.state, api.ready, api.restarts) == (("api",), "Running", True, 2)
    assert (api.limit_bytes, api.limit_cpu_pct) == (2.0**29, 200.0)
    assert (db.known_as, db.state, db.running, db.ready) == (("db",), "CrashLoopBackOff", True, False)
    assert db.limit_bytes is None
    assert (late.state, late.running, late.ready) == ("Pending", False, False)
    [used] = containers(POD_METRICS)
    assert used.cpu_pct == pytest.approx(25)
    assert used.memory_bytes == 2.0**28


def test_who_was_killed_for_want_of_memory():
    told = {"Name": "/a", "State": {"Status": "running", "OOMKilled": True}, "HostConfig": {}}
    assert [one.oom_killed for one in containers(json.dumps([told]))] == [True]
    ended = {"ready": True, "restartCount": 3, "lastState": {"terminated": {"reason": "OOMKilled"}}}
    pod = {"metadata": {"name": "a"}, "spec": {"containers": [{}]}}
    pods = [
        {**pod, "status": {"phase": "Running", "containerStatuses": inner}}
        for inner in ([ended], [{**ended, "lastState": {}}])
    ]
    assert [one.oom_killed for one in containers(json.dumps({"items": pods}))] == [True, False]
    units = containers(f"{UNIT}Result=oom-kill\n\n{UNIT}Result=success\n\n{UNIT}")
    assert [one.oom_killed for one in units] == [True, False, None]


def test_systemd():
    [unit] = containers(UNIT + "MemoryCurrent=1024\n")
    assert (unit.name, unit.known_as, unit.state) == ("ollama.service", ("ollama",), "active")
    assert (unit.running, unit.ready, unit.enabled, unit.restarts, unit.memory_bytes) == (True, True, True, 1, 1024)
    failed, other = containers(
        "Id=a.service\nActiveState=failed\nUnitFileState=disabled\n\nId=b.service\nLoadState=not-found\nUnitFileState=\n"
    )
    assert (failed.state, failed.ready, failed.enabled) == ("failed", False, False)
    assert (other.state, other.enabled) == ("not-found", None)


@pytest.mark.parametrize("text", ['{"State": "running"}', "[1]", "Up 2 hours", '{"Name": "x"}'])
def test_what_is_none_of_these_is_refused(text):
    with pytest.raises(ValueError, match=r"a row of it lacks|Expecting value"):
        containers(text)


def test_volumes():
    docker = json.dumps({"Volumes": [{"Name": "data", "Size": "2.5GB"}, {"Name": "odd", "Size": "N/A"}]})
    assert volumes(docker) == {"data": 2.5e9}
    df = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda 100 40 60 40% /qdrant/storage\n"
    assert volumes(df) == {"/qdrant/storage": 40960}
    with pytest.raises(ValueError, match="it names no volume"):
        volumes("{}")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.2GiB", 1.2 * 2**30), ("3kB", 3e3), ("0B", 0), ("250m", 0.25), ("2", 2), ("512Mi", 2.0**29), ("no", None)],
)
def test_sizes(text, value):
    assert size(text) == value


@pytest.fixture
def client(target, ledger, tmp_path):
    """A function to a client whose commands print files of these texts."""

    def client(parts=None, **texts):
        commands = {}
        for name, text in texts.items():
            (tmp_path / name).write_text(text)
            commands[name] = {"argv": [sys.executable, "-S", "-c", f"print(open({name!r}).read())"]}
        keys = {key: key for key in ("details", "usage", "volumes", "in_use") if key in texts}
        asked = {"parts": parts or {}, "list": "listed", **keys}
        made = target(app_command={"commands": commands}, containers=asked)
        from pytest_llmops.clients.client import connect

        return connect(made, "containers", ledger)

    return client


def test_parts_with_their_restarts_and_limits(client):
    made = client({"api": "api", "database": "rag-db-1"}, listed=PS, details=INSPECT)
    assert preflight(made, 5.0).ok
    assert (made.address, repr(made)) == ("command listed", "Containers(api, database)")
    found = made.parts()
    assert [(c.name, c.restarts, c.ready) for c in found["api"]] == [("rag-api-1", 3, True)]
    assert [(c.name, c.restarts, c.ready) for c in found["database"]] == [("rag-db-1", 0, False)]
    assert len(made.all()) == 3


def test_usage_by_its_own_limit(client, monkeypatch):
    made = client({"api": "api"}, listed=PS, details=INSPECT, usage=STATS)
    [usage] = made.usage("api")
    assert (usage.cpu_pct, usage.memory_pct) == (12.5, pytest.approx(80))
    assert usage.cpu_share == (25.0, "rag-api-1, of its limit")
    assert made.fullest("api") == usage
    unlimited = made.usage()[1]
    assert unlimited.cpu_share == (0.0, "rag-db-1, of one processor: nothing limits it")
    with pytest.raises(Vacuous) as caught:
        _ = unlimited.cpu_pct_of_limit
    assert str(caught.value) == (
        "rag-db-1 has no CPU limit, so nothing can be said of how near it is; it uses 0 % of one processor."
    )
    assert (usage.network_bytes, usage.disk_bytes) == ((1.2e9, 8e8), (88e3, 0.0))
    unlimited = replace(unlimited, limit_bytes=None)
    monkeypatch.setattr(made, "usage", lambda _: [unlimited, usage])
    assert made.fullest("api") == usage
    monkeypatch.setattr(made, "usage", lambda _: [unlimited])
    with pytest.raises(Vacuous):
        made.fullest("api")
    monkeypatch.undo()
    assert [one.io_known for one in made.usage()] == [True, False]
    assert table(made.usage()).splitlines()[2:] == [
        "| rag-api-1 | 12.5 | 1 | 1 | 1200 / 800 | 0.088 / 0 |",
        "| rag-db-1 | 0.0 | 2 | 2147 |  | 1 / 2 |",
    ]


def test_usage_without_any_limit_says_nothing(client):
    made = client(listed=PODS.replace("512Mi", "0"), usage=POD_METRICS.replace("api-7d9f-x1", "db-0"))
    with pytest.raises(CallFailed) as caught:
        made.usage()
    assert str(caught.value) == "containers: usage: run and were not measured: api-7d9f-x1."
    [usage] = client(listed=PS.splitlines()[0], usage=STATS.replace(" / 2GiB", "")).usage()
    with pytest.raises(Vacuous) as vacuous:
        _ = usage.memory_pct
    assert str(vacuous.value) == ("rag-api-1 has no memory limit, so nothing can be said of how near it is.")


@pytest.mark.parametrize(
    ("parts", "texts", "call", "error", "message"),
    [
        ({"api": "aip"}, {}, "parts", CallFailed, "api (aip) is not there; there: rag-api-1, rag-db-1, rag-job-1."),
        ({}, {}, "parts", Unsupported, "the target names no parts; say which containers there have to be."),
        ({"x": "ollama"}, {"listed": "Id=ollama.service\nLoadState=not-found\n"}, "parts", Unsupported,
         "systemd has no unit ollama, so x is run in another way."),
        ({}, {}, "usage", Unsupported, "the target names no command for usage."),
        ({}, {"listed": PS.splitlines()[2], "usage": STATS}, "usage", CallFailed, "usage: none of them runs."),
        ({}, {"volumes": "{}"}, "volumes", CallFailed, "volumes printed what cannot be read: it names no volume."),
    ],
)  # fmt: skip
def test_what_is_lacking_is_explained(client, parts, texts, call, error, message):
    made = client(parts, **{"listed": PS, **texts})
    with pytest.raises(error) as caught:
        getattr(made, call)()
    assert str(caught.value) == f"containers: {message}"


REPLICAS = [Container(name, ("api",), running=True) for name in ("rag-api-1", "rag-api-2")]


def entries(*instances):
    fields = [{"instance": instance} if instance else {} for instance in instances]
    return Entries([Entry("well", fields=one) for one in fields], Reading("app"))


@pytest.mark.parametrize(
    ("instances", "silent"),
    [
        (("api-1", "api-2"), []),
        (("api-1", "api-1", ""), ["rag-api-2"]),
        (("pod/rag-api-2/api", "api-11"), ["rag-api-1"]),
        (("rag-api-1", "pi-2"), ["rag-api-2"]),
        (("db-1",), ["rag-api-1", "rag-api-2"]),
    ],
)
def test_replicas_of_which_nothing_stands_in_the_log(instances, silent):
    assert [one.name for one in unheard(REPLICAS, entries(*instances))] == silent


def test_lines_that_do_not_say_whose_they_are():
    assert unheard(REPLICAS[:1], entries("", "")) == []
    with pytest.raises(Unsupported) as caught:
        unheard(REPLICAS, entries("", ""))
    assert str(caught.value) == (
        "logs: no line of app says whether it is of rag-api-1 or rag-api-2; give its line a group instance."
    )


def test_volumes_of_a_part(client):
    found = json.dumps({"Volumes": [{"Name": "rag_db_data", "Size": "2kB"}, {"Name": "other", "Size": "1kB"}]})
    made = client(listed=PS, volumes=found)
    assert made.volumes("db") == {"rag_db_data": 2000}
    assert made.volumes() == {"rag_db_data": 2000, "other": 1000}
    with pytest.raises(CallFailed) as caught:
        made.volumes("qdrant")
    assert str(caught.value) == "containers: no volume of qdrant is there; there: rag_db_data, other."


def test_what_is_in_use(client):
    made = client(listed=PS, in_use="container rag-api-1\n\nvolume rag_db_data \n")
    assert made.in_use() == {"container rag-api-1", "volume rag_db_data"}
    with pytest.raises(CallFailed, match=r"^containers: in_use named nothing in use"):
        client(listed=PS, in_use="\n").in_use()
    with pytest.raises(Unsupported, match=r"^containers: nothing says what is in use; give it in_use, a command"):
        client(listed=PS).in_use()


def test_what_was_freed(client):
    made = client(listed=PS)
    assert made.reclaimed_mb("it said: Total reclaimed space: 1.5GB") == 1500
    assert made.reclaimed_mb("Total reclaimed space: 0B") == 0
    with pytest.raises(CallFailed, match=r"^containers: 'done' does not say what was freed\."):
        made.reclaimed_mb("done")


def test_an_unknown_part_is_met_with_a_near_one(client):
    with pytest.raises(ConfigError) as caught:
        client({"api": "api"}, listed=PS).of("apy")
    assert str(caught.value) == "containers: unknown part 'apy'. Did you mean 'api'? Parts: api."


def test_without_commands_there_is_nothing_to_ask(target, ledger):
    from pytest_llmops.clients.client import connect

    with pytest.raises(ConfigError) as caught:
        connect(target(containers={}), "containers", ledger)
    assert str(caught.value) == (
        "llmops.toml: [targets.staging.components.containers] asks commands of components.app_command, "
        "which the target does not have; give it a command 'containers'."
    )


def test_the_other_knows_only_what_is_lacking():
    one, other = Container("a", restarts=1), Container("a", restarts=2, limit_bytes=3.0)
    assert one.over(other) == container_formats.Container("a", restarts=1, limit_bytes=3.0)
