"""Alertmanager's HTTP API: the alerts that it has, and what silences them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pytest_llmops.clients.health import moment_of
from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.errors import CallFailed, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Http
    from pytest_llmops.target.watchers import Alertmanager as AlertmanagerComponent

Read = TypeVar("Read")

OPERATORS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}
"""By a matcher's ``isEqual`` and ``isRegex``."""


@dataclass(frozen=True, slots=True)
class ReceivedAlert:
    """An alert that somebody sent and that is not resolved.

    Attributes:
        name: its label ``alertname``.
        state: ``active``, ``suppressed``, or ``unprocessed`` before the first look at it.
        labels, annotations: as they were sent.
        since: epoch seconds from which it has been firing.
        receivers: who is told of it.
        silenced_by: ids of silences.
        inhibited_by: fingerprints of alerts.
    """

    name: str
    state: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: float | None
    receivers: tuple[str, ...]
    silenced_by: tuple[str, ...]
    inhibited_by: tuple[str, ...]

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """From an item of ``/api/v2/alerts``."""
        return cls(
            name=item["labels"].get("alertname", ""),
            state=item["status"]["state"],
            labels=item["labels"],
            annotations=item["annotations"],
            since=moment_of(item["startsAt"]),
            receivers=tuple(receiver["name"] for receiver in item["receivers"]),
            silenced_by=tuple(item["status"]["silencedBy"]),
            inhibited_by=tuple(item["status"]["inhibitedBy"]),
        )


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence, those that are over included for as long as the server keeps them.

    Attributes:
        state: ``active``, ``pending`` or ``expired``.
        matchers: which alerts, as amtool writes it: ``alertname="TargetDown"``.
        by, comment: who made it, and why.
        starts, ends: epoch seconds.
    """

    id: str
    state: str
    matchers: tuple[str, ...]
    by: str
    comment: str
    starts: float | None = field(repr=False)
    ends: float | None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """From an item of ``/api/v2/silences``."""
        return cls(
            id=item["id"],
            state=item["status"]["state"],
            matchers=tuple(map(_written, item["matchers"])),
            by=item["createdBy"],
            comment=item["comment"],
            starts=moment_of(item["startsAt"]),
            ends=moment_of(item["endsAt"]),
        )


class Alertmanager(OverHttp):
    """An Alertmanager.

    Args:
        http: calls to it.
        config: the component's table.
    """

    def __init__(self, http: Http, config: AlertmanagerComponent) -> None:
        super().__init__(http)
        self.config = config

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: it says its version."""
        return [("reachable", lambda: facts.update(server=self.version()))]

    def ready(self) -> float:
        """Ask ``/-/ready``; seconds that it took.

        Raises:
            CallFailed: it is not ready.
        """
        return self.http.call("GET", "/-/ready").ok().elapsed_s

    def version(self) -> str:
        """The server's version (GET /api/v2/status)."""
        return self._read("status", lambda found: str(found["versionInfo"]["version"]))

    def receivers(self) -> list[str]:
        """Names of those whom alerts may be sent to."""
        return self._read("receivers", lambda found: [str(one["name"]) for one in found])

    def cluster(self) -> str:
        """The state of its cluster: ``ready``, ``settling`` or ``disabled``."""
        return self._read("status", lambda found: str(found["cluster"]["status"]))

    def alerts(self, *, active: bool = True, silenced: bool = True) -> list[ReceivedAlert]:
        """The alerts that are not resolved, inhibited and unprocessed ones included.

        Args:
            active: those that receivers are told of.
            silenced: those that a silence holds back.
        """
        asked = {"active": active, "silenced": silenced}
        return self._read("alerts", lambda found: [*map(ReceivedAlert.of, found)], asked)

    def silences(self) -> list[Silence]:
        """All silences; ``state`` says which of them count now."""
        return self._read("silences", lambda found: [*map(Silence.of, found)])

    def send(self, alerts: Sequence[Mapping[str, Any]], *, deadline_s: float | None = None) -> None:
        """Tell it of alerts (POST /api/v2/alerts); one whose labels it knows is the same alert.

        Args:
            alerts: each with ``labels``, and as its API has it ``annotations``, ``startsAt``, ``endsAt``,
                ``generatorURL``.
            deadline_s: for the call; the component's own by default.

        Raises:
            CallFailed: it did not take them.
        """
        self.http.call("POST", "/api/v2/alerts", body=list(alerts), deadline_s=deadline_s).ok()

    def _read(self, route: str, read: Callable[[Any], Read], asked: Mapping[str, bool] | None = None) -> Read:
        answer = self.http.call("GET", f"/api/v2/{route}", query=asked).ok()
        try:
            return read(answer.json())
        except (AttributeError, KeyError, TypeError):
            said = f"{answer.asked} answered something else than Alertmanager's API: {excerpt(answer.text)!r}"
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {said}.") from None


def _written(matcher: Mapping[str, Any]) -> str:
    # Servers before 0.22 know no isEqual: all their matchers are positive.
    operator = OPERATORS[matcher.get("isEqual", True), matcher["isRegex"]]
    return f'{matcher["name"]}{operator}"{matcher["value"]}"'
