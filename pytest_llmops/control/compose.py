"""Drives a service of a Compose project: Compose acts, and the engine says how its containers are."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.driver import Status
from pytest_llmops.control.engine import Engine, status_of
from pytest_llmops.control.tool import Tool
from pytest_llmops.errors import ControlError, nearest
from pytest_llmops.target.control import USUAL_ENGINE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.control.driver import Ability, Act, State
    from pytest_llmops.target.control import Compose
    from pytest_llmops.target.load import Target

WORDS: dict[Act, str] = {"resume": "unpause"}
PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
ONE_OFF = "com.docker.compose.oneoff"
ORDER: tuple[State, ...] = ("running", "paused", "stopped")
"""Of containers that differ, the first of these is the service's state."""
UNCONNECTED = ("Couldn't connect to Docker daemon", "Cannot connect to the Docker daemon")
USUALLY, FORMERLY = ("docker", "compose"), ("docker-compose",)
TRY_WITHIN_S = 2.0


def driver(settings: Compose, target: Target) -> ComposeDriver:
    """The driver of a ``control`` table."""
    return ComposeDriver(settings, target)


class ComposeDriver:
    """A service is one component, whatever the number of its containers: it runs while one of them does.

    ``stop`` is Compose's own: the stop signal, and SIGKILL after the service's ``stop_grace_period``.
    """

    can: frozenset[Ability] = frozenset({"start", "stop", "restart", "kill", "pause", "resume", "logs"})

    def __init__(self, settings: Compose, target: Target) -> None:
        self.what = settings.what
        self._settings = settings
        self._resolved = settings.resolved(target.root, target.environ)
        self._file = Path(self._resolved.file)
        at = {"DOCKER_HOST": str(self._resolved.host)}  # or Compose would follow a context of the docker command
        self._environ = {**target.environ, **at}
        self._shown = {} if self._resolved.host == USUAL_ENGINE else at
        self._engine = Engine(settings.host, target.environ)
        self._compose: Tool | None = None
        self._project = settings.project

    @property
    def control(self) -> Compose:
        """Its table; once the containers were looked at, with the project that they are of."""
        return self._resolved.model_copy(update={"project": self._project or self._resolved.project})

    def status(self, within_s: float) -> Status:
        """What the engine says of its containers."""
        return together([status_of(one) for one in self._containers(Deadline(within_s))])

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Have Compose do it to all of its containers."""
        deadline = Deadline(within_s)
        if act == "resume" and all(status_of(one).state != "paused" for one in self._containers(deadline)):
            return
        self._run(deadline, WORDS.get(act, act), self._settings.service)

    def logs(self, lines: int, within_s: float) -> list[str]:
        """The newest lines of all of its containers, by the engine's clock."""
        deadline = Deadline(within_s)
        dated: list[str] = []
        for one in self._containers(deadline):
            read = partial(_dated_lines, container=one["Id"], lines=lines)
            dated += self._engine.ask(deadline.left_s, read)
        return [line.partition(" ")[2] for line in sorted(dated, key=lambda line: line.partition(" ")[0])[-lines:]]

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The command of whichever Compose is there; of the usual one where that cannot be told at once."""
        try:
            tool = self._tool(Deadline(TRY_WITHIN_S))
        except ControlError:
            tool = self._calling(*USUALLY)
        return tool.typed(WORDS.get(act, act), self._settings.service)

    def close(self) -> None:
        """Give the connection to the engine back."""
        self._engine.close()

    def _containers(self, deadline: Deadline) -> list[dict[str, Any]]:
        """All of the service's containers, those of ``compose run`` left out, as the engine describes them."""
        if self._project is None:
            self._project = self._found_project(deadline)
        labels = [f"{PROJECT}={self._project}", f"{SERVICE}={self._settings.service}"]

        def described(api: Any) -> list[dict[str, Any]]:
            found = api.containers(all=True, filters={"label": labels})
            own = [one for one in found if one["Labels"].get(ONE_OFF, "False") != "True"]
            return [api.inspect_container(one["Id"]) for one in own]

        found = self._engine.ask(deadline.left_s, described)
        if not found:
            self._project = self._settings.project
            raise self._absent(deadline)
        return found

    def _found_project(self, deadline: Deadline) -> str:
        """The project's name, which depends on folder, file, environment and version: only Compose knows."""
        ids = self._run(deadline, "ps", "-q", "-a", self._settings.service).split()
        if not ids:
            raise self._absent(deadline)
        found = self._engine.ask(deadline.left_s, lambda api: api.inspect_container(ids[0]))
        return str(found["Config"]["Labels"][PROJECT])

    def _run(self, deadline: Deadline, *words: str) -> str:
        if not self._file.is_file():
            raise ControlError("", "absent", f"there is no Compose file {self._file}.")
        tool = self._tool(deadline)
        done = tool.run(*words, within_s=deadline.left_s)
        if not done.status:
            return done.out
        if "no such service" in f"{done.out}{done.err}".lower():
            raise self._absent(deadline)
        kind = "away" if any(sign in f"{done.out}{done.err}" for sign in UNCONNECTED) else "refused"
        raise ControlError("", kind, f"{tool.typed(*words)} ended with {done.status}; it said: {done.said}")

    def _absent(self, deadline: Deadline) -> ControlError:
        service = self._settings.service
        known = self._tool(deadline).run("config", "--services", within_s=deadline.left_s).out.split()
        if service in known:
            typed = self._tool(deadline).typed("up", "--no-start", service)
            return ControlError("", "absent", f"{self.what} has no container; make one: {typed}.")
        return ControlError("", "absent", f"{self._file} has no service {service!r}.{nearest(service, sorted(known))}")

    def _tool(self, deadline: Deadline) -> Tool:
        """Compose, version 2 where it is there."""
        if self._compose is None:
            self._compose = self._calling(*(self._settings.command or self._installed(deadline)))
        return self._compose

    def _calling(self, *words: str) -> Tool:
        project = ("-p", self._settings.project) if self._settings.project else ()
        return Tool((*words, "-f", str(self._file), *project), None, self._environ, self._shown)

    def _installed(self, deadline: Deadline) -> tuple[str, ...]:
        for words in (USUALLY, FORMERLY):
            try:
                if not Tool(words, environ=self._environ).run("version", within_s=deadline.left_s).status:
                    return words
            except ControlError as error:
                if error.kind != "away":
                    raise
        raise ControlError(
            "", "away", "neither 'docker compose' nor 'docker-compose' can be run here; install one, or set command."
        )


def _dated_lines(api: Any, container: str, lines: int) -> list[str]:
    said: bytes = api.logs(container, tail=lines, timestamps=True)
    return said.decode(errors="replace").splitlines()


def together(seen: Sequence[Status]) -> Status:
    """How a service is, whose containers are so; on its way until they agree."""
    states = {one.state for one in seen}
    there = [one for one in seen if one.state != "stopped"]
    details = "; ".join(one.detail for one in seen)
    return Status(
        next(state for state in ORDER if state in states),
        " ".join(sorted(one.instance for one in there)),
        details if len(seen) == 1 else f"{len(there)} of {len(seen)} containers: {details}",
        sum(one.restarts or 0 for one in seen),
        settled=len(states) == 1 and all(one.settled for one in seen),
    )
