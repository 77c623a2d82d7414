"""A synthetic person is written wherever the target can be written to, deleted by its route, and looked for again."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import jmespath

from pytest_llmops.clients.owned_points import OwnedPoints
from pytest_llmops.clients.reply import parts_of
from pytest_llmops.errors import CallFailed, StepFailed, Unsupported
from pytest_llmops.security.lacking import unless_lacking
from pytest_llmops.security.person import Person
from pytest_llmops.security.places import Places
from pytest_llmops.security.receipts import STORES, Erased, Receipt
from pytest_llmops.security.refusals import described
from pytest_llmops.target.settings import Planted, endpoint_of
from pytest_llmops.target.templates import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.target.erasing import Erasure as Table

WRITES_LATE = 5
"""Looks that a store is given until what was written is found there."""

UNKNOWN = frozenset({"http-401", "http-403", "http-404", "http-410"})
"""How an API answers in the name of a user that it does not know any more."""

TAKEN_OUT = ("api", "qdrant", "redis")
"""Components that a person is taken out of where the deletion left something: by its route, then directly."""


@dataclass(slots=True)
class _Deletion:
    """A deletion on its way."""

    status: int
    id: str
    state: str
    steps: Mapping[str, str]


class Erasure:
    """Carries out one erasure.

    What is planted is journalled before it is written, and taken out again when the change is taken back: by the
    deletion route once more, and directly from the collection and the cache where that left something.

    Args:
        change: writes down that the person may be there, and takes it back.
        client: the client of a component by its name, once it answers.
        say: is told each step.
        person: who is written; somebody new by default.
    """

    def __init__(
        self,
        change: Change,
        client: Callable[[str], Client],
        say: Callable[[str], None],
        person: Person | None = None,
    ) -> None:
        self._change = change
        self._client = client
        self._say = say
        self._target = change.target
        self._person = person or Person.anew()

    def carry_out(self) -> Erased:
        """Write, look, delete, and look until nothing is left, or until the deadline of the profile.

        Raises:
            Unsupported: the system deletes nobody's data, nothing says by which route, or nobody could see in a store
                whether the person was taken out again; nothing was written.
            CallFailed: it refused what was written, or to delete; or it deletes though it is declared not to.
        """
        api = self._api()
        table = self._table
        places = Places(self._target, self._client, self._person, time.time())
        self._require_a_way_back(places)
        planted = self._journal()
        self._say(f"erasure: writing the synthetic person {self._person.user}")
        self._write(api)
        before = self._before(places)
        self._say(f"erasure: deleting {self._person.user}")
        start = time.monotonic()
        deletion = self._delete(api, planted)
        watched = [one.store for one in before if one.before and not one.why and one.store != "api"]
        while True:
            left = [store for store in watched if places.holds(store)]
            open_ = deletion.state not in {"", *table.done, *table.failed}
            took_s = time.monotonic() - start
            if not (left or open_) or deletion.state in table.failed or took_s + table.every >= table.within:
                break
            time.sleep(table.every)
            self._follow(api, deletion)
        return Erased(
            seed=self._person.seed,
            user=self._person.user,
            status=deletion.status,
            deletion=deletion.id,
            state=deletion.state,
            completed=deletion.state in {"", *table.done},
            steps=deletion.steps,
            wrong=[f"{name} is {status}" for name, status in deletion.steps.items() if status not in table.good],
            took_s=took_s,
            within_s=table.within,
            in_time=not (left or open_) and took_s <= table.within,
            receipts=tuple(self._after(before, places)),
        )

    @property
    def _table(self) -> Table:
        return self._target.table.security.erasure

    def _api(self) -> Api:
        """The API, which has a route that deletes.

        Raises:
            Unsupported: it has none.
            CallFailed: it is declared to have none, and has one, or a command that would purge (kind ``untrue``).
        """
        unless_lacking(self._target, "api", "deletion", lambda: described(self._target) or self._purges())
        if not described(self._target):
            raise Unsupported(
                f"target {self._target.name} describes no route by which a person's data are deleted; give "
                f"components.api.routes.delete."
            )
        return cast("Api", self._client("api"))

    def _purges(self) -> str:
        """What would purge a person's data, by the command that looks for it, in words; empty where nothing would."""
        name = self._table.purges
        found = cast("AppCommands", self._client("app_command")).lines(name) if name else []
        return f"{name} found {', '.join(found)}" if found else ""

    def _journal(self) -> Planted:
        """Have it on disk that from here on the person may be there; what is there."""
        parts = self._target.table.components.configured()
        tables = {name: endpoint_of(parts[name]) for name in TAKEN_OUT if name in parts}
        planted = Planted(driver="planted", seed=self._person.seed, endpoints=tables)
        self._change.also(planted.what, planted)
        self._change.set(planted.what, planted=True)
        return planted

    def _write(self, api: Api) -> None:
        """By every route that takes something in a user's name; where none ingests, as a point of the collection.

        Raises:
            CallFailed: one refused it.
        """
        who = {"user": self._person.user}
        document = f"{self._person.user}-document"
        words = {**who, "document": document, "title": "", "text": self._person.document}
        if "ingest" in api.config.routes:
            api.call("ingest", **words).ok()
        elif self._table.point and self._target.table.components.qdrant is not None:
            points = OwnedPoints(cast("Vectors", self._client("qdrant")), self._person.user)
            points.write(render(self._table.point, words))
        trace = ""
        if "query" in api.config.routes:
            answer = api.call("query", **who, prompt=self._person.question, fresh=False).ok()
            trace = str(parts_of(answer.json(), api.route("query")).get("trace") or "")
        if "feedback" in api.config.routes:
            api.call("feedback", **who, trace=trace, comment=self._person.phrase).ok()

    def _require_a_way_back(self, places: Places) -> None:
        """See that stores out of which the person may have to be taken can be looked into; a large cache cannot."""
        parts = self._target.table.components
        if parts.qdrant is not None and parts.qdrant.owner is not None:
            places.holds("vectors")
        if parts.redis is not None and parts.redis.cache:
            places.holds("cache")

    def _before(self, places: Places) -> list[Receipt]:
        """What is seen of the person before the deletion; of a store that is written to later, a little later."""
        kept = self._table.keeps
        found = [self._seen(places, store, kept.get(store, "")) for store in STORES]
        for _ in range(WRITES_LATE):
            late = [one.store for one in found if one.before is False and one.store != "api"]
            if not late:
                break
            time.sleep(self._table.every)
            found = [self._seen(places, one.store, one.why) if one.store in late else one for one in found]
        return [*found, *(Receipt(store, why=why) for store, why in kept.items() if store not in STORES)]

    def _seen(self, places: Places, store: str, why: str) -> Receipt:
        try:
            return Receipt(store, before=places.holds(store), why=why)
        except Unsupported as error:
            return Receipt(store, why=why or str(error).rstrip("."))

    def _delete(self, api: Api, planted: Planted) -> _Deletion:
        """Ask for the deletion; whoever takes the person out again is told that the route works.

        Raises:
            CallFailed: it was refused.
        """
        answer = api.call("delete", user=self._person.user).ok()
        self._change.also(planted.what, planted.model_copy(update={"journalled": True, "deletes": True}))
        said = parts_of(answer.json() if answer.is_json else None, api.route("delete"))
        deletion = _Deletion(answer.status, str(said.get("deletion") or ""), str(said.get("state") or ""), {})
        self._follow(api, deletion)
        return deletion

    def _follow(self, api: Api, deletion: _Deletion) -> None:
        """What the system says of it by now, where it has a route for that."""
        if "deletion" not in api.config.routes or not deletion.id:
            return
        answer = api.call("deletion", deletion=deletion.id, user=self._person.user).ok()
        body = answer.json()
        deletion.state = str(parts_of(body, api.route("deletion")).get("state") or deletion.state)
        deletion.steps = self._steps(body)

    def _steps(self, body: Any) -> dict[str, str]:
        found = jmespath.search(self._table.steps, body) if self._table.steps else {}
        if not isinstance(found, dict) or (self._table.steps and not found):
            raise StepFailed(f"api: the deletion tells of no steps at {self._table.steps!r}.")
        return {name: str(step.get("status") if isinstance(step, dict) else step) for name, step in found.items()}

    def _after(self, before: list[Receipt], places: Places) -> list[Receipt]:
        """The receipts; the API comes last, for to ask it in the person's name is to write of the person again."""
        looked = {one.store: places.holds(one.store) for one in before if one.before is not None and one.store != "api"}
        if any(one.store == "api" and one.before is not None for one in before):
            looked["api"] = _still_answered(places)
        return [replace(one, after=looked.get(one.store)) for one in before]


def _still_answered(places: Places) -> bool:
    """Whether the API still tells of the person; one that knows no such user any more does not.

    Raises:
        CallFailed: it did not answer, or with another status that is no 2xx.
    """
    try:
        return places.holds("api")
    except CallFailed as error:
        if error.kind in UNKNOWN:
            return False
        raise
