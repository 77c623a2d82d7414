"""Langfuse's public API: is it well, how many traces has it, and how were their answers scored?"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.clients.health import moment_of
from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous, excerpt
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Http
    from pytest_llmops.target.watchers import Langfuse as LangfuseComponent

HEALTH = "/api/public/health"
PROJECTS = "/api/public/projects"
OBSERVATIONS = "/api/public/observations"
ON_A_PAGE = 100
"""Traces, or observations, that one page holds at most."""

MOST_PAGES = 20
"""Pages that are read: of more answers these are the newest."""


@dataclass(frozen=True, slots=True)
class LangfuseHealth:
    """What ``/api/public/health`` says.

    Attributes:
        code: HTTP status: 200, 503 where its database is away, another 5xx where it fails.
        version: of the server; empty where it does not say.
        elapsed_s: how long the route took.
    """

    code: int
    version: str
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Score:
    """How the answer of a trace was scored.

    Attributes:
        trace: its id.
        at: when, in epoch seconds.
        value: the score.
    """

    trace: str
    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Scores:
    """The newest scores of a time.

    Attributes:
        all: of each answer, newest first.
        low: those below the limit.
        limit: it.
        said: of how many answers of how long.
    """

    all: tuple[Score, ...]
    low: tuple[Score, ...]
    limit: float
    said: str

    def document(self) -> str:
        """A page of Markdown: trace, time and score of each answer that was scored low."""
        rows = [
            f"| {one.trace} | {dt.datetime.fromtimestamp(one.at, dt.UTC):%Y-%m-%d %H:%M:%S} | {one.value:.3g} |"
            for one in self.low
        ]
        head = [f"# Answers scored below {self.limit:g}", "", f"{len(self.low)} {self.said}.", ""]
        return "\n".join([*head, "| trace | at (UTC) | score |", "|---|---|---|", *rows, ""])


class Langfuse(OverHttp):
    """A Langfuse server.

    Args:
        http: calls to it.
        config: the component's table; the keys of ``traces`` are its ``auth.basic``, public key first.
    """

    def __init__(self, http: Http, config: LangfuseComponent) -> None:
        super().__init__(http)
        self.config = config

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: its health route answers, be it that it fails, or its database is away."""
        return [("reachable", lambda: facts.update(server=self.health().version))]

    def health(self) -> LangfuseHealth:
        """Ask the health route, which needs no key, for its database, too. A 5xx is an answer, not an exception.

        Raises:
            CallFailed: no answer of Langfuse's came.
        """
        answer = self.http.call("GET", HEALTH, query={"failIfDatabaseUnavailable": "true"}, signed=False)
        if answer.status >= 500 and not (answer.status == 503 and answer.is_json):
            return LangfuseHealth(answer.status, "", answer.elapsed_s)
        found = (answer if answer.status == 503 else answer.ok()).table()
        if "status" not in found:
            said = f"{answer.asked} names no status, so this is no Langfuse: {excerpt(answer.text)!r}"
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {said}.")
        return LangfuseHealth(answer.status, str(found.get("version", "")), answer.elapsed_s)

    def keys_status(self) -> int:
        """The HTTP status of a question that only valid keys have answered: which project they are of.

        200: they are valid; 401: they are not. It is never kept back by how much there is to trace.

        Raises:
            Unsupported: the target names no keys.
            CallFailed: no whole answer came.
        """
        if self.config.auth is None:
            raise Unsupported(f"{self.component}: the target names no keys; give it auth.basic, public key first.")
        return self.http.call("GET", PROJECTS).status

    def traces(self, *, last_s: float | None = None, user: str = "") -> int:
        """How many traces it has.

        Args:
            last_s: only those of so many seconds ago until now; all if not given.
            user: only those of a user's; everybody's if not given.

        Raises:
            CallFailed: the keys are refused (kind ``http-401``), or no answer of Langfuse's came.
        """
        asked = {"limit": "1", **({"userId": user} if user else {})}
        if last_s is not None:
            asked["fromTimestamp"] = (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=last_s)).isoformat()
        answer = self.http.call("GET", "/api/public/traces", query=asked).ok()
        try:
            return int(answer.json()["meta"]["totalItems"])
        except (KeyError, TypeError, ValueError):
            said = f"{answer.asked} answered something else than Langfuse's API: {excerpt(answer.text)!r}"
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {said}.") from None

    def newest(self, most: int = 50, *, user: str = "") -> list[dict[str, Any]]:
        """Its newest traces, as it has them, with what was asked and answered; a call for each hundred.

        Where several pages are read, only those of before that: what comes meanwhile would push one from page to page.

        Args:
            most: so many at most.
            user: only those of this user.

        Raises:
            CallFailed: the keys are refused (kind ``http-401``), or no answer of Langfuse's came.
        """
        size = min(most, ON_A_PAGE)
        asked = {"limit": str(size), **({"userId": user} if user else {})}
        if most > size:
            asked["toTimestamp"] = dt.datetime.now(dt.UTC).isoformat()
        found: list[dict[str, Any]] = []
        for page in range(1, ceil(most / size) + 1):
            on_page = self._traces(asked if page == 1 else {**asked, "page": str(page)})
            found += on_page
            if len(on_page) < size:
                break
        return found[:most]

    def _traces(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        answer = self.http.call("GET", "/api/public/traces", query=asked).ok()
        try:
            return [dict(trace) for trace in answer.json()["data"]]
        except (KeyError, TypeError, ValueError):
            said = f"{answer.asked} answered something else than Langfuse's API: {excerpt(answer.text)!r}"
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {said}.") from None

    def scores(self, last_s: float) -> Scores:
        """How the answers of the last seconds were scored; of more than two thousand the newest, and it is said.

        Args:
            last_s: seconds until now.

        Raises:
            Unsupported: the target does not say where scores stand.
            Vacuous: no answer of that time has a score.
            CallFailed: the keys are refused (kind ``http-401``), or no answer of Langfuse's came, or a score is no
                number, or has no time.
        """
        where = self.config.scored
        if where is None:
            raise Unsupported(
                f"{self.component}: the target does not say where the score of an answer stands; "
                "give components.langfuse.scored an observation and low."
            )
        now = dt.datetime.now(dt.UTC)
        asked = {
            "name": where.observation,
            "fromStartTime": (now - dt.timedelta(seconds=last_s)).isoformat(),
            "toStartTime": now.isoformat(),  # what comes meanwhile would push one from page to page
            "limit": str(ON_A_PAGE),
        }
        found: list[Score] = []
        read, page, pages = 0, 0, 1
        while page < min(pages, MOST_PAGES):
            page += 1
            answer = self.http.call("GET", OBSERVATIONS, query={**asked, "page": str(page)}).ok()
            try:
                told = [(one, jmespath.search(where.value, one)) for one in answer.json()["data"]]
                found += [_score(one, value) for one, value in told if value is not None]
                pages = int(answer.json()["meta"]["totalPages"])
            except (KeyError, TypeError, ValueError):
                said = f"{answer.asked} answered something else than scores: {excerpt(answer.text)!r}"
                raise CallFailed(self.component, "bad-answer", f"{self.component}: {said}.") from None
            read += len(told)
        if not found:
            raise Vacuous(
                f"{self.component}: none of {read} observations {where.observation!r} of the last "
                f"{spoken(last_s)} has a score at {where.value!r}."
            )
        low = tuple(one for one in found if one.value < where.low)
        newest = "the newest " if pages > MOST_PAGES else ""
        said = f"of {newest}{len(found)} answers of the last {spoken(last_s)}"
        return Scores(tuple(found), low, where.low, f"{said}, which has more" if newest else said)


def _score(observation: dict[str, Any], value: Any) -> Score:
    """Raises ValueError where the score is no number, or has no time."""
    at = moment_of(observation["startTime"])
    if isinstance(value, bool) or not isinstance(value, int | float) or at is None:
        raise ValueError(value)
    return Score(str(observation["traceId"]), at, float(value))
