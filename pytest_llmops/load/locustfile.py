"""The locustfile of every load run: locust starts, numbers and ends the generating processes, and counts along.

It is started by ``run.py`` with three pipes (`PIPES`): the plan and orders come in by the first, reports leave by the
second, and the third ends when whoever started it does; then so does each process here. A worker of another machine has
no pipes: it gets the plan from its master, and reports to it.
"""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.hub import get_hub
from gevent.os import make_nonblocking, nb_read, nb_write
from locust import User, events, runners, task
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

from pytest_llmops.load.calling import Calling
from pytest_llmops.load.door import clients_of
from pytest_llmops.load.generating import Generator
from pytest_llmops.load.pipes import PIPES, Pipes
from pytest_llmops.load.plan import LoadPlan
from pytest_llmops.load.recording import Batch
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

PLAN, STOP, BATCH = "llmops_plan", "llmops_stop", "llmops_batch"
"""Messages between master and workers."""

LOOK_EVERY_S = 0.25

runners.MASTER_HEARTBEAT_TIMEOUT = 10
"""Seconds after which a worker of another machine ends that hears nothing of its master; locust's own is a minute."""


class Process:
    """This process's part of the run: alone, as master, or as worker.

    Args:
        environment: locust's.
    """

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.runner = environment.runner
        self.pipes = Pipes.read(os.environ.get(PIPES, ""))
        self.part: AsyncResult = AsyncResult()
        self.generator: Generator | None = None
        self.why = ""
        self.numbers: dict[str, int] = {}
        self.over: set[int] = set()
        if self.pipes is not None:
            gevent.spawn(self._live_no_longer, self.pipes.life)
        if isinstance(self.runner, WorkerRunner):
            if self.pipes is not None:  # so that they end with the master, which alone uses them
                os.close(self.pipes.orders)
                os.close(self.pipes.reports)
            self.runner.register_message(PLAN, lambda msg, **_: self.part.set(msg.data))
            self.runner.register_message(STOP, lambda msg, **_: self.stop(msg.data))
        elif self.pipes is not None:
            make_nonblocking(self.pipes.reports)
            make_nonblocking(self.pipes.orders)
            self._orders = self._lines(self.pipes.orders)
            self.plan = next(self._orders)
            if isinstance(self.runner, MasterRunner):
                self.runner.register_message(BATCH, lambda msg, **_: self._reported(msg.data))
            gevent.spawn(self._obey)

    def begin(self) -> None:
        """The test starts: hand out the parts, each worker's before it is told to begin."""
        if isinstance(self.runner, MasterRunner):
            ready = [client.id for client in self.runner.clients.ready]
            for number, client in enumerate(ready):
                self.numbers[client] = number
                part = {"plan": self.plan, "worker": number, "workers": len(ready)}
                self.runner.send_message(PLAN, part, client)
            if self.why:
                self.stop(self.why)
            gevent.spawn(self._until_all_are_over)
        elif not isinstance(self.runner, WorkerRunner):
            self.part.set({"plan": self.plan, "worker": 0, "workers": 1})

    def drive(self) -> None:
        """Make the calls of this process, and end it where it is alone."""
        part = self.part.get()
        try:
            self._drive(LoadPlan.model_validate(part["plan"]), part["worker"], part["workers"])
        except Exception as error:  # noqa: BLE001 (locust would only log it, and begin again)
            why = f"a generating process could not go on: {error}"
            self._report(Batch(part["worker"], os.getpid(), platform.node(), at=time.time(), ended=why, last=True))
        if not isinstance(self.runner, WorkerRunner):
            gevent.spawn(self.runner.quit)

    def _drive(self, plan: LoadPlan, worker: int, workers: int) -> None:
        target = Target(plan.target, TargetTable.model_validate(plan.table), Path(plan.root), environ=os.environ)
        names = [request.name for request in plan.requests]
        fire = self.environment.events.request.fire
        self.generator = Generator(
            plan,
            Calling(plan, clients_of(plan, target)),
            self._report,
            worker=worker,
            workers=workers,
            told=lambda request, took_s, kind: fire(
                request_type="load",
                name=names[request],
                response_time=took_s * 1000,
                response_length=0,
                exception=kind or None,
                context={},
            ),
            clean=target.redactor().clean,
        )
        if self.why:  # told so before it could begin
            self.generator.stop(self.why)
        self.generator.run()

    def stop(self, why: str) -> None:
        """Send no more calls, here and in all workers."""
        self.why = self.why or why
        if isinstance(self.runner, MasterRunner):
            self.runner.send_message(STOP, why)
        elif self.generator is not None:
            self.generator.stop(why)

    def _report(self, batch: Batch) -> None:
        if isinstance(self.runner, WorkerRunner):
            self.runner.send_message(BATCH, batch.as_json())
        else:
            self._reported(batch.as_json())

    def _reported(self, plain: dict[str, Any]) -> None:
        """Hand a report on; one worker that gives up ends all."""
        assert self.pipes is not None
        text = memoryview(json.dumps(plain).encode() + b"\n")
        while text:
            text = text[nb_write(self.pipes.reports, text) :]
        if plain["last"]:
            self.over.add(plain["worker"])
        if plain["ended"] and isinstance(self.runner, MasterRunner):
            self.stop(plain["ended"])

    def _until_all_are_over(self) -> None:
        """End the run when every worker has made its last report, or is gone."""
        while True:
            there = {client.id for client in self.runner.clients.all if client.state != "missing"}
            if all(number in self.over or client not in there for client, number in self.numbers.items()):
                self.runner.quit()
                return
            gevent.sleep(LOOK_EVERY_S)

    def _obey(self) -> None:
        for order in self._orders:
            self.stop(str(order["stop"]))

    def _lines(self, pipe: int) -> Any:
        rest = b""
        while piece := nb_read(pipe, 65536):
            *whole, rest = (rest + piece).split(b"\n")
            yield from map(json.loads, whole)

    def _live_no_longer(self, life: int) -> None:
        """End at once when whoever started us has ended, however it did."""
        hub = get_hub()
        hub.wait(hub.loop.io(life, 1))
        os._exit(1)


@events.init.add_listener  # type: ignore[untyped-decorator]
def _on_init(environment: Any, **_: Any) -> None:
    Load.process = Process(environment)


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _on_test_start(**_: Any) -> None:
    if Load.process is not None:
        Load.process.begin()


class Load(User):  # type: ignore[misc]
    """The one user of a process: it makes all its calls."""

    process: Process | None = None

    @task  # type: ignore[untyped-decorator]
    def drive(self) -> None:
        """Once."""
        assert self.process is not None
        self.process.drive()
        raise StopUser
