"""The machine: a node exporter's page, commands that list, and the machine that this runs on."""

import os
import re
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import psutil
import pytest

from pytest_llmops.clients import gpus, listeners, processes
from pytest_llmops.clients.client import connect
from pytest_llmops.clients.process_use import Looks
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, Vacuous
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

PAGE = """\
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{{cpu="0",mode="idle"}} {idle}
node_cpu_seconds_total{{cpu="0",mode="iowait"}} 100
node_cpu_seconds_total{{cpu="0",mode="user"}} {user}
node_load1 0.5
node_memory_MemTotal_bytes 16e9
node_memory_MemAvailable_bytes 4e9
node_memory_SwapTotal_bytes 2e9
node_memory_SwapFree_bytes 1e9
node_filesystem_size_bytes{{device="/dev/vda1",mountpoint="/"}} 200e9
node_filesystem_avail_bytes{{device="/dev/vda1",mountpoint="/"}} 50e9
node_filesystem_size_bytes{{device="none",mountpoint="/proc"}} 0
node_filesystem_size_bytes{{device="/dev/loop0",fstype="squashfs",mountpoint="/snap/core/1"}} 1e8
node_filesystem_avail_bytes{{device="/dev/loop0",fstype="squashfs",mountpoint="/snap/core/1"}} 0
node_filesystem_readonly{{device="/dev/vda1",mountpoint="/"}} 0
node_filesystem_readonly{{device="/dev/loop0",fstype="squashfs",mountpoint="/snap/core/1"}} 1
"""
PS = """\
    PID USER                      STARTED %CPU   RSS COMMAND
      1 root     Mon Nov 23 08:00:00 2026  0.1  9000 /sbin/init
    812 ollama   Mon Nov 23 08:00:05 2026 12.5 2000000 /usr/local/bin/ollama serve
    900 app      Sat Nov 28 10:11:12 2026 42.0 500000 python workflows/pdf/convert.py book.pdf --api-key hunter2 --n=1
    901 eve      Sat Nov 28 10:11:12 2026  0.0  8000 vim workflows/pdf/convert.py
"""
SPENT = re.sub(r"(\d\.\d) +", r"\1  77 ", PS)
SS = """\
LISTEN 0      4096         0.0.0.0:11434      0.0.0.0:*    users:(("ollama",pid=812,fd=3))
LISTEN 0      128             [::]:22            [::]:*
ESTAB  0      0          127.0.0.1:5555     127.0.0.1:11434
"""
GPUS = "NVIDIA A10, 12000, 24000, 35\nNVIDIA A10, 21600, 24000, 80\n"
PROCESSES = {
    "work": {"pattern": r"python \S*workflows/"},
    "ollama": {"pattern": r"\S*ollama serve", "port": 11434},
    "none": {"pattern": "nobody"},
    "filed": {"pid_file": "run/app.pid"},
}
LISTS = {"process_list": "ps", "listener_list": "ss", "gpu_list": "gpus"}


class Exporter:
    """A page whose processor was busy for a quarter of the time between two looks."""

    def __init__(self, idle=3.0, user=1.0):
        self.looks, self.idle, self.user = 0, idle, user

    def __call__(self, request):
        self.looks += 1
        return 200, PAGE.format(idle=1000 + self.idle * self.looks, user=1000 + self.user * self.looks)


@pytest.fixture
def machine(serve, ledger, tmp_path):
    """A machine; its commands print the texts above."""
    made = []

    def machine(exporter=None, *, said=None, absent=None, **settings):
        printed = {"ps": PS, "ss": SS, "gpus": GPUS} | (said or {})
        commands = {
            name: {"argv": [sys.executable, "-c", f"print({text!r}, end='')"]} for name, text in printed.items()
        }
        commands |= {"absent": {"argv": [absent]}} if absent else {}
        url = {"url": serve(exporter).url} if exporter else {}
        table = {"interval": 0.01, "processes": PROCESSES, **url, **settings}
        parts = {"machine": table, "app_command": {"commands": commands}}
        target = Target("staging", TargetTable.model_validate({"components": parts}), tmp_path, environ={})
        made.append(connect(target, "machine", ledger))
        return made[-1]

    yield machine
    for one in made:
        one.close()


def failure(kind, call, *words):
    with pytest.raises(kind) as caught:
        call(*words)
    return str(caught.value)


def test_what_is_in_use_of_another_machine(machine):
    found = machine(Exporter(), disks={"root": "/", "data": "/nowhere/data"})
    assert repr(found.usage()) == "Usage(cpu_pct=25.0, memory_pct=75.0, swap_pct=50.0, load=0.5, memory_mb=16000.0)"
    space = found.disk("root")
    assert (space.used_pct, space.free_pct, space.total_bytes) == (75.0, 25.0, 200e9)
    assert [one.mount for one in found.disks()] == ["/"]
    assert failure(Unsupported, found.disk, "data") == (
        "machine: disks.data is /nowhere/data, which cannot be looked at (No such file or directory). Write a folder "
        "of the file system that holds the data, from / or below the folder of llmops.toml."
    )
    assert failure(ConfigError, found.disk, "dat") == "machine: target staging has no disk 'dat'. Did you mean 'data'?"
    assert (
        failure(Unsupported, found.disk, "tapes") == "machine: target staging has no disk 'tapes'. It has: root, data."
    )
    assert found.address.startswith("http://127.0.0.1:")


VOLUME = """\
node_filesystem_size_bytes{mountpoint="/srv/models"} 100e9
node_filesystem_avail_bytes{mountpoint="/srv/models"} 1e9
"""


def page(*more):
    return lambda _: (200, "".join([PAGE.format(idle=1, user=1), *more]))


@pytest.fixture
def away(machine, monkeypatch):
    """As ``machine``, and it is not this one."""
    monkeypatch.setattr("pytest_llmops.clients.listing.elsewhere", lambda *_: "rag.example")
    return machine


@pytest.mark.parametrize("folder", ["/srv/models", "/srv/models/", "/srv/models/ollama/blobs"])
def test_a_folder_of_another_machine_is_on_the_innermost_file_system(away, folder):
    space = away(page(VOLUME), disks={"models": folder}).disk("models")
    assert (space.mount, space.free_pct) == ("/srv/models", 1.0)


@pytest.mark.parametrize("folder", ["/srv", "/srv/models-old", "/usr/share/ollama/.ollama"])
def test_the_root_of_another_machine_is_presumed_to_hold_nothing(away, folder):
    assert failure(Unsupported, away(page(VOLUME), disks={"models": folder}).disk, "models") == (
        f"machine: disks.models is {folder}, and no file system is known to hold it. Mounted: /, /srv/models. Write "
        "where the data lies on that machine, from /; where no file system of its own holds it, write /."
    )
    assert away(page(VOLUME), disks={"models": "/"}).disk("models").mount == "/"


def test_a_folder_that_stands_beside_the_file_is_none_of_another_machine(away):
    assert failure(Unsupported, away(page(VOLUME), disks={"data": "outputs"}).disk, "data").startswith(
        "machine: disks.data is outputs, a folder of this machine, and the other one is looked at. Write where "
    )


def test_a_folder_of_this_machine_is_looked_up_where_it_is(machine, tmp_path, monkeypatch):
    (tmp_path / "volume" / "deep").mkdir(parents=True)
    (tmp_path / "outputs").symlink_to(tmp_path / "volume" / "deep")
    volume = str((tmp_path / "volume").resolve())
    monkeypatch.setattr("pathlib.Path.is_mount", lambda path: str(path) in {"/", volume})
    table = {"disks": {"outputs": "outputs", "gone": "gone"}}
    here = machine(**table)
    assert here.disk("outputs").mount == volume
    assert failure(Unsupported, here.disk, "gone").startswith(
        "machine: disks.gone is gone, which cannot be looked at ("
    )
    told = machine(page(VOLUME.replace("/srv/models", volume)), **table).disk("outputs")
    assert (told.mount, told.free_pct) == (volume, 1.0)
    untold = failure(Unsupported, machine(page(VOLUME), **table).disk, "outputs")
    assert untold.startswith(f"machine: disks.outputs is outputs, which is on {volume}, and http://127.0.0.1:")
    assert untold.endswith("that is mounted there and can be written. Mounted: /, /srv/models.")


def test_a_page_that_says_nothing(machine):
    assert failure(Vacuous, machine(Exporter(0, 0)).usage) == (
        "machine: node_cpu_seconds_total did not move within 0.01 s."
    )
    other = machine(lambda _: (200, "# TYPE node_cpu_seconds_total counter\nnode_cpu_seconds_total 1\n"))
    assert failure(Vacuous, other.usage).startswith("machine: node_cpu_seconds_total did not move")
    assert failure(Unsupported, other.disks) == (
        f"machine: {other.address} tells of no file system that can be written."
    )


def test_the_figures_of_a_machine(machine):
    found = machine(Exporter(), **LISTS)
    read = {what: found.figure(what) for what in ("cpu", "memory", "swap", "load", "gpu_memory", "gpu_utilisation")}
    assert read == {"cpu": 25, "memory": 75, "swap": 50, "load": 0.5, "gpu_memory": 90.0, "gpu_utilisation": 80.0}
    assert (found.figure("disk_used", disk="root"), found.figure("disk_free", disk="root")) == (75.0, 25.0)
    assert found.figure("processes", process="work") == 1
    assert found.figure("processes", process="none") == 0
    assert found.figure("process_cpu", process="work") == 42.0
    assert found.figure("process_memory", process="work") == 512.0
    assert failure(Unsupported, lambda: found.figure("open_files", process="work")) == (
        "machine: it is another machine, open_files of its processes cannot be seen from here."
    )


def test_processes_are_found_by_how_their_command_line_begins(machine):
    (work,) = machine(Exporter(), **LISTS).processes("work")
    assert (work.pid, work.user, work.cpu_pct, work.memory_mb) == (900, "app", 42.0, 512.0)
    assert work.command == "python workflows/pdf/convert.py book.pdf --api-key [redacted] --n=1"
    assert work.started > 1.79e9
    assert re.fullmatch(
        r"900 of app since 2026-11-28 10:11:12\S+, 42 % of a processor, 512 MB: python workflows/\S+ book.pdf .*",
        str(work),
    )
    assert [one.pid for one in machine(Exporter(), **LISTS).all_processes()] == [900, 812, 1, 901]


def test_the_share_of_memory_is_of_all_that_the_machine_has(machine):
    found = machine(Exporter(), process_list="ps")
    assert found.memory_share("work") == pytest.approx(100 * 500_000 * 1024 / 16e9)
    assert found.memory_share("none") == 0


def test_the_busiest_and_the_largest_processes():
    idle = processes.RunningProcess(1, "eve", 0.0, 0.1, 9000.0, "cache")
    busy = processes.RunningProcess(2, "eve", 0.0, 99.0, 10.0, "work")
    assert processes.report([idle, busy], 1).splitlines() == [
        "# Processes",
        "",
        "2 run.",
        "",
        "## Busiest",
        "",
        f"- {busy}",
        "",
        "## Largest",
        "",
        f"- {idle}",
    ]


def test_processes_that_listen_or_are_filed(machine, tmp_path):
    found = machine(Exporter(), **LISTS)
    assert [one.pid for one in found.processes("ollama")] == [812]
    assert [(one.program, one.pid) for one in found.listening("ollama")] == [("ollama", 812)]
    assert found.listeners(22) == [listeners.Listener(22, "[::]", "", None)]
    assert failure(Unsupported, found.listening, "work") == "machine: processes.work names no port."
    assert found.processes("filed") == []
    (tmp_path / "run").mkdir()
    (tmp_path / "run/app.pid").write_text("900\n")
    assert [one.pid for one in found.processes("filed")] == [900]
    (tmp_path / "run/app.pid").write_text("x")
    assert failure(CallFailed, found.processes, "filed").startswith(
        f"machine: processes.filed: {tmp_path}/run/app.pid holds no process id (invalid literal"
    )


def test_a_process_that_does_not_run_has_no_figures(machine):
    said = failure(CallFailed, machine(Exporter(), **LISTS).running, "none")
    assert said == "machine: no process none runs."


def test_processes_looked_at_over_a_time(machine):
    """Of those that run here: what this process burns between two looks is seen, whatever it did before."""
    burn = "import time\nwhile time.process_time() < 60: pass"
    with subprocess.Popen([sys.executable, "-c", burn]) as child:
        sought = {"burning": {"pattern": re.escape(f"{sys.executable} -c import time")}, "none": {"pattern": "nobody"}}
        try:
            (use,) = machine(interval=0.01, processes=sought).sampled("burning", "none", looks=3, every_s=0.2)
        finally:
            child.kill()
    assert (use.label, use.process.pid) == ("burning", child.pid)
    assert 5 < use.cpu_mean_pct <= use.cpu_max_pct < 150
    assert 1 < use.memory_mean_mb <= use.memory_max_mb
    assert use.who == f"{child.pid} of {use.process.user}: {use.process.command}"


def process(pid, spent_s, memory_mb=10.0, started=100.0):
    return processes.RunningProcess(pid, "app", started, 1.0, memory_mb, "work", spent_s)


def test_each_process_is_looked_at_by_itself():
    looks = Looks("work")
    looks.add(10.0, [process(2, 7.0, started=200.0), process(1, 100.0), process(3, 1.0)])
    looks.add(15.0, [process(1, 101.0, 30.0), process(2, 12.0, started=200.9), process(4, 0.0)])
    last = [process(1, 104.0, 20.0, started=99.2), process(2, 12.0, started=200.1), process(4, 0.0, started=300.0)]
    looks.add(20.0, last)
    assert [
        (one.label, one.process.pid, one.cpu_mean_pct, one.cpu_max_pct, one.memory_mean_mb, one.memory_max_mb)
        for one in looks.sampled()
    ] == [("work", 1, 40.0, 60.0, 20.0, 30.0), ("work#2", 2, 50.0, 100.0, 10.0, 10.0)]
    assert [one.pid for one in looks.newest(20.0)] == [2, 1, 4]
    assert looks.newest(17.0) == []


def test_a_list_that_does_not_say_what_each_has_used(machine):
    assert failure(Unsupported, lambda: machine(Exporter(), **LISTS).sampled("work", looks=2, every_s=0.0)) == (
        "machine: the command ps prints no cputimes, so what a process uses now cannot be told; have it print "
        "`ps -eo pid,user,lstart,pcpu,cputimes,rss,args`."
    )
    spent = machine(Exporter(), said={"ps": SPENT}, **LISTS)
    assert [(one.pid, one.spent_s, one.memory_mb) for one in spent.processes("work")] == [(900, 77.0, 512.0)]
    (use,) = spent.sampled("work", looks=2, every_s=0.0)
    assert (use.cpu_mean_pct, use.cpu_max_pct, use.memory_max_mb) == (0.0, 0.0, 512.0)


def test_processes_that_do_not_stay(machine):
    found = machine(Exporter(), **LISTS)
    anew = f"import time; print({SPENT!r}.replace('900 app', f'{{time.time_ns() % 10**9}} app'), end='')"
    found.target.table.components.app_command.commands["ps"].argv[2] = anew
    assert failure(CallFailed, lambda: found.sampled("work", looks=2, every_s=0.001)) == (
        "machine: no process work was still there 1 ms later: each is started anew."
    )
    assert (
        failure(CallFailed, lambda: found.sampled("none", looks=2, every_s=0.001)) == "machine: no process none runs."
    )


def test_processes_that_are_waited_for(machine):
    found = machine(Exporter(), **LISTS)
    assert found.until_none("none", 60.0) == []
    assert [one.pid for one in found.until_none("work", 0.01)] == [900]


def test_lists_that_are_none(machine):
    found = machine(Exporter(), said={"ps": "who?", "gpus": "No devices were found"}, **LISTS)
    assert failure(CallFailed, found.all_processes) == (
        "machine: the command ps: no line is one of `ps -eo pid,user,lstart,pcpu,rss,args`."
    )
    assert failure(CallFailed, found.gpus) == (
        "machine: the command gpus: 'No devices were found' is no line of nvidia-smi "
        "--query-gpu=name,memory.used,memory.total,utilization.gpu --format=csv,noheader,nounits."
    )
    with pytest.raises(ValueError, match="no processor is listed"):
        gpus.of_csv("")


def test_another_machine_is_not_looked_into_without_commands(machine):
    found = machine(Exporter())
    assert failure(Unsupported, found.all_processes) == (
        "machine: it is another machine, and no process_list says how to list its processes."
    )
    assert failure(Unsupported, found.listeners, 22) == (
        "machine: it is another machine, and no listener_list says how to list who listens."
    )
    assert failure(Unsupported, found.gpus) == (
        "machine: it is another machine, and no gpu_list says how to ask for its GPUs."
    )


def test_a_machine_without_gpus(machine, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert failure(Unsupported, machine().gpus) == (
        "machine: it has no nvidia-smi, and no gpu_list says how to ask for its GPUs."
    )
    found = machine(Exporter(), gpu_list="absent", absent="nvidia-smi")
    assert failure(Unsupported, found.gpus).startswith(
        "machine: it has no GPU that can be asked for: app_command: absent: "
    )


def test_this_machine(machine):
    mine = psutil.Process()
    command = " ".join(psutil.Process(mine.ppid()).cmdline()) if mine.ppid() else ""
    found = machine()
    assert (found.address, repr(found)) == ("this machine", "Machine(this machine)")
    usage = found.usage()
    assert 0 <= usage.cpu_pct <= 100
    assert 0 < usage.memory_pct < 100
    assert 0 < found.disk("root").free_pct <= 100
    seen = {one.pid: one for one in processes.of_this_machine(0.01)}
    assert os.getpid() not in seen
    if command:
        assert seen[mine.ppid()].command == processes.hidden(command)
    assert failure(Unsupported, found.page) == "machine: it has no url, so there is no node exporter's page."


def test_who_listens_on_this_machine(machine, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (found,) = machine().listeners(port)
        assert (found.port, found.address, found.pid) == (port, "127.0.0.1", os.getpid())
    (tmp_path / "run").mkdir()


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("serve --token=abc --port 1", "serve --token=[redacted] --port 1"),
        ("serve --api_key abc", "serve --api_key [redacted]"),
        ("env DB_PASSWORD=abc serve", "env DB_PASSWORD=[redacted] serve"),
        ("serve monkey --keyboard", "serve monkey --keyboard"),
    ],
)
def test_secrets_of_a_command_line_are_hidden(command, shown):
    assert processes.hidden(command) == shown


def test_how_far_the_others_are(serve, ledger, tmp_path, closed_port):
    parts = {
        "api": {"url": serve(lambda _: {}).url},
        "qdrant": {"url": f"http://127.0.0.1:{closed_port}"},
        "machine": {},
    }
    target = Target("staging", TargetTable.model_validate({"components": parts}), tmp_path, environ={})
    ways = connect(target, "machine", ledger).ways()
    assert list(ways) == ["api", "qdrant"]
    assert 0 < ways["api"].connect_s < 60
    assert ways["api"].ends == f"from {socket.gethostname()} to {urlsplit(target.table.components.api.url).netloc}"
    assert (ways["api"].lost_pct, ways["qdrant"].connect_s, ways["qdrant"].lost_pct) == (0, None, 100)


AWAY = {"api": {"url": "http://rag.example:8000"}}


def made(ledger, tmp_path, parts):
    return connect(
        Target("staging", TargetTable.model_validate({"components": parts}), tmp_path, environ={}), "machine", ledger
    )


def test_this_machine_is_not_taken_for_another(ledger, tmp_path):
    found = made(ledger, tmp_path, {**AWAY, "machine": {"interval": 0.01, "processes": PROCESSES}})
    said = (
        "machine: it has no url, and the system is at rag.example, not here; give it the url of its node exporter, "
        "or here = true."
    )
    for look in (found.usage, found.disks, found.all_processes, lambda: found.listeners(22)):
        assert failure(Unsupported, look) == said
    assert made(ledger, tmp_path, {**AWAY, "machine": {"interval": 0.01, "here": True}}).usage().memory_pct > 0


def test_a_command_that_would_list_what_is_here(ledger, tmp_path):
    commands = {"ps": {"argv": ["/bin/ps", "-e"]}, "far": {"argv": [sys.executable, "-c", f"print({PS!r})"]}}
    parts = {
        "machine": {"url": "http://node.example:9100", "process_list": "ps"},
        "app_command": {"commands": commands},
    }
    assert failure(Unsupported, made(ledger, tmp_path, parts).all_processes) == (
        "machine: it is at node.example, and the app command 'ps' would list what is here; put the words that reach it "
        "before ps, such as ssh and its name, or give it here = true."
    )
    parts["machine"]["process_list"] = "far"
    assert len(made(ledger, tmp_path, parts).all_processes()) == 4
