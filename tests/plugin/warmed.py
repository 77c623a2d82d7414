"""A process that has imported what most inner runs need, and becomes one of them by a fork: see ``forks.py``.

The workers of ``-n`` are forked, too: from a process that was set aside before the run did anything.
"""

import gc
import json
import os
import signal
import socket
import sys
from functools import cached_property
from importlib import import_module, metadata
from pathlib import Path

import execnet.gateway_io
import pytest
import pytest.__main__

IMPORTS_FIRST = (
    "httpx",
    "jinja2",
    "numpy",
    "pdb",
    "prometheus_client.parser",
    "rich.table",
    "scipy.special",
    "sqlalchemy.dialects.sqlite",
    "xml.etree.ElementTree",
    "pytest_llmops.cli",
    "pytest_llmops.clients.http",
    "pytest_llmops.clients.llm",
    "pytest_llmops.clients.openai",
    "pytest_llmops.clients.preflight",
    "pytest_llmops.control.change",
    "pytest_llmops.control.command",
    "pytest_llmops.control.embedded",
    "pytest_llmops.measure.candidate",
    "pytest_llmops.measure.measuring",
    "pytest_llmops.measure.planning",
    "pytest_llmops.operate.vector_backup",
    "pytest_llmops.plugin.cleaning",
    "pytest_llmops.plugin.controller",
    "pytest_llmops.plugin.diagnostics",
    "pytest_llmops.plugin.incidents",
    "pytest_llmops.plugin.missing",
    "pytest_llmops.plugin.named_suites",
    "pytest_llmops.plugin.outcomes",
    "pytest_llmops.plugin.plan",
    "pytest_llmops.plugin.selection",
    "pytest_llmops.plugin.settling",
    "pytest_llmops.plugin.triaging",
    "pytest_llmops.report.changed_lines",
    "pytest_llmops.report.incident_lines",
    "pytest_llmops.report.board.remembered",
    "pytest_llmops.report.board.writing",
    "pytest_llmops.report.plan",
    "pytest_llmops.report.run_json",
    "pytest_llmops.report.summary",
    "pytest_llmops.report.terminal",
    "pytest_llmops.state.history.last_good",
    "pytest_llmops.state.history.unwritten",
    "pytest_llmops.target.load",
)


class Workers:
    """A process set aside before a run that becomes the workers of its ``-n``, each by a fork in place of a start."""

    def __init__(self):
        self._here, there = socket.socketpair()
        if not os.fork():
            self._here.close()
            _become_workers(there)
        there.close()

    def start(self, stdin, stdout):
        """A worker with these ends of its pipes, and this process's folder, environment and standard error as they are.

        Returns its process id.
        """
        asked = {"environ": dict(os.environ), "cwd": str(Path.cwd())}
        socket.send_fds(self._here, [f"{json.dumps(asked)}\n".encode()], [stdin, stdout, 2])
        return int(self._here.recv(16))


def _become_workers(there):
    for_others = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM)  # nobody waits for them, nor stops them one by one
    signals = {number: signal.signal(number, signal.SIG_IGN) for number in for_others}
    while asked := _asked(there):
        child = os.fork()
        if not child:
            there.close()
            for number, handler in signals.items():
                signal.signal(number, handler)
            _become_worker(*asked)
        for number in asked[1]:
            os.close(number)
        there.send(str(child).encode())
    os._exit(0)


def _asked(there):
    said, ends, _, _ = socket.recv_fds(there, 1 << 16, 3)
    while said and not said.endswith(b"\n"):
        said += there.recv(1 << 16)
    return (json.loads(said), ends) if said else None


def _become_worker(asked, ends):
    """What ``python -u -c`` does that execnet starts."""
    for number, end in enumerate(ends):
        os.dup2(end, number)
        os.close(end)
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["cwd"])
    sys.path[0], sys.argv = "", ["-c"]
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", 1, closefd=False)
    exec(eval(sys.stdin.readline()), {"__name__": "__main__"})
    sys.exit()


def _workers_are_forked():
    workers = Workers()

    class Forked(execnet.gateway_io.Popen2IOMaster):
        def __init__(self, args, execmodel):
            (stdin, to_it), (from_it, stdout) = os.pipe(), os.pipe()
            self._process = workers.start(stdin, stdout)
            os.close(stdin)
            os.close(stdout)
            execnet.gateway_io.Popen2IO.__init__(self, os.fdopen(to_it, "wb", 0), os.fdopen(from_it, "rb"), execmodel)

        def wait(self):
            """Nobody asks how it ended: that its pipe did is how execnet knows."""

        def kill(self):
            os.kill(self._process, signal.SIGKILL)

    execnet.gateway_io.Popen2IOMaster = Forked


def _become(asked):
    os.setsid()
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["cwd"])
    sys.path[0], sys.argv = asked["cwd"], [pytest.__main__.__file__, *asked["words"]]
    nothing, file = os.open(os.devnull, os.O_RDONLY), os.open(asked["out"], os.O_WRONLY | os.O_APPEND)
    for number, end in enumerate((nothing, file, file)):
        os.dup2(end, number)
    if any(word.startswith("-n") for word in asked["words"]):
        _workers_are_forked()
    sys.exit(pytest.main(asked["words"]))


def _distributions_are_read_once():
    """Each run of pytest asks every installed distribution for its entry points, and each plugin's for its files."""
    for name in ("entry_points", "files", "metadata"):
        once = cached_property(getattr(metadata.PathDistribution, name).fget)
        once.__set_name__(metadata.PathDistribution, name)
        setattr(metadata.PathDistribution, name, once)
    found = [*metadata.distributions()]
    for one in found:
        one.metadata, (one.files if one.entry_points else None)  # noqa: B018 (reads them)
    metadata.distributions = lambda **_asked: iter(found)


_distributions_are_read_once()
for name in IMPORTS_FIRST:
    import_module(name)
sys.modules["pytest_llmops.report.board.writing"].template()  # compiled once
for name in [name for name in sys.modules if name.partition(".")[0] == "anyio"]:
    del sys.modules[name]  # brought by httpx, and a plugin of pytest's: what is imported already cannot be rewritten
gc.collect()
gc.freeze()
for line in sys.stdin:
    child = os.fork()
    if not child:
        _become(json.loads(line))
    sys.stdout.write(f"{child}\n")
    sys.stdout.flush()
    sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
    sys.stdout.flush()
