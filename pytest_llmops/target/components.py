"""The components of a target: addresses, keys, routes, and what counts as healthy."""

from __future__ import annotations

from typing import ClassVar, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, field_validator, model_validator

from pytest_llmops.target.component import Component
from pytest_llmops.target.routes import Health, Route, misplaced
from pytest_llmops.target.surroundings import AppCommand, Containers, Files, Logs, Machine, Ui
from pytest_llmops.target.table import Table
from pytest_llmops.target.watchers import Alertmanager, Grafana, Langfuse, Prometheus

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


class Redis(Component):
    """A Redis server, ``redis://host:port/db``."""

    schemes: ClassVar[tuple[str, ...]] = ("redis", "rediss", "unix")

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


class Components(Table):
    """The endpoints of a target, by name."""

    api: Api | None = None
    ollama: Llm | None = None
    openai: Llm | None = None
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

    @field_validator("services")
    @classmethod
    def _names_are_free(cls, value: dict[str, Api]) -> dict[str, Api]:
        taken = sorted(value.keys() & cls.model_fields.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)}: the name of a component of its own; call the service otherwise")
        return value

    def configured(self) -> dict[str, Component]:
        """Those that the target has, in this order, services last."""
        found = {name: getattr(self, name) for name in type(self).model_fields if name != "services"}
        return {name: part for name, part in found.items() if part is not None} | self.services

    def serving(self, role: str) -> str | None:
        """The component that serves a fixture or a ``needs`` word; None where the target has none."""
        configured = self.configured()
        return next((name for name in ROLES.get(role, ()) if name in configured), None)
