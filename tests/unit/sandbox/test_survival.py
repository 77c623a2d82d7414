"""Nothing survives, whatever ends the run."""

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

WITHIN_S = 30.0


def _gone(processes, urls, directory):
    """Wait until nothing is left; what is, after half a minute."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        left = [process for process in processes if _lives(process)]
        if not left and not directory.exists():
            break
        time.sleep(0.02)
    return left, [url for url in urls if _held(url, processes)], directory.exists()


def _held(url, processes):
    """Whether one of the processes listens there; a port that is free again may be somebody else's by now."""
    ours, port = {process.pid for process in processes}, urlsplit(url).port
    listening = (each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN)
    return any(each.laddr.port == port and each.pid in ours for each in listening)


def _lives(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _answers(url):
    address = urlsplit(url)
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection((address.hostname, address.port), 1):
        return True
    return False


@pytest.mark.parametrize("ending", ["eof", "term", "int", "kill"])
def test_nothing_survives(start, ending, engine):
    sandbox = start(only=["ollama", "redis"] if ending in {"term", "int"} else None, engine=engine)
    processes, urls, directory = sandbox.processes(), set(sandbox.told["components"].values()), sandbox.directory
    assert len(processes) > len(urls)
    assert all(_answers(url) for url in urls)
    assert directory.is_dir()
    if ending == "eof":
        sandbox.process.stdin.close()
    else:
        number = {"term": signal.SIGTERM, "int": signal.SIGINT, "kill": signal.SIGKILL}[ending]
        sandbox.process.send_signal(number)
    assert _gone(processes, urls, directory) == ([], [], False)
    assert sandbox.process.wait(60) == (-signal.SIGKILL if ending == "kill" else 0)


def test_nothing_survives_the_starter(order, tmp_path):
    """The process that holds standard input is killed."""
    told, given = tmp_path / "told", tmp_path / "order"
    given.write_text(json.dumps(order(only=["ollama", "redis"])) + "\n")
    program = (
        "import subprocess, sys, time\n"
        "command = [sys.executable, '-m', 'pytest_llmops.sandbox']\n"
        "p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "p.stdin.write(open(sys.argv[1], 'rb').read()); p.stdin.flush()\n"
        "open(sys.argv[2] + '.part', 'wb').write(p.stdout.readline())\n"
        "import os; os.rename(sys.argv[2] + '.part', sys.argv[2])\n"
        "time.sleep(60)\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", program, str(given), str(told)])
    while not told.exists():
        assert starter.poll() is None
        time.sleep(0.05)
    here = json.loads(told.read_text())
    processes = psutil.Process(starter.pid).children(recursive=True)
    starter.kill()
    starter.wait()
    assert _gone(processes, here["components"].values(), Path(here["directory"])) == ([], [], False)


def test_redis_goes_with_its_keeper(order, running):
    """redis-server is no program of ours: the kernel ends it when the process that started it is killed."""
    sandbox = running(order(only=["redis"]))
    server = next((process for process in sandbox.processes() if process.name() == "redis-server"), None)
    if server:
        server.parent().kill()
        assert _gone([server], [sandbox.url.redis], Path("/nowhere")) == ([], [], False)
        select.select([sandbox.process.stderr], [], [], WITHIN_S)  # until that is said
    said = sandbox.end()
    if server is None:
        pytest.skip("redis-server is not installed")
    assert re.fullmatch(r"sandbox: the part redis \(process \d+\) has ended\.\n", said)


def test_who_has_gone_while_it_starts_hears_nothing_of_it(order, tmp_path):
    """Neither where all is, nor what is wrong: it ends, and says no word of the broken pipe."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for faults in ([], ["llm:slwo"]):
        with subprocess.Popen(
            [sys.executable, "-m", "pytest_llmops.sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(temporary)},
        ) as process:
            process.stdout.close()
            process.stdin.write(json.dumps(order(only=["ollama"]) | {"faults": faults}).encode() + b"\n")
            process.stdin.close()
            said = process.stderr.read()
            assert (process.wait(60), said) == (2 if faults else 0, b"")
    assert list(temporary.iterdir()) == []


def test_a_given_directory_stays(start, tmp_path):
    sandbox = start("ollama", directory=str(tmp_path / "here"))
    sandbox.http.get(f"{sandbox.url.ollama}/api/version")
    sandbox.process.send_signal(signal.SIGTERM)
    sandbox.process.wait(60)
    assert [line["path"] for line in sandbox.lines("access.jsonl")] == ["/api/version"]


def test_a_hanging_server_ends_too(start):
    sandbox = start("ollama", ["llm:hang"])
    processes = sandbox.processes()
    address = urlsplit(sandbox.url.ollama)
    with socket.create_connection((address.hostname, address.port)) as waiting:
        waiting.sendall(b"GET /api/gen")
        os.kill(sandbox.process.pid, signal.SIGKILL)
        assert _gone(processes, [sandbox.url.ollama], sandbox.directory) == ([], [], False)
