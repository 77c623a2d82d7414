"""How a component is stopped, started and looked at: its ``control`` table, one shape a driver."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, model_validator

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.secrets import in_userinfo, shown, userinfo
from pytest_llmops.target.table import Table, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Words = list[str]
"""A command as its words; no shell reads them."""

USUAL_ENGINE = "unix:///var/run/docker.sock"


class Driven(Table):
    """What every driver's table has."""

    said: ClassVar[str]
    """What is acted on, for people, with fields of the table in it: ``container {container}``."""

    deadline: Seconds = Field(60.0, gt=0, description="For one act, until the component was seen to be as asked.")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What ``repr`` and ``str`` show: never the user and password of an address."""
        for name, value in super().__repr_args__():
            yield name, shown(value) if name in {"host", "url"} and value else value

    @property
    def what(self) -> str:
        """What is acted on, for people."""
        return self.said.format_map(dict(iter(self)))

    def secrets(self, environ: Mapping[str, str]) -> list[str]:  # noqa: ARG002 (most have none)
        """What of it must never be shown, as far as it is set."""
        return []

    def resolved(self, root: Path, environ: Mapping[str, str]) -> Self:  # noqa: ARG002 (some depend on neither)
        """The same, with all written out that folder and environment say: who reads it later is in others.

        Args:
            root: from where its paths resolve.
            environ: what it leaves out may stand there.
        """
        return self


class Docker(Driven):
    """A container of a Docker Engine."""

    said: ClassVar = "container {container}"
    driver: Literal["docker"]
    container: str = Field(min_length=1, description="Its name or id.")
    host: str | None = Field(
        None, description="Address of the engine, e.g. 'unix:///run/docker.sock'; else DOCKER_HOST, else its usual one."
    )

    def secrets(self, environ: Mapping[str, str]) -> list[str]:
        """A password in the engine's address."""
        return in_address(self.host or environ.get("DOCKER_HOST", ""))

    def resolved(self, root: Path, environ: Mapping[str, str]) -> Self:  # noqa: ARG002
        """With the engine's address."""
        return self.model_copy(update={"host": engine_at(self.host, environ)})


class Compose(Driven):
    """A service of a Compose project."""

    said: ClassVar = "service {service} of {file}"
    driver: Literal["compose"]
    service: str = Field(min_length=1)
    file: str = Field("docker-compose.yml", description="Relative to llmops.toml.")
    project: str | None = Field(None, description="Project name; else what Compose makes of the folder.")
    command: Words = Field([], description="How Compose is called: else 'docker compose', else 'docker-compose'.")
    host: str | None = Field(None, description="Address of the engine, as DOCKER_HOST.")

    def secrets(self, environ: Mapping[str, str]) -> list[str]:
        """A password in the engine's address."""
        return in_address(self.host or environ.get("DOCKER_HOST", ""))

    def resolved(self, root: Path, environ: Mapping[str, str]) -> Self:
        """With the engine's address, and the project as far as it is said."""
        own = {"file": placed(root, self.file), "host": engine_at(self.host, environ)}
        return self.model_copy(update={**own, "project": self.project or environ.get("COMPOSE_PROJECT_NAME") or None})


class Supervisor(Driven):
    """A program of supervisord."""

    said: ClassVar = "program {program}"
    driver: Literal["supervisor"]
    program: str = Field(min_length=1, description="'name', or 'group:name'.")
    url: str = Field("unix:///run/supervisor.sock", description="Where supervisord listens; http:// too.")
    auth: Variable | None = Field(None, description="Environment variable with 'user:password'.")

    def secrets(self, environ: Mapping[str, str]) -> list[str]:
        """User and password, and the password alone."""
        return in_userinfo(environ.get(self.auth, "") if self.auth else "") + in_address(self.url)


class Systemd(Driven):
    """A unit of systemd."""

    said: ClassVar = "unit {unit}"
    driver: Literal["systemd"]
    unit: str = Field(min_length=1, description="E.g. 'ollama.service'.")
    user: bool = Field(False, description="A unit of the user's own manager.")
    via: Words = Field([], description="Words before each command, e.g. ['ssh', 'ops@host'] or ['sudo'].")


class Kubernetes(Driven):
    """A deployment or stateful set."""

    said: ClassVar = "{workload} in namespace {namespace}"
    driver: Literal["kubernetes"]
    workload: str = Field(
        pattern=r"^(deployment|statefulset)/[a-z0-9.-]+$", description="E.g. 'deployment/ollama', 'statefulset/qdrant'."
    )
    namespace: str = "default"
    context: str | None = Field(None, description="Of the kubeconfig; else its current one.")
    kubeconfig: str | None = Field(None, description="Relative to llmops.toml; else KUBECONFIG, else its usual place.")

    def resolved(self, root: Path, environ: Mapping[str, str]) -> Self:
        """With the whole path of the kubeconfig, where table or environment name one; of several each."""
        if self.kubeconfig:
            return self.model_copy(update={"kubeconfig": placed(root, str(Path(self.kubeconfig).expanduser()))})
        files = [placed(Path.cwd(), file) for file in environ.get("KUBECONFIG", "").split(os.pathsep) if file]
        return self.model_copy(update={"kubeconfig": os.pathsep.join(files) or None})


class Process(Driven):
    """A process of this machine, and signals."""

    driver: Literal["process"]
    pid_file: str | None = Field(None, description="File with its process id; relative to llmops.toml.")
    port: int | None = Field(None, gt=0, lt=65536, description="The TCP port where it listens, in place of a pid_file.")
    start: Words = Field([], description="Starts it; without this it is never stopped or killed, only paused.")
    cwd: str | None = Field(None, description="Where it is started; relative to llmops.toml, else beside it.")
    log: str | None = Field(None, description="What it writes; relative to llmops.toml.")

    @model_validator(mode="after")
    def _is_found_in_one_way(self) -> Self:
        if (self.pid_file is None) == (self.port is None):
            raise ValueError("a process is found by exactly one of pid_file and port")
        return self

    @property
    def what(self) -> str:
        """What is acted on, for people."""
        return f"process of {self.pid_file}" if self.pid_file else f"process that listens on port {self.port}"

    def resolved(self, root: Path, environ: Mapping[str, str]) -> Self:  # noqa: ARG002
        """With whole paths."""
        places = {"pid_file": self.pid_file, "log": self.log, "cwd": self.cwd or "."}
        return self.model_copy(update={key: placed(root, place) for key, place in places.items() if place})


class Command(Driven):
    """Commands of the team's own."""

    driver: Literal["command"]
    status: Words = Field(
        min_length=1, description="Exit status 0: it runs; 3: it is stopped; 4: it is paused; else it cannot be told."
    )
    instance: Words = Field(
        [], description="Prints a word that is another once another process serves, e.g. its process id."
    )
    start: Words = []
    stop: Words = []
    restart: Words = []
    roll: Words = Field([], description="Has new processes in the place of the old ones, which serve until then.")
    kill: Words = []
    pause: Words = []
    resume: Words = []
    logs: Words = []
    cwd: str | None = Field(None, description="Where they run; relative to llmops.toml, else beside it.")

    @property
    def what(self) -> str:
        """What is acted on, for people."""
        return f"what {shlex.join(self.status)!r} looks at"

    def resolved(self, root: Path, environ: Mapping[str, str]) -> Self:  # noqa: ARG002
        """With the whole path of where they run."""
        return self.model_copy(update={"cwd": placed(root, self.cwd or ".")})


class Sandboxed(Driven):
    """A process of the embedded sandbox; an embedded target's components have this table by themselves."""

    said: ClassVar = "part {part} of the sandbox"
    driver: Literal["sandbox"]
    socket: str = Field("", description="Where it listens, as it says when it is ready; relative to llmops.toml.")
    rolls: bool = Field(False, description="Whether its successor can serve before it ends.")
    part: str = Field(min_length=1, description="Of the sandbox: 'llm', 'vectors', a service, a process.")

    def resolved(self, root: Path, environ: Mapping[str, str]) -> Self:  # noqa: ARG002
        """With the whole path of the socket."""
        return self.model_copy(update={"socket": placed(root, self.socket)})


Control = Annotated[
    Docker | Compose | Supervisor | Systemd | Kubernetes | Process | Command | Sandboxed,
    Field(discriminator="driver"),
]
"""Any driver's table."""


def engine_at(host: str | None, environ: Mapping[str, str]) -> str:
    """The address of a Docker Engine, whoever says it; without a password, which no engine takes."""
    address = host or environ.get("DOCKER_HOST") or USUAL_ENGINE
    if not in_address(address):
        return address
    parts = urlsplit(address)
    pair, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{pair.partition(':')[0]}@{place}"))


def in_address(url: str) -> list[str]:
    """All that is secret in an address; a user without a password, as of ``ssh://``, is not."""
    try:
        pair = userinfo(url)
    except ValueError:  # whoever connects to it says what is wrong
        return []
    return in_userinfo(pair) if ":" in pair else []


def placed(root: Path, place: str) -> str:
    """The whole path of a place that is named from a folder."""
    return str((root / place).absolute())
