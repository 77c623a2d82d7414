"""Carries out a load plan: locust in processes of its own, watched, told to stop, and ended with us."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError
from pytest_llmops.load.pipes import PIPES, Pipes
from pytest_llmops.load.progress import Progress
from pytest_llmops.load.result import DONE, INTERRUPTED, LoadResult, result_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llmops.load.plan import LoadPlan

LOCUSTFILE = str(Path(__file__).with_name("locustfile.py"))
LOCUST = [sys.executable, "-P", "-m", "locust", "-f", LOCUSTFILE, "--skip-log-setup"]

STARTS_WITHIN_S = 60.0
"""From the start of the process to its first report: to import it all takes seconds on a busy machine."""

STOPS_WITHIN_S = 10.0
"""For a generator that is to end at once."""

LOOK_EVERY_S = 0.2


@dataclass
class Watch:
    """Who looks on while a plan is carried out.

    Attributes:
        says: told a line of progress now and then.
        why_stop: asked again and again whether it has to stop; why, in words, else empty.
    """

    says: Callable[[str], None] = lambda _line: None
    why_stop: Callable[[], str] = str


def run(plan: LoadPlan, environ: Mapping[str, str], watch: Watch | None = None, file: Path | None = None) -> LoadResult:
    """Carry out a plan, to its end or to the first reason to stop; what came back until then is kept in any case.

    Args:
        plan: what is sent, to whom and when.
        environ: of the generating processes: holds what the plan's table names.
        watch: who looks on.
        file: where the reports are kept too, as they come; its folder is made.

    Returns:
        What it came to; ``ended`` says how it ended. Of Ctrl-C, too: the caller decides what comes of that.

    Raises:
        LlmopsError: no generating process came up.
    """
    watch = watch or Watch()
    with _kept(plan, file) as keep, _generating(plan, environ) as generating:
        carrying = _Carrying(plan, generating, watch, keep)
        ended = carrying.out()
        keep(json.dumps({"ended": ended}))
        if not carrying.lines and ended != INTERRUPTED:
            said = generating.last_words()
            raise LlmopsError(f"load {plan.name}: {ended.removeprefix('broken off: ')} before its first report: {said}")
    return result_of(plan, carrying.lines, carrying.started, ended, file)


class _Carrying:
    """One run, from its process's start to its end."""

    def __init__(self, plan: LoadPlan, generating: _Generating, watch: Watch, keep: Callable[[str], None]) -> None:
        self.plan = plan
        self.generating = generating
        self.watch = watch
        self.keep = keep
        self.lines: list[str] = []
        self.started = time.time()
        self._progress = Progress(plan)
        self._stopping = ""

    def out(self) -> str:
        """How it ended."""
        try:
            return self._watched()
        except KeyboardInterrupt:
            return self._interrupted()

    def _watched(self) -> str:
        until = time.monotonic() + STARTS_WITHIN_S + STOPS_WITHIN_S
        for line in self.generating.lines():
            if line is not None:
                until = until if self.lines else time.monotonic() + self.plan.at_most_s + STOPS_WITHIN_S
                self._take(line)
            if not self._stopping and (why := self.watch.why_stop()):
                self._stop(why)
                until = min(until, time.monotonic() + self.plan.patience_s + STOPS_WITHIN_S)
            if time.monotonic() > until:
                return f"broken off: the generator {'did not end' if self.lines else 'did not begin'}"
        status = self.generating.process.wait()
        if (status and not self._finished) or not self.lines:
            return f"broken off: the generator ended with status {status}"
        return self._ended or DONE

    def _interrupted(self) -> str:
        """Ask for what there is, and do not wait for answers any more; a second Ctrl-C does not even do that."""
        self._stop(INTERRUPTED)
        until = time.monotonic() + STOPS_WITHIN_S / 10
        with suppress(KeyboardInterrupt):
            for line in self.generating.lines():
                if line is not None:
                    self._take(line)
                if time.monotonic() > until:
                    break
        return INTERRUPTED

    def _take(self, line: str) -> None:
        self.lines.append(line)
        self.keep(line)
        if said := self._progress.after(line):
            self.watch.says(said)

    def _stop(self, why: str) -> None:
        self._stopping = why
        self.generating.order({"stop": why})

    @property
    def _finished(self) -> bool:
        return self._progress.over >= self.plan.generators

    @property
    def _ended(self) -> str:
        return f"stopped: {self._progress.ended}" if self._progress.ended else ""


@dataclass
class _Generating:
    """The processes that generate.

    Attributes:
        process: locust's.
        pipes: our ends.
        words: what it printed.
    """

    process: subprocess.Popen[bytes]
    pipes: Pipes
    words: IO[bytes]
    _rest: bytes = field(default=b"", repr=False)

    def order(self, plain: Any) -> None:
        """Hand over a plan, or an order; one that is gone gets none."""
        text = memoryview(json.dumps(plain).encode() + b"\n")
        with suppress(BrokenPipeError):
            while text:
                text = text[os.write(self.pipes.orders, text) :]

    def lines(self) -> Iterator[str | None]:
        """Each report as it comes, and None where none came for a while; ends when there will be none."""
        while True:
            ready, _, _ = select.select([self.pipes.reports], [], [], LOOK_EVERY_S)
            piece = os.read(self.pipes.reports, 1 << 20) if ready else None
            if piece == b"":
                return
            *whole, self._rest = (self._rest + (piece or b"")).split(b"\n")
            yield from (line.decode() for line in whole)
            if not whole:
                yield None

    def last_words(self) -> str:
        """The end of what it printed."""
        self.words.seek(0)
        lines = self.words.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it printed nothing, and ended with status {self.process.poll()}"

    def end(self) -> None:
        """End all of them, whatever they are doing."""
        for pipe in (self.pipes.life, self.pipes.orders):
            with suppress(OSError):
                os.close(pipe)
        try:
            self.process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.pipes.reports)


@contextmanager
def _generating(plan: LoadPlan, environ: Mapping[str, str]) -> Iterator[_Generating]:
    """Start locust; however this is left, no process of it stays."""
    orders, reports, life = os.pipe(), os.pipe(), os.pipe()
    theirs = Pipes(orders[0], reports[1], life[0])
    kept = {name: value for name, value in environ.items() if not name.startswith("LOCUST_")}
    with tempfile.TemporaryFile() as words, tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(  # noqa: S603 (ours)
            _command(plan),
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            cwd=folder,  # no locust.conf of the folder where we are
            env={**kept, PIPES: str(theirs)},
            pass_fds=theirs,
            start_new_session=True,  # Ctrl-C is for us
        )
        for pipe in theirs:
            os.close(pipe)
        generating = _Generating(process, Pipes(orders[1], reports[0], life[1]), words)
        try:
            generating.order(plan.model_dump(mode="json"))
            yield generating
        finally:
            generating.end()


def worker_command(host: str, port: int, processes: int = 1) -> list[str]:
    """How a worker of another machine is started.

    Args:
        host: of the master.
        port: of it.
        processes: how many workers.
    """
    command = [*LOCUST, "--worker", "--master-host", host, "--master-port", str(port)]
    return command if processes == 1 else [*command, "--processes", str(processes)]


def _command(plan: LoadPlan) -> list[str]:
    """How locust is started: one process by itself, a master and so many that it forks, or a master that waits."""
    command = [
        *LOCUST,
        "--headless",
        "--users",
        str(plan.generators),
        "--spawn-rate",
        str(plan.generators),
        "--exit-code-on-error",
        "0",
    ]
    command += ["--stop-timeout", "0", "--only-summary"]
    if plan.workers:
        host, _, port = plan.bind.rpartition(":")
        command += ["--master", "--master-bind-host", host, "--master-bind-port", port]
        return [*command, "--expect-workers", str(plan.workers), "--expect-workers-max-wait", f"{STARTS_WITHIN_S:.0f}"]
    if plan.processes == 1:
        return command
    port = str(_free_port())
    command += ["--processes", str(plan.processes), "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    return [*command, "--master-host", "127.0.0.1", "--master-port", port]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def _kept(plan: LoadPlan, file: Path | None) -> Iterator[Callable[[str], None]]:
    """Write each line to a file as it comes, so that nothing is lost with this process either."""
    if file is None:
        yield lambda _line: None
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as kept:

        def keep(line: str) -> None:
            kept.write(line + "\n")
            kept.flush()

        keep(json.dumps({"plan": plan.model_dump(mode="json"), "started": time.time()}))
        yield keep
