"""A script of a team's own around the same process."""

import os
import shlex
import signal
from contextlib import contextmanager, suppress

from ..rig import BESIDE, SERVE, Rig

SCRIPT = """#!/bin/sh
# What a team may have lying about.
pid=$(cat pid 2>/dev/null)
alive() { kill -0 "$pid" 2>/dev/null && [ "$(stat_of)" != Z ]; }
stat_of() { cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null; }
gone() { while alive; do sleep 0.05; done; }
case $1 in
    status) alive || exit 3; [ "$(stat_of)" != T ] || exit 4; echo "process $pid" ;;
    start) %s >>log 2>&1 & echo $! >pid ;;
    stop) kill "$pid"; gone ;;
    restart) "$0" stop; "$0" start ;;
    kill) kill -9 "$pid"; gone ;;
    pause) kill -STOP "$pid" ;;
    resume) kill -CONT "$pid" ;;
    logs) cat log ;;
    instance) echo "$pid" ;;
esac
"""
ACTIONS = ("status", "start", "stop", "restart", "kill", "pause", "resume", "logs", "instance")


@contextmanager
def placed(folder, port, shared):
    script = folder / "the server"
    script.write_text(SCRIPT % shlex.join((*SERVE, str(port), *BESIDE)))
    script.chmod(0o755)
    table = {"driver": "command", "cwd": str(folder)} | {action: [str(script), action] for action in ACTIONS}
    yield Rig(table, port)
    with suppress(ProcessLookupError, FileNotFoundError):
        os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
