"""Timed tests run alone, also under ``-n``: first everything else in parallel, then one worker by itself.

Whatever scheduler pytest-xdist built is decorated: it sees the shareable tests only, and when it has no more work for a
worker it cannot end the one that will run the exclusive tests (the leader).
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.plugin.ours import CHECK, described
from pytest_llmops.plugin.selection import Selected

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_llmops.plugin.run import Run


class SharedNode:
    """A worker as the inner scheduler sees it: shareable tests only, and no way to end it early."""

    def __init__(self, node: Any, owner: ExclusiveScheduling) -> None:
        self._node = node
        self._owner = owner
        self.closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)

    @property
    def shutting_down(self) -> bool:
        """Whether the inner scheduler may give it no more."""
        return self.closed or bool(self._node.shutting_down)

    def send_runtest_some(self, indices: list[int]) -> None:
        """Hand out tests, by the inner scheduler's numbers."""
        self._node.send_runtest_some([self._owner.shared[index] for index in indices])

    def send_steal(self, indices: list[int]) -> None:
        """Take tests back, by the inner scheduler's numbers."""
        self._node.send_steal([self._owner.shared[index] for index in indices])

    def shutdown(self) -> None:
        """The inner scheduler has no more shareable work for this worker."""
        if not self.closed:
            self.closed = True
            self._owner.drained(self)


class ExclusiveScheduling:
    """xdist's scheduler protocol: the inner scheduler's tests first, then the exclusive ones on one worker alone.

    Args:
        inner: what xdist built.
        exclusive_of: node ids of a worker's exclusive tests.
        grant: tells a worker that it is alone now.
    """

    def __init__(self, inner: Any, exclusive_of: Callable[[Any], set[str]], grant: Callable[[Any], None]) -> None:
        self.inner = inner
        self.exclusive_of = exclusive_of
        self.grant = grant
        self.proxies: dict[Any, SharedNode] = {}
        self.ids: list[str] | None = None
        self.shared: list[int] = []
        self.place: dict[int, int] = {}  # where in shared
        self.exclusive: list[int] = []  # not handed out yet
        self.running: list[int] = []  # held by the leader
        self.leader: Any = None
        self.released = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def nodes(self) -> list[Any]:
        """The workers."""
        return list(self.proxies)

    @property
    def collection_is_completed(self) -> bool:
        """Whether every worker has collected."""
        return bool(self.inner.collection_is_completed)

    @property
    def has_pending(self) -> bool:
        """Whether tests wait."""
        return bool(self.exclusive or self.running or self.inner.has_pending)

    @property
    def tests_finished(self) -> bool:
        """Whether nothing is left to hand out."""
        if self.ids is None or self.exclusive or (self.running and not self.released):
            return False
        return bool(self.inner.tests_finished)

    def add_node(self, node: Any) -> None:
        """A worker has come."""
        self.proxies[node] = proxy = SharedNode(node, self)
        self.inner.add_node(proxy)

    def add_node_collection(self, node: Any, collection: list[str]) -> None:
        """A worker has collected."""
        if node not in self.proxies:
            return  # it came while all was handed out, and was told to end; then another one died, and work came back
        if self.ids is None:
            self.ids = list(collection)
            marked = self.exclusive_of(node)
            self.exclusive = [index for index, name in enumerate(collection) if name in marked]
            self.shared = [index for index, name in enumerate(collection) if name not in marked]
            self.place = {index: place for place, index in enumerate(self.shared)}
        if list(collection) == self.ids:
            collection = [collection[index] for index in self.shared]
            if not collection and self.inner.collection_is_completed:
                return  # a replacement: the schedulers take an empty collection for none at all
        self.inner.add_node_collection(self.proxies[node], collection)  # xdist words a difference itself

    def schedule(self) -> None:
        """Hand out the first tests."""
        self.inner.schedule()
        if not self.shared:  # the schedulers return early on an empty collection
            for proxy in list(self.proxies.values()):
                proxy.shutdown()
        self._advance()

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """A test is over."""
        if item_index in self.running:
            self.running.remove(item_index)
        else:
            self.inner.mark_test_complete(self.proxies[node], self.place[item_index], duration)
        self._advance()

    def mark_test_pending(self, item: str) -> None:
        """A test is to run again."""
        assert self.ids is not None
        index = self.ids.index(item)
        if index in self.place:
            self.inner.mark_test_pending(item)
            return
        self.exclusive.insert(0, index)
        self._advance()

    def remove_pending_tests_from_node(self, node: Any, indices: list[int]) -> None:
        """A worker gave tests back."""
        self.inner.remove_pending_tests_from_node(self.proxies[node], [self.place[index] for index in indices])
        self._advance()

    def remove_node(self, node: Any) -> str | None:
        """A worker is gone; returns the test that it died in."""
        proxy = self.proxies.pop(node)  # a KeyError is part of the protocol
        try:
            crashed: str | None = self.inner.remove_node(proxy)
        except KeyError:  # loadscope forgets unused workers itself
            crashed = None
        if node is self.leader:
            self.leader = None
            if self.running and self.ids is not None:
                if crashed is None:  # it died in an exclusive test, which is never silently run again
                    crashed = self.ids[self.running.pop(0)]
                self.exclusive[:0], self.running, self.released = self.running, [], False
        self._advance()
        return crashed

    def drained(self, proxy: SharedNode) -> None:
        """The inner scheduler has no more work for this worker: make it the leader, or end it."""
        if self.exclusive and self.leader is None:
            self.leader = proxy._node  # noqa: SLF001 (a pair of one module)
            # A worker starts a test only once it knows the next one: this hands out the first exclusive test
            # and lets the leader's last shareable one start.
            self._send(self.exclusive.pop(0))
        elif proxy._node is not self.leader:  # noqa: SLF001
            proxy._node.shutdown()  # noqa: SLF001

    def _send(self, index: int) -> None:
        self.running.append(index)
        self.leader.send_runtest_some([index])

    def _advance(self) -> None:
        """Whatever has become possible."""
        if self.ids is None or not (self.exclusive or self.running):
            return
        if self.leader is not None and self.leader.shutting_down:
            return  # nothing is left, or a stop: what was not granted by now does not start
        if self.leader is None and not self._promote():
            return
        if self.inner.has_pending or self._others_alive():
            return  # someone is still busy, or still tearing fixtures down
        if not self.released:
            self.released = True
            self.grant(self.leader)  # the same gateway, so it arrives before the tests below
        if self.exclusive and len(self.running) < 2:  # the current and the next, so that a stop stops soon
            self._send(self.exclusive.pop(0))
        if not self.exclusive:
            self.leader.shutdown()

    def _promote(self) -> bool:
        """The leader crashed: another live worker, or its replacement, takes over."""
        live = [node for node, p in self.proxies.items() if not node.shutting_down and p in self.inner.nodes]
        if not live or self.inner.has_pending:
            return False
        self.leader = live[0]
        self.proxies[self.leader].closed = True
        return True

    def _others_alive(self) -> bool:
        return any(node is not self.leader and not node._down for node in self.proxies)  # noqa: SLF001


class ExclusiveController:
    """The controller's side: learns from each worker what it selected, and decorates xdist's scheduler.

    Args:
        run: this process's part of the run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.channels: dict[Any, Any] = {}
        self.selected: dict[Any, Selected] = {}
        self.crashed = False
        run.stop_workers = self._stop

    def pytest_internalerror(self) -> None:
        """A worker's crash comes here too; pytest-xdist says it, and may exit 0 all the same."""
        self.crashed = True

    @pytest.hookimpl(tryfirst=True)  # before the reports are written, which hold the exit status
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A run of ours that lost a worker to an internal error is never green."""
        quiet = session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
        if self.crashed and quiet and described(self.run.pytest):
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give each worker a channel, and the place of the run directory."""
        channel = self.channels[node] = node.gateway.newchannel()
        node.workerinput["llmops_channel"] = channel
        node.workerinput["llmops_directory"] = str(self.run.path)
        node.workerinput["llmops_began"] = self.run.began
        node.workerinput["llmops_typed_key"] = self.run.options.allow_disruption
        channel.setcallback(lambda text: self._heard(node, json.loads(text)))

    def _stop(self) -> None:
        """Whoever changes the target is to stop, and to take that back."""
        for channel in self.channels.values():
            with suppress(OSError):  # that worker is gone
                channel.send("stop")

    def _heard(self, node: Any, message: dict[str, Any]) -> None:
        if "progress" in message:
            self.run.say(message["progress"])
        else:
            self.selected[node] = Selected(**message)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any) -> None:
        """A worker's selection has come (on the same gateway, before this): open the run if it has tests of ours."""
        selected = self.selected.get(node)
        if selected is not None and self.run.selected is None:
            self.run.selected = selected
            if selected.exclusive and self.run.pytest.getvalue("dist") == "each":
                raise pytest.UsageError(
                    "--dist each runs each test everywhere: nothing can be timed alone. Leave it out."
                )
            self.run.engage()
            assert self.run.controller is not None
            self.run.controller.open()

    @pytest.hookimpl(wrapper=True, optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config) -> Generator[None, Any, Any]:
        """Decorate the scheduler; under ``--dist each`` every worker runs everything and nothing can be alone."""
        inner = yield
        if inner is None or config.getvalue("dist") == "each":
            return inner
        return ExclusiveScheduling(inner, self._exclusive_of, lambda node: self.channels[node].send("alone"))

    def _exclusive_of(self, node: Any) -> set[str]:
        return set(self.selected[node].exclusive) if node in self.selected else set()


class ExclusiveWorker:
    """A worker's side: says what it selected, and runs exclusive tests only once it is alone.

    Args:
        run: this process's part of the run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.channel: Any = run.pytest.workerinput["llmops_channel"]  # type: ignore[attr-defined]
        self.alone = False
        self.channel.setcallback(self._granted)
        run.says = lambda line: self.channel.send(json.dumps({"progress": line}))

    def _granted(self, word: str) -> None:
        if word == "stop":
            self.run.disruption.stop() if self.run.disruption else None
        else:
            self.alone = True

    @pytest.hookimpl(tryfirst=True)  # before xdist's own, so that the controller has it when it hears of the collection
    def pytest_collection_finish(self) -> None:
        """Tell the controller what was selected."""
        if self.run.selected is not None:
            self.channel.send(json.dumps(vars(self.run.selected)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Skip over an exclusive test when a stop ended the parallel phase early: not alone, so not at all."""
        if CHECK in item.stash and item.stash[CHECK].exclusive and not self.alone:
            return True
        return None
