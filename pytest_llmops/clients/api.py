"""The API in front, spoken to by the routes that the profile describes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jmespath

from pytest_llmops.clients.audit import AuditLog
from pytest_llmops.clients.exposition import MetricsPage
from pytest_llmops.clients.generation import text_of
from pytest_llmops.clients.health import HealthReport, health_report
from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.clients.signing import WRONG
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, did_you_mean
from pytest_llmops.target.templates import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Answer, Http
    from pytest_llmops.samples import Prompt
    from pytest_llmops.target.components import Api as ApiComponent
    from pytest_llmops.target.routes import Kpi, Route

GUEST = "llmops-guest"
"""The user in whose name questions are asked where no other is given."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The API's answer to a question.

    Attributes:
        text: the answer; empty for a block.
        sources: ids of the sources that it names.
        blocked: whether the API refused the input, by the profile's predicate over the body.
        status: HTTP status.
        elapsed_s: the whole call.
        body: the JSON as it came.
    """

    text: str
    sources: tuple[str, ...]
    blocked: bool
    status: int
    elapsed_s: float
    body: Any = field(repr=False, default=None)

    @property
    def failure(self) -> str:
        """Why a timed call with this outcome is no success; empty if it is one."""
        return "blocked" if self.blocked else ("" if self.text.strip() else "empty")


class Api(OverHttp):
    """A service with routes.

    Args:
        http: calls to it.
        config: the component's table.
    """

    def __init__(self, http: Http, config: ApiComponent) -> None:
        super().__init__(http)
        self.config = config

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: any answer but a refused key will do; whether it is a healthy one is a check of its own.

        Where there is a key, also admitted: health is often open to all, and the key is tried by a question.
        """
        keyed = self.config.auth is not None and "query" in self.config.routes
        return [("reachable", self._any_answer), *([("admitted", self._admitted)] if keyed else [])]

    def _any_answer(self) -> None:
        if self.config.health is None:
            self.http.call("GET", "/")
            return
        answer = self.call(self.config.health.route)
        if answer.status in {401, 403}:  # the key is wrong: not one check would say anything else
            answer.ok()

    def _admitted(self) -> None:
        try:
            answer = self.call("query", prompt="Hello", user=GUEST, fresh=True)
        except CallFailed:
            return  # whether it answers at all is a check of its own
        if answer.status in {401, 403}:
            answer.ok()

    def refusal(self, prompt: Prompt) -> Answer:
        """Ask a question with a key that nobody has.

        Raises:
            Unsupported: the target is configured without keys.
            CallFailed: it is not refused with 401 or 403 (kind ``not-refused``).
        """
        if self.config.auth is None:
            raise Unsupported(f"{self.component}: the target is configured without keys.")
        answer = self._ask("query", WRONG, {"prompt": prompt.text, "user": GUEST, "fresh": True})
        if answer.status not in {401, 403}:
            said = f"{self.component}: {answer.asked} with a wrong key answered {answer.status}, not 401 or 403."
            raise CallFailed(self.component, "not-refused", said)
        return answer

    def call(self, route: str, *, role: str | None = None, **values: Any) -> Answer:
        """Ask a route of the profile and return its answer, whatever its status.

        Args:
            route: its name in ``routes``.
            role: whose key signs it; the route's own role by default.
            values: what its templates ask for.

        Raises:
            Unsupported: this system has no such route.
            CallFailed: no whole answer came.
        """
        return self._ask(route, role, values)

    def _ask(self, route: str, role: str | None, values: Mapping[str, Any]) -> Answer:
        found = self._route(route)
        path = str(render(found.path, {name: quote(str(value), safe="") for name, value in values.items()}))
        return self.http.call(
            found.method,
            path,
            body=None if found.body is None else render(found.body, values),
            query=render(found.params, values),
            role=role or found.role,
        )

    def health(self) -> HealthReport:
        """Ask the health route, and judge status, body and dependencies by the profile.

        Raises:
            Unsupported: the profile describes no health.
        """
        if self.config.health is None:
            raise Unsupported(f"{self.component}: its profile describes no health route.")
        return health_report(self.call(self.config.health.route), self.config.health)

    def health_age(self) -> float:
        """Seconds since the time that the health body carries.

        Raises:
            Unsupported: the profile does not say where that time stands.
            CallFailed: there is none, or it cannot be read (kind ``bad-answer``).
        """
        if self.config.health is None or self.config.health.timestamp is None:
            raise Unsupported(f"{self.component}: its profile names no timestamp in its health.")
        age_s = self.health().age_s
        if age_s is None:
            where = self.config.health.timestamp
            said = f"{self.component}: the health body has no time that can be read at {where!r}."
            raise CallFailed(self.component, "bad-answer", said)
        return age_s

    def query(self, prompt: Prompt | str, *, user: str = GUEST, fresh: bool = True, role: str | None = None) -> Reply:
        """Ask a question (route ``query``).

        Args:
            prompt: the question.
            user: in whose name.
            fresh: past the target's answer cache, where its route can say so.
            role: whose key signs it.

        Raises:
            CallFailed: a status other than 2xx, or no whole answer.
        """
        answer = self.call("query", role=role, prompt=text_of(prompt), user=user, fresh=fresh)
        route, body, blocked = self._route("query"), None, False
        if answer.status < 500 and answer.is_json:  # a block may be a 200, and a 4xx; an error page is none
            body = answer.json()
            blocked = bool(route.blocked and jmespath.search(route.blocked, body))
        if not blocked:
            body = answer.ok().json()
        text = jmespath.search(route.answer, body) if route.answer else body
        sources = jmespath.search(route.sources, body) if route.sources else None
        if not blocked and not isinstance(text, str):
            raise CallFailed(
                self.component,
                "bad-answer",
                f"{self.component}: {answer.asked} answered {answer.status} without a text at {route.answer!r}; "
                f"it holds {_holds(body)}.",
            )
        named = tuple(str(source) for source in sources or ())
        return Reply(text or "", named, blocked, answer.status, answer.elapsed_s, body)

    def sources(self, prompt: Prompt) -> tuple[str, ...]:
        """The ids of the sources that the answer to a question names.

        Raises:
            Unsupported: the route does not say where they stand.
        """
        if self._route("query").sources is None:
            raise Unsupported(f"{self.component}: its route 'query' does not say where sources stand; give it sources.")
        return self.query(prompt).sources

    def blocks(self, prompt: str) -> bool:
        """Whether an input is refused.

        Raises:
            Unsupported: the route does not say how a block looks.
        """
        if self._route("query").blocked is None:
            raise Unsupported(f"{self.component}: its route 'query' does not say how a block looks; give it blocked.")
        return self.query(prompt).blocked

    def ask_all(self, prompts: Iterable[Prompt], *, fresh: bool = True) -> None:
        """Ask every question once, whatever becomes of it: traffic for the service's own counters."""
        for prompt in prompts:
            self.call("query", prompt=prompt.text, user=GUEST, fresh=fresh)

    def knows(self, prompt: Prompt) -> bool:
        """Whether the answer to a question holds the words that a right one holds."""
        return prompt.expect.lower() in self.query(prompt).text.lower()

    def metrics(self) -> MetricsPage:
        """The page of Prometheus metrics.

        Raises:
            Unsupported: the profile names none.
            CallFailed: it cannot be had, or is not in the text format.
        """
        if self.config.metrics is None:
            raise Unsupported(f"{self.component}: its profile names no metrics page.")
        answer = self.http.call("GET", self.config.metrics).ok()
        try:
            return MetricsPage.parse(self.component, answer.text)
        except ValueError as error:
            raise CallFailed(
                self.component, "bad-answer", f"{self.component}: {answer.asked} is no metrics page: {error}."
            ) from None

    def kpi(self, name: str, *, during: Callable[[], object] | None = None) -> float:
        """A figure from the metrics page, as the profile's ``kpis`` describe it.

        Args:
            name: of the figure.
            during: traffic to make; the figure is then of that time alone, not of all since the service's start.

        Raises:
            Unsupported: this system has no such figure.
            Vacuous: its series have counted nothing, or fell meanwhile.
        """
        kpi = self._kpi(name)
        if during is None:
            return self.metrics().kpi(name, kpi)
        before = self.metrics()
        during()
        return self.metrics().since(before, [*kpi.metric, *kpi.over]).kpi(name, kpi)

    def shares(self, name: str) -> dict[str, float]:
        """A figure from the metrics page split by its label ``by``."""
        return self.metrics().shares(name, self._kpi(name))

    def unit(self, name: str) -> str:
        """The unit of a figure."""
        return self._kpi(name).unit

    def audit(self) -> AuditLog:
        """The newest entries of the audit log (route ``audit``).

        Raises:
            Unsupported: the profile describes no such route.
        """
        route = self._route("audit")
        return AuditLog.read(jmespath.search(route.events or "@", self.call("audit").ok().json()))

    def newly_audited(self, act: Callable[[], object]) -> AuditLog:
        """The entries of the audit log that came with an act: those of after it that were not there before."""
        before = Counter(self.audit().events)
        act()
        return AuditLog(tuple((Counter(self.audit().events) - before).elements()))

    def dependencies(self) -> HealthReport:
        """The health report, where the profile names dependencies.

        Raises:
            Unsupported: it names none, so nothing could be said of them.
        """
        if self.config.health is None or not self.config.health.dependencies:
            raise Unsupported(f"{self.component}: its profile names no dependencies in its health.")
        return self.health()

    def _route(self, name: str) -> Route:
        if name not in self.config.routes:
            raise Unsupported(f"{self.component}: its profile describes no route {name!r}.")
        return self.config.routes[name]

    def _kpi(self, name: str) -> Kpi:
        kpis = self.config.kpis
        if name not in kpis:
            near = did_you_mean(name, kpis)
            if near:
                raise ConfigError(f"{self.component}: unknown kpi {name!r}.{near}")
            raise Unsupported(f"{self.component}: its profile describes no figure {name!r}.")
        return kpis[name]


def _holds(body: Any) -> str:
    """The paths of a body as far as two keys deep, for whoever looks for the right one."""
    if not isinstance(body, dict):
        return f"a {type(body).__name__}" if body is not None else "nothing"
    paths = [
        f"{key}.{inner}" if inner else key
        for key, value in body.items()
        for inner in (value if isinstance(value, dict) and value else [""])
    ]
    return ", ".join(paths) or "no key"
