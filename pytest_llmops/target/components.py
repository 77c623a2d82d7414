"""The components of a target: addresses, keys, routes, and what counts as healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, field_validator, model_validator

from pytest_llmops.target.component import Component
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.routes import Health, OwnAlerts, Route, misplaced
from pytest_llmops.target.surroundings import AppCommand, Containers, Files, Logs, Machine, Ui
from pytest_llmops.target.table import Table
from pytest_llmops.target.watchers import Alertmanager, Grafana, Langfuse, Prometheus

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES: dict[str, tuple[str, ...]] = {
    "api": ("api",),
    "llm": ("ollama", "openai"),
    "ollama": ("ollama",),
    "openai": ("openai",),
    "vectors": ("qdrant",),
    "qdrant": ("qdrant",),
    "redis": ("redis",),
    "prometheus": ("prometheus",),
    "alertmanager": ("alertmanager",),
    "grafana": ("grafana",),
    "langfuse": ("langfuse",),
    "ui": ("ui",),
    "logs": ("logs",),
    "files": ("files",),
    "machine": ("machine",),
    "app_command": ("app_command",),
    "containers": ("containers",),
}
"""Which components can serve a fixture, the first configured one wins."""


class Api(Component):
    """The service in front, spoken to by routes that the profile describes."""

    routes: dict[str, Route] = {}
    health: Health | None = None
    ready: Health | None = Field(None, description="Where the states of its dependencies stand, if not in health.")
    alerts: OwnAlerts | None = Field(None, description="Which entries of its own alerts are active; without it all.")
    metrics: str | None = Field(None, description="Path of its Prometheus metrics.")
    rare: list[str] = Field([], description="Metrics that questions do not move; the lint takes them for alive.")

    @field_validator("routes")
    @classmethod
    def _placeholders_are_known(cls, value: dict[str, Route]) -> dict[str, Route]:
        wrong = [said for name, route in value.items() for said in misplaced(name, route)]
        if wrong:
            raise ValueError(" ".join(wrong))
        return value

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        login = self.routes.get("login")
        if self.auth and self.auth.login and (login is None or login.answer is None):
            raise ValueError("auth.login asks the route login; describe it in routes, with answer: where the token is")
        return self


class Detail(Table):
    """One detail level of an answer."""

    max_tokens: int = Field(gt=0)


class Llm(Component):
    """A model server."""

    model: str | None = Field(None, description="The model that is timed; without it the first one listed.")
    models: list[str] = Field([], description="Models that must be present.")
    embedding_model: str | None = None
    max_tokens: int = Field(64, gt=0, description="Length of a daily answer: short, it is the operator's money.")
    pull_deadline: Seconds = Field(1800.0, gt=0, description="For pulling a model, whatever its size.")
    candidate: str = Field(
        "", description="A model that lies there and is tried, by golden questions and in time, before it serves."
    )
    successor: str = Field("", description="The model that a rehearsed switch goes to: it is pulled, and goes again.")
    load_deadline: Seconds = Field(180.0, gt=0, description="For loading a model into memory, or unloading it.")
    endpoint: Literal["chat", "completions"] | None = Field(
        None,
        description="Which route generates. chat: /v1/chat/completions, Ollama's /api/chat. completions: "
        "/v1/completions (a model without a chat template has no other), Ollama's /api/generate. By default OpenAI's "
        "API chats and Ollama completes.",
    )
    detail: dict[str, Detail] = Field(
        {
            "summary": Detail(max_tokens=16),
            "standard": Detail(max_tokens=32),
            "detailed": Detail(max_tokens=64),
        },
        description="Detail levels by name.",
    )


class Vectors(Component):
    """A Qdrant server."""

    collection: str | None = Field(None, description="The collection that is searched.")
    vector: str | None = Field(None, description="Which of the collection's named vectors is searched.")
    owner: str | None = Field(None, description="Key of a point's payload that holds the id of the user it belongs to.")
    optimizers: dict[str, int | float] = Field(
        {},
        description="What of the collection's optimizers_config is to be in effect after maintenance, by Qdrant's "
        "names: { deleted_threshold = 0.2 }.",
    )
    optimise_deadline: Seconds = Field(600.0, gt=0, description="For an optimisation: until the collection is green.")
    snapshot_deadline: Seconds = Field(
        600.0, gt=0, description="For making a snapshot, for fetching it, and for recovering it, each."
    )
    snapshot_limit: float = Field(
        2000.0, gt=0, description="MB; a larger snapshot is not fetched, so that no restore of it is tried."
    )


class Redis(Component):
    """A Redis server, ``redis://host:port/db``."""

    schemes: ClassVar[tuple[str, ...]] = ("redis", "rediss", "unix")
    cache: list[str] = Field(
        [], description="Patterns of keys that are a cache, and may be cleared, as of SCAN MATCH: ['shop:cache:*']."
    )
    spare: list[str] = Field([], description="Patterns of keys among them that are none, such as sessions.")

    @field_validator("url")
    @classmethod
    def _tls_and_auth_are_tables(cls, value: str | None) -> str | None:
        asked = parse_qs(urlsplit(value or "").query, keep_blank_values=True)
        if any(word.startswith("ssl_") for word in asked):
            raise ValueError("ssl_… in the url is not read; write tls = { ca = …, cert = …, key = … } instead")
        if word := next((word for word in ("password", "username") if word in asked), ""):
            raise ValueError(
                f"{word}=… in the url is not read; name the variable that holds the password: "
                'write auth = { bearer = "VARIABLE" }, or { basic = "VARIABLE" } where it holds user:password'
            )
        return value

    @field_validator("proxy")
    @classmethod
    def _goes_straight(cls, value: str | None) -> str | None:
        if value is not None:
            raise ValueError("Redis does not speak HTTP and is reached without a proxy; leave it out")
        return value


class Worker(Component):
    """A process that nobody calls: its ``control`` table is all that is known of it."""

    addressed: ClassVar[bool] = False


GROUPS = ("services", "workers")
"""Tables of components that have names of the target's own."""


class Components(Table):
    """The endpoints of a target, by name."""

    api: Api | None = None
    ollama: Llm | None = None
    openai: Llm | None = None
    judge: Llm | None = Field(None, description="Any server of OpenAI's API that judges golden answers.")
    qdrant: Vectors | None = None
    redis: Redis | None = None
    prometheus: Prometheus | None = None
    alertmanager: Alertmanager | None = None
    grafana: Grafana | None = None
    langfuse: Langfuse | None = None
    ui: Ui | None = None
    logs: Logs | None = None
    files: Files | None = None
    machine: Machine | None = None
    app_command: AppCommand | None = None
    containers: Containers | None = None
    services: dict[str, Api] = Field({}, description="Further services that the system depends on, by name.")
    workers: dict[str, Worker] = Field(
        {}, description="Its processes that nobody calls, by name: a pipeline, a queue's."
    )

    @field_validator("services", "workers")
    @classmethod
    def _names_are_free(cls, value: dict[str, Component]) -> dict[str, Component]:
        taken = sorted(value.keys() & cls.model_fields.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)}: the name of a component of its own; call the service otherwise")
        return value

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if twice := sorted(self.services.keys() & self.workers.keys()):
            raise ValueError(f"{', '.join(twice)}: the name of a service and of a worker; call one of them otherwise")
        return self

    def configured(self) -> dict[str, Component]:
        """Those that the target has, in this order, services and workers last."""
        found = {name: getattr(self, name) for name in type(self).model_fields if name not in GROUPS}
        return {name: part for name, part in found.items() if part is not None} | self.services | self.workers

    def group_of(self, name: str) -> str:
        """The table in which a component of that name stands: ``services``, ``workers``, or none."""
        return next((group for group in GROUPS if name in getattr(self, group)), "")

    def replaced(self, parts: Mapping[str, Component | None]) -> Self:
        """The same with others in the places of some; None leaves one out.

        Args:
            parts: by the names of components that there are.
        """
        own = {name: part for name, part in parts.items() if not self.group_of(name)}
        grouped = {group: {**getattr(self, group)} for group in GROUPS}
        for group, held in grouped.items():
            held.update({name: part for name, part in parts.items() if name in held})
            grouped[group] = {name: part for name, part in held.items() if part is not None}
        return self.model_copy(update={**own, **grouped})

    def serving(self, role: str) -> str | None:
        """The component that serves a fixture or a ``needs`` word; None where the target has none."""
        configured = self.configured()
        return next((name for name in ROLES.get(role, ()) if name in configured), None)
