"""Cuts by the real iptables, in a network of their own, so that this machine's rules are never touched."""

import json
import os
import shutil
import subprocess
import sys

import pytest

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
FILE = """
[targets.here.components.redis]
url = "redis://127.0.0.1:16379"
[targets.here.disruption]
allowed = true
[targets.here.cuts.to-redis]
component = "redis"
address = "{address}"
deadline = "60 s"
[targets.here.cuts.elsewhere]
component = "redis"
address = "127.0.0.1:16380"
deadline = "60 s"
"""
INSIDE = """
import json, os, signal, socket, subprocess, sys
from pathlib import Path
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import LlmopsError
from pytest_llmops.state.journal import Journal
from pytest_llmops.target.load import load

folder, host, program = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
target = load(folder / "llmops.toml", None, folder, dict(os.environ))
family = socket.AF_INET6 if ":" in host else socket.AF_INET
standing = [socket.create_server((host, port), family=family) for port in (16379, 16380)]

def changing():
    journal = Journal.of(target.state_folder, target.name)
    opened = {"test": "a test", "run": "a run"}
    return Change(target, journal, Interruption(), opened=opened, say=lambda line: None, may_begin=lambda: None)

def rules():
    listed = subprocess.run([program, "-w", "-S", "OUTPUT"], check=True, capture_output=True, text=True).stdout
    return listed.splitlines()[1:]

def reached(port=16379):
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError as error:
        return type(error).__name__
    return "reached"

def seen():
    return [reached(), reached(16380), len(rules())]

others = ["-p", "udp", "-m", "comment", "--comment", "of others", "-j", "DROP"]
subprocess.run([program, "-w", "-A", "OUTPUT", *others], check=True)
found = {"before": seen()}
change = changing()
found["status"] = change.status("to-redis").detail
found["said"] = [change.set("to-redis", value="drop").detail]
found["drop"] = seen()
found["journal"] = list(recoveries(target.state_folder)[0].journal.story.steps[1].by_hand)
found["rule"] = next(line for line in rules() if "llmops-" in line)
found["said"].append(change.set("to-redis", value="reject").detail)
found["reject"] = seen()
try:
    change.set("to-redis", value="delay")
except LlmopsError as error:
    found["wrong"] = str(error)
found["undone"] = change.undo()
found["after"] = seen()

child = os.fork()
if not child:
    changing().set("to-redis", value="reject")
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(child, 0)
found["killed"] = seen()
(folder / "llmops.toml").unlink()
[one] = recoveries(target.state_folder)
[step] = one.journal.story.open.values()
found["recovered"] = one.carry_out(lambda line: None)
found["recovery"] = seen()

child = os.fork()
if not child:
    changing().set("to-redis", value="drop")
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(child, 0)
[one] = recoveries(target.state_folder)
[step] = one.journal.story.open.values()
subprocess.run(["sh", "-c", step.by_hand[0]], check=True, capture_output=True)
found["by hand"] = seen()
print(json.dumps(found))
"""

DRILLS = """
import pytest

@pytest.mark.parametrize(("way", "value"), [("to-redis", "drop"), ("to-redis", "reject"), ("elsewhere", "drop")])
def test_cut(way, value, drill, change):
    drill(
        f"{way}-{value}", "redis", lambda: change.set(way, value=value), recovery=lambda: change.set(way, value="open"),
        beside=[], within_s=20 if way == "to-redis" else 1, slowest_s=1,
    )
"""
STARTED = """
ip link set lo up
redis-server --port 16379 --save '' --dir "$1" >/dev/null & redis=$!
until redis-cli -p 16379 ping >/dev/null 2>&1; do sleep 0.1; done
"$2" -m pytest -p no:cacheprovider --llmops-allow-disruption=here --llmops-baseline=off; status=$?
kill $redis
iptables -w -S OUTPUT > rules
exit $status
"""
pytestmark = pytest.mark.skipif(not shutil.which("iptables", path=PATH), reason="there is no iptables here")
IN_A_NETWORK = ("unshare", "--map-root-user", "--net")


def written(folder, address="127.0.0.1:16379"):
    (folder / "llmops.toml").write_text(FILE.format(address=address))


@pytest.mark.parametrize(("host", "program"), [("127.0.0.1", "iptables"), ("::1", "ip6tables")])
def test_a_way_is_cut_off_opened_again_and_recovered(host, program, tmp_path):
    shown = f"[{host}]" if ":" in host else host
    written(tmp_path, f"{shown}:16379")
    words = [*IN_A_NETWORK, sys.executable, "-c", INSIDE, str(tmp_path), host, program]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    others = 1
    assert found["before"] == ["reached", "reached", others]
    assert found["status"] == "open"
    assert found["said"] == ["drop", "reject"]
    assert found["drop"] == ["TimeoutError", "reached", others + 1]
    assert found["reject"] == ["ConnectionRefusedError", "reached", others + 1]
    assert found["wrong"].endswith("'delay' is nothing that a way can be; it can be: open, drop, reject.")
    assert found["undone"]
    assert found["after"] == ["reached", "reached", others]
    assert found["killed"] == ["ConnectionRefusedError", "reached", others + 1]
    assert found["recovered"]
    assert found["recovery"] == ["reached", "reached", others]
    assert found["by hand"] == ["reached", "reached", others]
    assert f"-d {host}/" in found["rule"]
    assert "--dport 16379" in found["rule"]
    [by_hand] = found["journal"]
    assert by_hand.startswith(f"{program} -w 5 -D OUTPUT -d {host} -p tcp --dport 16379 -m comment --comment llmops-")
    assert by_hand.endswith("-j REJECT --reject-with tcp-reset")


@pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no redis-server here")
def test_a_drill_by_a_cut_is_green_where_it_is_noticed_and_red_where_it_is_not(tmp_path):
    written(tmp_path)
    (tmp_path / "test_it.py").write_text(DRILLS)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LLMOPS_"))}
    words = [*IN_A_NETWORK, "sh", "-c", STARTED, "sh", str(tmp_path), sys.executable]
    done = subprocess.run(
        words, cwd=tmp_path, env={**environ, "PATH": PATH}, capture_output=True, text=True, check=False
    )
    run = json.loads((tmp_path / "reports" / "run.json").read_text())
    outcomes = {check["test"].partition("[")[2]: (check["outcome"], check["reason"]) for check in run["checks"]}
    assert {name: outcome for name, (outcome, _) in outcomes.items()} == {
        "to-redis-drop]": "passed",
        "to-redis-reject]": "passed",
        "elsewhere-drop]": "failed",
    }, done.stdout
    assert outcomes["elsewhere-drop]"][1].startswith(
        "drill elsewhere-drop: the fault was not observed within 1 s: none of "
    )
    assert (tmp_path / "rules").read_text() == "-P OUTPUT ACCEPT\n"
