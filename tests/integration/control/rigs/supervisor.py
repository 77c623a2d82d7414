"""A program of a real supervisord, which asks for a password."""

import os
import shlex
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..rig import SERVE, WITH_US, Rig, awaited, free_port

SETTINGS = """
[supervisord]
nodaemon = true
logfile = {folder}/supervisord.log
pidfile = {folder}/supervisord.pid
childlogdir = {folder}
[unix_http_server]
file = {sock}
username = ops
password = kettle-of-fish
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[program:model]
command = {model}
startsecs = 0
stopwaitsecs = 1
autostart = false
[program:deaf]
command = {deaf}
startsecs = 0
stopwaitsecs = 1
autostart = false
"""


@contextmanager
def placed(folder, port, shared):
    program = shutil.which("supervisord")
    if program is None:
        pytest.skip("supervisord is not installed")
    deaf_port = free_port()
    with tempfile.TemporaryDirectory(
        prefix="llmops-", dir="/tmp"
    ) as short:  # a socket's path has at most 107 characters
        sock = Path(short, "sock")
        model, deaf = (shlex.join([*SERVE, str(port)]), shlex.join([*SERVE, str(deaf_port), "--deaf"]))
        file = folder / "supervisord.conf"
        file.write_text(SETTINGS.format(folder=folder, sock=sock, model=model, deaf=deaf))
        with (folder / "out").open("w") as out:
            process = subprocess.Popen([*WITH_US, program, "-c", file], stdout=out, stderr=out, start_new_session=True)
        try:
            awaited(sock.exists)
            table = {"driver": "supervisor", "program": "model", "url": f"unix://{sock}", "auth": "RIG_LOGIN"}
            said = f"ollama: supervisord at unix://{sock} has no program 'modle'. Did you mean 'model'?"
            yield Rig(
                table,
                port,
                absent=({**table, "program": "modle"}, said),
                deaf=({**table, "program": "deaf"}, "stopped"),
                deaf_port=deaf_port,
                comes_back=True,
                environ={"RIG_LOGIN": "ops:kettle-of-fish"},
                secret="kettle-of-fish",
            )
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()
