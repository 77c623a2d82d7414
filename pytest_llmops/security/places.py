"""Where a person's data may lie: each store of a target, and how it is seen whether it holds anything of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_llmops.clients.below import found
from pytest_llmops.clients.held_values import HeldValues
from pytest_llmops.clients.owned_points import OwnedPoints
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.security.leak_places import text_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.langfuse import Langfuse
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.security.person import Person
    from pytest_llmops.target.erasing import Place
    from pytest_llmops.target.load import Target

EARLIER_S = 2.0
"""By so much the clock of a file system may be behind ours."""

NEWEST = 100
"""Traces that are looked through for what a trace without the user's id may hold."""

LARGEST = 50_000_000
"""Bytes at the end of a file that are read."""


class Places:
    """The stores of a target, one method for each way of looking.

    Args:
        target: whose stores.
        client: the client of a component by its name, once it answers.
        person: who is looked for.
        since: when the person was made up, in epoch seconds: no file that was written last before that is read.
    """

    def __init__(self, target: Target, client: Callable[[str], Client], person: Person, since: float) -> None:
        self._target = target
        self._client = client
        self._person = person
        self._since = since
        self._table = target.table.security.erasure

    def holds(self, store: str) -> bool:
        """Whether a store has anything of the person.

        Raises:
            Unsupported: nobody can look there; says why, without a full stop.
            CallFailed: whoever was asked did not answer.
        """
        if store == "api":
            return self._api()
        if store == "vectors":
            return OwnedPoints(cast("Vectors", self._served("vectors")), self._person.user).count() > 0
        if store == "cache":
            return bool(HeldValues(cast("Redis", self._served("redis"))).holding(self._person.traces))
        place = self._table.places.get(store)  # type: ignore[call-overload]
        if store == "traces" and "langfuse" in self._target.table.components.configured():
            return self._traced() or (place is not None and self._at(store, place))
        if place is None:
            raise Unsupported(
                f"target {self._target.name} does not say where they are read; give security.erasure.places.{store}"
            )
        return self._at(store, place)

    def _at(self, store: str, place: Place) -> bool:
        return self._printed(place) if place.command else self._written(store, place)

    def _traced(self) -> bool:
        """Whether one of the user's traces, or of the newest, whoever's they are, has anything of the person."""
        langfuse = cast("Langfuse", self._served("langfuse"))
        found = [*langfuse.newest(user=self._person.user), *langfuse.newest(NEWEST)]
        return any(self._person.within(text_of(trace)) for trace in found)

    def _api(self) -> bool:
        """Whether an answer to the person's own question, past any cache, tells what only the person's data tell."""
        api = cast("Api", self._served("api"))
        answer = api.call("query", prompt=self._person.question, user=self._person.user, fresh=True)
        text = answer.ok().text.lower()
        return any(told.lower() in text for told in self._person.told)

    def _printed(self, place: Place) -> bool:
        commands = cast("AppCommands", self._served("app_command"))
        return self._person.within(commands.text(place.command))

    def _written(self, store: str, place: Place) -> bool:
        root = self._target.root / self._table.root
        files = found(store, root, place.files)
        return any(self._person.within(_end_of(store, file)) for file in files if self._fresh(file))

    def _fresh(self, file: Path) -> bool:
        try:
            return file.stat().st_mtime >= self._since - EARLIER_S
        except FileNotFoundError:
            return False

    def _served(self, role: str) -> Client:
        component = self._target.table.components.serving(role)
        if component is None:
            raise Unsupported(f"target {self._target.name} has no component that serves {role!r}")
        return self._client(component)


def _end_of(store: str, file: Path) -> str:
    """The text of a file, as much of its end as is read; nothing of one that is gone meanwhile."""
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - LARGEST))
            return opened.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CallFailed(store, "refused", f"{store}: {file} cannot be read: {error.strerror}.") from error
