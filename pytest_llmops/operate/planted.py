"""Drives what a synthetic person may have left: by the deletion route once more, then directly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from pytest_llmops.clients.held_values import HeldValues
from pytest_llmops.clients.owned_points import OwnedPoints
from pytest_llmops.control.driver import Status
from pytest_llmops.control.value import SetDriver
from pytest_llmops.errors import CallFailed, ControlError, Unsupported
from pytest_llmops.operate.behind import reached
from pytest_llmops.security.person import Person
from pytest_llmops.target.settings import Behind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Planted


GONE = {404, 410}
"""What a deletion route answers where nobody of the name is there any more, and a server where it has no such route."""


class PlantedDriver(SetDriver):
    """One person; what is kept is whether something of the person may be there.

    To set it is to say so, for whoever finds the journal; whoever says it writes. To take it back takes the person out
    of all that can be reached. A driver that is made of a journal's table is made after it was said.
    """

    def __init__(self, settings: Planted, target: Target) -> None:
        super().__init__(settings.what, settings.model_copy(update={"journalled": True}))
        self._person = Person(settings.seed)
        self._planted = settings.journalled
        self._deletes = settings.deletes
        self._clients: dict[str, Client] = {
            name: reached(Behind(component=name, endpoint=table), target) for name, table in settings.endpoints.items()
        }

    def status(self, within_s: float) -> Status:
        """Whether something of the person may be there."""
        return Status("running", detail=self._person.user, kept={"planted": self._planted})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Say that it may be there, or take it out.

        Raises:
            ControlError: something is left, or nobody could look; says all of it.
        """
        if not kept["planted"]:
            failures = [said for take_out in (self._by_route, self._points, self._keys) for said in take_out()]
            if failures:
                raise ControlError("", "refused", f"{self._person.user} may still be there: {' '.join(failures)}")
        self._planted = bool(kept["planted"])

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """What a person does."""
        return f"delete the data of the user {self._person.user}, which is made up, by the system's own way"

    def close(self) -> None:
        """Give the connections back."""
        for client in self._clients.values():
            client.close()

    def _by_route(self) -> Iterator[str]:
        api = cast("Api | None", self._clients.get("api"))
        if api and "delete" in api.config.routes:
            yield from _failures(lambda: self._delete(api))

    def _delete(self, api: Api) -> None:
        answer = api.call("delete", user=self._person.user)
        if answer.status not in GONE:
            answer.ok()
        elif not (self._deletes or _is_routed(api, answer)):
            raise CallFailed(
                api.component,
                f"http-{answer.status}",
                f"{api.component}: {answer.asked} answered {answer.status}, and nothing shows that there is such a "
                f"route: OPTIONS is answered there as where none can be.",
            )

    def _points(self) -> Iterator[str]:
        vectors = cast("Vectors | None", self._clients.get("qdrant"))
        if vectors and vectors.config.owner is not None:
            yield from _failures(lambda: OwnedPoints(vectors, self._person.user).delete())

    def _keys(self) -> Iterator[str]:
        cache = cast("Redis | None", self._clients.get("redis"))
        if cache and getattr(cache.part, "cache", []):
            yield from _failures(lambda: self._clear(HeldValues(cache)))

    def _clear(self, held: HeldValues) -> None:
        held.delete(held.holding(self._person.traces))


def _is_routed(api: Api, answer: Answer) -> bool:
    """Whether a server that says 404 has the route that was asked: OPTIONS is answered otherwise where it has none."""
    method, _, path = answer.asked.partition(" ")
    nowhere = f"{path.partition('?')[0].rstrip('/')}/llmops-no-such-page-{uuid4().hex}"
    role = api.route("delete").role
    there, other = (api.http.call("OPTIONS", one, role=role) for one in (path, nowhere))
    allowed = there.headers.get("allow", "")
    says = there.status == 405 or (200 <= there.status < 300 and method in (allowed or method))
    return says and (there.status, allowed) != (other.status, other.headers.get("allow", ""))


def _failures(do: Callable[[], object]) -> Iterator[str]:
    """Why it failed, or nobody could look; nothing where it did not."""
    try:
        do()
    except (CallFailed, Unsupported) as error:
        yield f"{str(error).rstrip('.')}."
