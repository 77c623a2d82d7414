"""The driver of processes by their pid: whom it starts, and whom it leaves alone."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest

from pytest_llmops.errors import ControlError, Unsupported

STARTS = """
import sys
from pathlib import Path
from pytest_llmops.control.drivers import hands_on
from pytest_llmops.target.load import load
hands_on(load(Path(sys.argv[1]), None, Path()), "ollama").act("start")
"""


@pytest.fixture
def sleeper():
    """A process of somebody's."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.fixture
def hands(hands_with, tmp_path):
    """Hands on a process that is started when it is asked for, and ended with the test."""
    yield hands_with(driver="process", pid_file="pid", start=["sleep", "60"], log="log", deadline=20)
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        left = psutil.Process(int((tmp_path / "pid").read_text()))
        if left.cmdline() == ["sleep", "60"]:
            left.kill()


def test_what_is_started_is_nobodys_child(hands, tmp_path):
    hands.act("start")
    process = psutil.Process(int((tmp_path / "pid").read_text()))
    assert process.cmdline() == ["sleep", "60"]
    assert os.getpid() not in {parent.pid for parent in process.parents()}
    assert os.getsid(process.pid) == process.pid
    assert process.cwd() == str(tmp_path)
    hands.act("kill")
    assert process.pid not in {child.pid for child in psutil.Process().children()}


def test_what_is_started_outlives_whoever_started_it(hands, tmp_path):
    subprocess.run([sys.executable, "-c", STARTS, tmp_path / "llmops.toml"], check=True, timeout=60)
    assert hands.status().state == "running"


def test_a_stranger_with_an_old_number_is_left_alone(hands, sleeper, tmp_path):
    file = tmp_path / "pid"
    file.write_text(f"{sleeper.pid}\n")
    os.utime(file, (time.time() - 60, time.time() - 60))
    found = hands.status()
    said = f"{file} names process {sleeper.pid}, but the one of that number now began after the file was written"
    assert (found.state, found.instance, found.detail) == ("stopped", "", said)
    for act in ("stop", "kill"):
        hands.driver.act(act, 5, {})
    with pytest.raises(ControlError) as raised:
        hands.driver.act("pause", 5, {})
    assert (raised.value.kind, str(raised.value)) == ("absent", f"process of pid is not there to pause: {said}.")
    assert psutil.Process(sleeper.pid).status() in {psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING}


@pytest.mark.parametrize("text", ["", "1", "0", "-5", "twelve", "99999999999999"])
def test_a_file_that_names_no_process_is_refused(hands_with, tmp_path, text):
    (tmp_path / "pid").write_text(text)
    with pytest.raises(ControlError) as raised:
        hands_with(driver="process", pid_file="pid").status()
    said = f"ollama: {tmp_path}/pid holds {text!r}, which is no process id; mend or remove it."
    assert (raised.value.kind, str(raised.value)) == ("refused", said)


def test_one_that_has_ended_is_stopped(hands, sleeper, tmp_path):
    (tmp_path / "pid").write_text(str(sleeper.pid))
    assert hands.status().state == "running"
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # and nobody has taken leave of it
    assert (hands.status().state, hands.status().instance) == ("stopped", "")
    sleeper.wait()
    assert hands.status().detail == f"{tmp_path}/pid names process {sleeper.pid}, which is gone"


def test_without_a_start_it_is_never_ended(hands_with, sleeper, tmp_path):
    (tmp_path / "pid").write_text(str(sleeper.pid))
    hands = hands_with(driver="process", pid_file="pid")
    assert hands.can == {"pause", "resume"}
    for act in ("start", "stop", "restart", "kill"):
        with pytest.raises(Unsupported):
            hands.act(act)
    assert sleeper.poll() is None


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (
            ["nosuch", "x"],
            "nosuch x in {} cannot be run: nosuch: No such file or directory.",
        ),
        (["./pid"], "./pid in {} cannot be run: ./pid: Permission denied."),
    ],
)
def test_what_cannot_be_started_says_why(hands_with, tmp_path, start, said):
    with pytest.raises(ControlError) as raised:
        hands_with(driver="process", pid_file="pid", start=start).act("start")
    assert (raised.value.kind, str(raised.value)) == ("refused", f"ollama: {said.format(tmp_path)}")


def test_a_restart_of_one_that_does_not_end_starts_no_other(hands_with, tmp_path):
    deaf = ["sh", "-c", "trap '' TERM; echo deaf >>log; while :; do sleep 0.1; done"]
    hands = hands_with(driver="process", pid_file="pid", start=deaf, deadline=20)
    hands.act("start")
    ends_at = time.monotonic() + 20
    while not (tmp_path / "log").exists():
        assert time.monotonic() < ends_at
        time.sleep(0.01)
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ControlError) as raised:
        hands.driver.act("restart", 0.3, {})
    said = (
        f"process of pid did not end within 0.3 s of SIGTERM (process {pid}), "
        "so no other was started; kill it, then start it."
    )
    assert (raised.value.kind, str(raised.value)) == ("timeout", said)
    hands.act("kill")
    assert (tmp_path / "log").read_text() == "deaf\n"


def test_of_those_that_share_a_socket_the_parent_is_meant(hands_with):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        hands = hands_with(driver="process", port=port)
        with subprocess.Popen(["sleep", "60"], pass_fds=[server.fileno()]) as worker:
            assert hands.status().detail == f"process {os.getpid()}"
            worker.kill()
    assert hands.status().detail == f"nothing listens on port {port}"


def test_of_strangers_on_one_port_none_is_guessed(hands_with):
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as server:
        port = server.getsockname()[1]
        with socket.create_server(("127.0.0.1", port), reuse_port=True) as second:
            one = subprocess.Popen(["sleep", "60"], pass_fds=[server.fileno()])
            other = subprocess.Popen(["sleep", "60"], pass_fds=[second.fileno()])
    try:
        with pytest.raises(ControlError) as raised:
            hands_with(driver="process", port=port).status()
    finally:
        for process in (one, other):
            process.kill()
            process.wait()
    pids = " and ".join(str(pid) for pid in sorted([one.pid, other.pid]))
    said = f"ollama: on port {port} processes {pids} listen; say which by a pid_file in place of the port."
    assert (raised.value.kind, str(raised.value)) == ("refused", said)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look on as somebody else")
def test_one_of_another_user_is_said_to_be_unseen(hands_with):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        process = subprocess.Popen(["sleep", "60"], pass_fds=[server.fileno()])
    hands = hands_with(driver="process", port=port)
    try:
        os.seteuid(65534)
        with pytest.raises(ControlError) as raised:
            hands.status()
    finally:
        os.seteuid(0)
        process.kill()
        process.wait()
    said = (
        f"ollama: the process that listens on port {port} is another user's, and cannot be seen; run as that user, or "
        "give its pid_file in place of the port."
    )
    assert (raised.value.kind, str(raised.value)) == ("refused", said)


def test_its_log_is_read_from_the_end(hands, tmp_path):
    with pytest.raises(ControlError) as raised:
        hands.logs(2)
    said = f"ollama: the log {tmp_path}/log cannot be read: No such file or directory."
    assert (raised.value.kind, str(raised.value)) == ("absent", said)
    (tmp_path / "log").write_text("".join(f"line {number} {'é' * 50}\n" for number in range(5000)))
    assert [line.split()[1] for line in hands.logs(3)] == ["4997", "4998", "4999"]
    assert len(hands.logs(10_000)) == 5000
