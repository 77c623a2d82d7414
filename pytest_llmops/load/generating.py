"""The generating process: one greenlet owns the schedule, each call is a greenlet of its own, one reports.

A call's time runs from the moment at which it was due, not from the one at which it could be sent: so a server that
stalls is seen by all calls that it kept from being sent, and not by one alone (coordinated omission).
"""

from __future__ import annotations

import math
import os
import platform
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import gevent
import numpy as np
from gevent.event import Event

from pytest_llmops.load.calling import Outcome
from pytest_llmops.load.histogram import Histogram
from pytest_llmops.load.recording import PARTS, RAW_UP_TO, RECORD, Batch, times_of
from pytest_llmops.load.schedule import chosen, parted, share
from pytest_llmops.load.stopping import StopRule
from pytest_llmops.load.wire import CAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_llmops.load.plan import LoadPlan

REPORT_EVERY_S = 0.5
GRACE_S = 5.0
"""A generator that is later than this with its last calls gives the rest up: it measures only itself."""

ENDLESS = 1 << 31

SHED = "shed"
"""The kind of a call that was due while too many waited for their answers: it was not sent."""


class Generator:
    """The calls of one worker.

    Args:
        plan: of the whole run.
        call: makes a call, by its number in the plan.
        report: takes each batch.
        worker: which part of the plan is its own, from 0.
        workers: of how many.
        told: is told of each call: its request, its time from when it was due in seconds, the kind of its failure.
        clean: takes out of a sentence what is secret in this process, the token of whoever logged in here among it.
    """

    def __init__(
        self,
        plan: LoadPlan,
        call: Callable[[int], Outcome],
        report: Callable[[Batch], None],
        *,
        worker: int = 0,
        workers: int = 1,
        told: Callable[[int, float, str], None] = lambda _request, _seconds, _kind: None,
        clean: Callable[[str], str] = str,
    ) -> None:
        self.plan = plan
        self._call = call
        self._report = report
        self._worker, self._workers = worker, workers
        self._told, self._clean = told, clean
        self._stopped = Event()
        self._why = ""
        self._calls: list[tuple[float | int, ...]] = []
        self._kinds: dict[str, int] = {}
        self._said: dict[str, str] = {}
        self._waiting: set[gevent.Greenlet] = set()
        self._rule = StopRule(plan.stops)
        self._due = self._begun = self._tokens = 0
        self._left_raw = RAW_UP_TO // workers if plan.offered <= RAW_UP_TO else 0
        self._began = self._start = self._cpu = 0.0
        self._over = False

    def run(self) -> str:
        """Make all calls, and wait for their answers; why it ended before, in words, else empty."""
        self._began, self._start, self._cpu = time.time(), time.perf_counter(), time.process_time()
        reporter = gevent.spawn(self._reporting)
        self._open() if self.plan.open else self._closed()
        self._flush()  # what the process took while it sent, before it only waits
        gevent.joinall(list(self._waiting))  # each has its own deadline
        self._over = True
        reporter.kill()
        self._flush(last=True)
        return self._why

    def stop(self, why: str) -> None:
        """Send no more; what waits for an answer is waited for.

        Args:
            why: in words; the first reason stays.
        """
        self._why = self._why or why
        self._stopped.set()

    def _open(self) -> None:
        """Send each call when it is due, whatever has become of those before."""
        ends = self._start + self.plan.lasts_s + GRACE_S
        for number, offset in share(self.plan, self._worker, self._workers):
            due = self._start + offset
            self._wait(due)
            now = time.perf_counter()
            if self._stopped.is_set():
                return
            self._due += 1
            if now > ends:
                continue  # due, and never sent: so much the generator lacks
            self._begun += 1
            if len(self._waiting) >= self.plan.in_flight:
                said = f"not sent: {len(self._waiting)} calls were waiting for their answers."
                self._keep(number, due, now, now, Outcome(*chosen(self.plan, number), SHED, said))
                continue
            greenlet = gevent.spawn(self._one, number, due)
            self._waiting.add(greenlet)
            greenlet.rawlink(self._waiting.discard)
        self._wait(self._start + self.plan.lasts_s)

    def _wait(self, until: float) -> None:
        """Until then, or until it is to stop; other greenlets get their turn in any case."""
        self._stopped.wait(max(0.0, until - time.perf_counter()))

    def _closed(self) -> None:
        """So many at a time, each followed by the next."""
        first, step = self._worker, self._workers
        calls = parted(self.plan.calls, first, step) if self.plan.calls else ENDLESS
        numbers = iter(range(first, first + calls * step, step))  # of all users together
        ends = self._start + (self.plan.seconds or math.inf)

        def user() -> None:
            for number in numbers:
                if self._stopped.is_set() or time.perf_counter() >= ends:
                    return
                self._due += 1
                self._begun += 1
                self._one(number, None)

        users = [gevent.spawn(user) for _ in range(parted(self.plan.concurrency or 1, self._worker, self._workers))]
        self._waiting.update(users)
        gevent.joinall(users)
        self._waiting.clear()

    def _one(self, number: int, due: float | None) -> None:
        began = time.perf_counter()
        outcome = self._call(number)
        self._keep(number, began if due is None else due, began, max(CAME.get(), began), outcome)

    def _keep(self, number: int, due: float, began: float, came: float, outcome: Outcome) -> None:
        kind = 0
        if outcome.kind:
            kind = self._kinds.setdefault(outcome.kind, len(self._kinds) + 1)
            self._said[outcome.kind] = outcome.said
        started = self._began + began - self._start
        times = (started, began - due, came - began, *outcome.times)
        self._calls.append((number, outcome.request, outcome.prompt, kind, self._worker, outcome.tokens, *times))
        self._tokens += max(0, outcome.tokens)
        self._told(outcome.request, came - due, outcome.kind)
        self._look(came, came - due, failed=bool(outcome.kind))

    def _look(self, now: float, seconds: float, *, failed: bool) -> None:
        """Give up where the target has had enough, or as many calls or tokens came of it as may be."""
        plan = self.plan
        if plan.tokens is not None and self._tokens * self._workers > plan.tokens:
            self.stop(f"{plan.tokens} tokens were generated, which is all that it may cost")
        if plan.most_calls is not None and self._begun >= parted(plan.most_calls, self._worker, self._workers):
            self.stop(f"{plan.most_calls} calls were made, which is all that it may cost")
        if why := self._rule.after(now, seconds, failed=failed):
            self.stop(why)

    def _reporting(self) -> None:
        while True:
            gevent.sleep(REPORT_EVERY_S)
            self._flush()

    def _flush(self, *, last: bool = False) -> None:
        """Report what there is since the last report."""
        calls = np.array(self._calls, RECORD)
        self._calls = []
        batch = Batch(
            worker=self._worker,
            pid=os.getpid(),
            host=platform.node(),
            at=time.time(),
            began=self._began,
            cpu_s=time.process_time() - self._cpu,
            wall_s=time.perf_counter() - self._start,
            due=self._due,
            begun=self._begun,
            in_flight=len(self._waiting),
            kinds=[(kind, self._clean(self._said[kind])) for kind in self._kinds],
            tokens=int(np.maximum(calls["tokens"], 0).sum()),
            ended=self._why,
            last=last,
        )
        self._left_raw -= len(calls)
        if self._left_raw >= 0:
            batch.calls = calls
        else:
            self._count(batch, calls)
        self._report(batch)

    def _count(self, batch: Batch, calls: NDArray[Any]) -> None:
        """Of very many calls only how many took how long."""
        names = list(self._kinds)
        batch.failed = dict(Counter(names[kind - 1] for kind in calls["kind"] if kind))
        for part in PARTS:
            histogram = Histogram()
            histogram.add(times_of(calls if part == "delay" else calls[calls["kind"] == 0], part))
            batch.histograms[part] = histogram
