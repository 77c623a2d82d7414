"""A unit of a real systemd, which is the first process of namespaces of its own."""

import os
import shlex
import shutil
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from ..rig import SERVE, WITH_US, Rig, awaited, free_port

UNIT = """
[Unit]
DefaultDependencies=no
StartLimitIntervalSec={interval}
StartLimitBurst=1
[Service]
ExecStart={command}
TimeoutStopSec=1
Restart=on-failure
RestartSec=0
StandardOutput=journal
"""
TARGET = """
[Unit]
Requires=systemd-journald.socket
After=systemd-journald.socket
"""
NAMESPACES = ["--mount", "--pid", "--uts", "--ipc", "--cgroup"]


@contextmanager
def placed(folder, port, shared):
    if not Path("/lib/systemd/systemd").exists() or shutil.which("unshare") is None or os.geteuid():
        pytest.skip("systemd is not installed, or this is not root")
    deaf_port = free_port()
    (folder / "units").mkdir()
    (folder / "units" / "rig.target").write_text(TARGET)
    model, deaf = (shlex.join([*SERVE, str(port)]), shlex.join([*SERVE, str(deaf_port), "--deaf"]))
    (folder / "units" / "model.service").write_text(UNIT.format(command=model, interval=0))
    (folder / "units" / "deaf.service").write_text(UNIT.format(command=deaf, interval="1h"))
    script = ["unshare", "--mount", "sh", str(Path(__file__).parents[1] / "systemd_in_namespaces.sh")]
    cgroup = f"rig-{os.getpid()}"
    with (folder / "out").open("w") as out:
        process = subprocess.Popen(
            [*WITH_US, *script, "start", cgroup, folder / "units"],
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        first = awaited(lambda: _first(process, folder / "out"))
        via = ["nsenter", "-t", str(first), *NAMESPACES]
        is_up = [*via, "systemctl", "is-active", "rig.target"]
        awaited(lambda: subprocess.run(is_up, capture_output=True, check=False).returncode == 0)
        table = {"driver": "systemd", "unit": "model.service", "via": via}
        said = "ollama: systemd has no unit 'modle.service'. Did you mean 'model.service' or 'deaf.service'?"
        yield Rig(
            table,
            port,
            absent=({**table, "unit": "modle.service"}, said),
            deaf=({**table, "unit": "deaf.service"}, "stopped"),
            deaf_port=deaf_port,
            comes_back=True,
        )
    finally:
        process.kill()  # unshare's own death is that of all within, and the mounts go with their namespace
        process.wait()
        subprocess.run([*script, "end", cgroup], check=True, timeout=20, capture_output=True)


def _first(process, out):
    assert process.poll() is None, out.read_text()
    with suppress(psutil.NoSuchProcess):
        return next((one.pid for one in psutil.Process(process.pid).children() if one.name() == "systemd"), None)
