"""The components of a target: addresses, keys, routes, and what counts as healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from pytest_llmops.target.addresses import DIRECT, checked_address, checked_proxy
from pytest_llmops.target.commands import Command
from pytest_llmops.target.control import Control
from pytest_llmops.target.durations import Seconds, seconds
from pytest_llmops.target.file_sets import Backup, FileSet
from pytest_llmops.target.log_sources import Event, Rotation, Source
from pytest_llmops.target.machine import Sought
from pytest_llmops.target.monitoring import AlertRule, Dashboard, Job, MetricRow, Scope
from pytest_llmops.target.paths import Below
from pytest_llmops.target.routes import Health, Route, misplaced
from pytest_llmops.target.secrets import without_userinfo
from pytest_llmops.target.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

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


class Auth(Table):
    """How calls are signed. Values are names of environment variables, never secrets."""

    header: str | None = Field(None, description="Header that carries the key, e.g. 'X-API-Key'; needs env.")
    env: str | None = Field(None, description="Environment variable with the key for header.")
    bearer: str | None = Field(None, description="Environment variable with the token of 'Authorization: Bearer'.")
    basic: str | None = Field(None, description="Environment variable with 'user:password'.")
    login: str | None = Field(
        None,
        description="Environment variable with 'user:password' of an account: the token that the route login gives "
        "for it signs calls, as 'Authorization: Bearer'. Of an API alone.",
    )
    roles: dict[str, str] = Field({}, description="Role name to environment variable, used in place of the above.")

    @model_validator(mode="after")
    def _one_scheme(self) -> Self:
        if bool(self.header) != bool(self.env):
            raise ValueError("header and env go together: the header's name and the variable with its value")
        if sum(1 for scheme in (self.header, self.bearer, self.basic, self.login) if scheme) != 1:
            raise ValueError("auth takes exactly one of header (with env), bearer, basic, login")
        if self.login and self.roles:
            raise ValueError("login takes no roles: each role would be an account of its own")
        return self

    @property
    def variable(self) -> str:
        """The environment variable of the scheme, those of roles apart."""
        return self.env or self.bearer or self.basic or self.login or ""

    @property
    def pair(self) -> bool:
        """Whether that variable holds ``user:password``."""
        return bool(self.basic or self.login)

    @property
    def variables(self) -> list[str]:
        """Every environment variable that is named here."""
        return [name for name in (self.env, self.bearer, self.basic, self.login, *self.roles.values()) if name]


class Tls(Table):
    """Certificates, as paths relative to the file."""

    ca: str | None = Field(None, description="Bundle that signs the server's certificate.")
    cert: str | None = Field(None, description="Our certificate, for servers that ask for one.")
    key: str | None = Field(None, description="The key of cert.")
    verify: bool = Field(True, description="false: any certificate will do. Said at the start and end of every run.")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if not self.verify and self.ca:
            raise ValueError("verify = false accepts any certificate, so ca would say nothing; leave out one of them")
        if self.key and not self.cert:
            raise ValueError("key goes with cert: the certificate that it belongs to")
        return self


class RateLimit(Table):
    """The target's own limit."""

    calls: int = Field(gt=0)
    per_s: float = Field(gt=0)


class Component(Table):
    """What every endpoint has."""

    addressed: ClassVar[bool] = True
    """Whether it is somewhere only where a url says so."""
    schemes: ClassVar[tuple[str, ...]] = ("http", "https")

    url: str | None = Field(None, description="Address, e.g. 'https://rag.staging.example'.")
    auth: Auth | None = None
    tls: Tls | None = None
    proxy: str | None = Field(
        None, description="Proxy to go through, or 'none'; without it HTTPS_PROXY, HTTP_PROXY and NO_PROXY count."
    )
    required: bool = Field(True, description="false: unreachable is a named skip.")
    rate_limit: Annotated[RateLimit | None, WithJsonSchema({"type": "string", "examples": ["100/h"]})] = Field(
        None, description="The target's own limit, e.g. '100/h'; our calls count."
    )
    deadline: Seconds = Field(30.0, gt=0, description="For one whole call, whatever it does.")
    control: Control | None = Field(None, description="How it is stopped, started and looked at.")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What ``repr`` and ``str`` show: never the user and password of a url."""
        for name, value in super().__repr_args__():
            yield name, without_userinfo(value) if name in {"url", "proxy"} and value else value

    @property
    def encrypted(self) -> bool:
        """Whether its address asks for TLS."""
        return urlsplit(self.url or "").scheme in {"https", "rediss"}

    @field_validator("auth")
    @classmethod
    def _asks_no_route(cls, value: Auth | None) -> Auth | None:
        if value is not None and value.login and "routes" not in cls.model_fields:
            raise ValueError("login asks a route for a token, and this component has no routes")
        return value

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return value if value is None else checked_address(value, cls.schemes)

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, value: str | None) -> str | None:
        return value if value in {None, DIRECT} else checked_proxy(str(value))

    @field_validator("rate_limit", mode="before")
    @classmethod
    def _read_rate(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        count, _, period = value.partition("/")
        if not count.strip().isdigit() or not period.strip():
            raise ValueError(f"{value!r} is not a rate; write for example '100/h' or '30/s'")
        unit = period.strip()
        return {"calls": int(count), "per_s": seconds(unit if unit[0].isdigit() else f"1 {unit}")}


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


class Prometheus(Component):
    """A Prometheus server, and what it ought to scrape and watch."""

    scrape_interval: Seconds | None = Field(None, gt=0, description="Its global one, where the runbook names it.")
    evaluation_interval: Seconds | None = Field(None, gt=0, description="Between evaluations of its rules.")
    external_labels: dict[str, str] = Field({}, description="That it puts on all that leaves it.")
    rule_files: list[str] = Field([], description="Names of the files that its rules come from.")
    alertmanagers: list[str] = Field([], description="host:port of those that it tells.")
    jobs: list[Job] = Field([], description="What it scrapes.")
    rules: list[AlertRule] = Field([], description="The alert rules of the runbook and its playbooks.")
    rows: list[MetricRow] = Field([], description="The rows of the runbook's tables of metrics.")
    scope: dict[str, Scope] = Field({}, description="How far a failure reaches, figure by figure.")
    playbooks: str = Field("", description="File with the playbooks, below the root of components.files.")

    @field_validator("rules")
    @classmethod
    def _names_differ(cls, value: list[AlertRule]) -> list[AlertRule]:
        names = [rule.alert for rule in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"alert names must differ; twice here: {', '.join(twice)}")
        return value


class Alertmanager(Component):
    """An Alertmanager."""


class Grafana(Component):
    """A Grafana server, and the dashboards that it ought to have."""

    dashboards: list[Dashboard] = []


class Langfuse(Component):
    """A Langfuse server."""


class Ui(Component):
    """A web interface for people: a Streamlit app."""

    health: str = Field("/_stcore/health", description="Path that answers ok while the web server runs.")
    metrics: str = Field("/_stcore/metrics", description="Path of its OpenMetrics page, which counts sessions.")
    root: str = Field(".", description="Folder that the app runs in, relative to llmops.toml.")
    app: str | None = Field(None, description="Its script below root; with it one question is asked as a person does.")
    python: str | None = Field(None, description="The interpreter that it runs in; ours by default.")
    env: dict[str, str] = Field(
        {}, description="Variables for the script; {ollama} is the address of that component, and so are other names."
    )
    model_box: str = Field("Language Model", description="Label of the box that the model is chosen in.")
    turn: Seconds = Field(120.0, gt=0, description="For the page to be shown, and for one answer.")


class Logs(Component):
    """Where log lines stand."""

    addressed: ClassVar[bool] = False
    root: str = Field(".", description="Folder below which files are named, relative to llmops.toml.")
    sources: dict[str, Source] = Field({}, description="Logs by name.")
    events: dict[str, Event] = Field({}, description="What is looked for in them, by name.")
    rotation: Rotation | None = None
    installation: Below | None = Field(
        None, description="A file below root as old as the installation: no log can reach back further."
    )
    watch: Seconds = Field(15.0, gt=0, description="How long new lines are waited for; a sandbox's time is compressed.")
    max_bytes: int = Field(64_000_000, gt=0, description="At most so much of a log is read, its newest part.")
    max_lines: int = Field(500_000, gt=0, description="At most so many of its lines are kept, the newest.")

    @model_validator(mode="after")
    def _events_have_sources(self) -> Self:
        for name, event in self.events.items():
            if event.source not in self.sources:
                raise ValueError(
                    f"events.{name} stands in source {event.source!r}, which is none of: {', '.join(self.sources)}"
                )
        return self


class Files(Component):
    """Files and folders that the application keeps."""

    addressed: ClassVar[bool] = False
    root: str = Field(".", description="Folder below which files are named, relative to llmops.toml.")
    sets: dict[str, FileSet] = Field({}, description="Files that belong together, by name.")
    backup: Backup | None = None

    @model_validator(mode="after")
    def _backs_up_sets(self) -> Self:
        unknown = [name for name in self.backup.sets if name not in self.sets] if self.backup else []
        if unknown:
            raise ValueError(f"backup.sets: there is no set {unknown[0]!r}; the sets are: {', '.join(self.sets)}")
        return self


class Machine(Component):
    """The machine that the system runs on: this one, or with a url the one of a node exporter."""

    addressed: ClassVar[bool] = False
    here: bool = Field(False, description="true: it is this one, though other components' addresses are elsewhere.")
    metrics: str = Field("/metrics", description="Path of the node exporter's page.")
    interval: Seconds = Field(1.0, gt=0, description="Over how long the use of the processors is looked at.")
    disks: dict[str, str] = Field({"root": "/"}, description="Name to where the file system is mounted.")
    processes: dict[str, Sought] = Field({}, description="The application's processes, by name.")
    process_list: str | None = Field(
        None,
        description="App command that prints `ps -eo pid,user,lstart,pcpu,rss,args`; else this machine is looked at.",
    )
    listener_list: str | None = Field(
        None, description="App command that prints `ss -tlnpH`; without it this machine is looked at."
    )
    gpu_list: str | None = Field(
        None,
        description="App command that prints `nvidia-smi --format=csv,noheader,nounits "
        "--query-gpu=name,memory.used,memory.total,utilization.gpu`; without it nvidia-smi of this machine, if any.",
    )


class AppCommand(Component):
    """Commands of the application, by name."""

    addressed: ClassVar[bool] = False
    root: str = Field(".", description="Folder in which commands run, relative to llmops.toml.")
    commands: dict[str, Command] = {}


class Containers(Component):
    """What parts of the system run in: containers, pods or units of systemd, as commands of ``app_command`` tell."""

    addressed: ClassVar[bool] = False
    parts: dict[str, str] = Field({}, description="Part to the container, compose service, pod or unit that it is.")
    list: str = Field("containers", description="Command that lists them: docker ps, kubectl get pods, systemctl show.")
    details: str | None = Field(None, description="Command for restarts and limits, names behind it: docker inspect.")
    usage: str | None = Field(None, description="Command for CPU and memory: docker stats, metrics of kubectl.")
    volumes: str | None = Field(None, description="Command for the size of volumes: docker system df, df -Pk.")


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
