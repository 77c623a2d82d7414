"""Ctrl-C, SIGTERM and SIGHUP while a target is changed: one orderly stop, and no signal tears an undo."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Each of the signals raises ``KeyboardInterrupt``, which everything on its way knows how to clean up after.

    From ``begin`` to ``end`` a target may be changed: the first signal raises, and those after it wait, for they would
    tear what the first one set going. Within ``hold`` the first waits, too. Afterwards another Ctrl-C raises again, for
    a person may want out at once; whoever else asks for a stop has been heard.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._changing = False
        self._raised = False
        self._held = 0
        self._waiting = 0
        self._came = False

    @property
    def came(self) -> bool:
        """Whether a signal has ever come: who swallows it makes it none."""
        return self._came

    def install(self) -> None:
        """Listen. What is ignored (``nohup``) stays so, and only a main thread can listen."""
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._come)

    def restore(self) -> None:
        """Put back what listened before."""
        while self._before:
            number, before = self._before.popitem()
            signal.signal(number, signal.SIG_DFL if before is None else before)

    def begin(self) -> None:
        """From here on something may be changed."""
        self._changing, self._raised, self._waiting = True, False, 0

    def end(self) -> None:
        """All is as it was."""
        self._changing = False

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let signals wait meanwhile; what came is raised afterwards."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if self._waiting and not (self._held or self._raised):
                self._raise(self._waiting)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Let signals wait meanwhile, and raise none of them afterwards: the end has come anyway."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    def _come(self, number: int, _frame: object) -> None:
        self._came = True
        if self._held or (self._raised and (self._changing or number != signal.SIGINT)):
            self._waiting = self._waiting or number
        else:
            self._raise(number)

    def _raise(self, number: int) -> None:
        self._raised = True
        raise KeyboardInterrupt(signal.Signals(number).name)
