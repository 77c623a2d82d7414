"""Drives a container of a Docker Engine."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.engine import Engine, status_of
from pytest_llmops.errors import ControlError, nearest
from pytest_llmops.target.control import USUAL_ENGINE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_llmops.control.driver import Ability, Act, Status
    from pytest_llmops.target.control import Docker
    from pytest_llmops.target.load import Target

WORDS: dict[Act, str] = {"resume": "unpause"}
USUAL_STOP_TIMEOUT_S = 10
"""The engine's own, of a container that was made without one."""


def driver(settings: Docker, target: Target) -> DockerDriver:
    """The driver of a ``control`` table."""
    return DockerDriver(settings, target)


class DockerDriver:
    """Asks the engine, whose ``stop`` is the container's stop signal, and SIGKILL after its stop timeout."""

    can: frozenset[Ability] = frozenset({"start", "stop", "restart", "kill", "pause", "resume", "logs"})

    def __init__(self, settings: Docker, target: Target) -> None:
        self.what = settings.what
        self.control = settings.resolved(target.root, target.environ)
        self._name = settings.container
        self._engine = Engine(settings.host, target.environ)

    def status(self, within_s: float) -> Status:
        """What the engine says of the container."""
        return status_of(self._inspected(Deadline(within_s)))

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Have the engine do it.

        Raises:
            ControlError: also of a container that would be gone for good, which is not stopped.
        """
        deadline = Deadline(within_s)
        found = self._inspected(deadline)
        if (status_of(found).state, act) in {("stopped", "stop"), ("stopped", "kill"), ("running", "resume")}:
            return
        if act in {"stop", "kill"} and found["HostConfig"].get("AutoRemove"):
            raise ControlError(
                "",
                "refused",
                f"{self.what} was made with --rm: {act} would remove it, and nothing could start it again. "
                "Make it without --rm.",
            )
        options = {}
        if act == "restart":  # for which the library asks for ten seconds, whatever the container's are
            own = found["Config"].get("StopTimeout")
            options["timeout"] = USUAL_STOP_TIMEOUT_S if own is None else own
        self._engine.ask(deadline.left_s, lambda api: getattr(api, WORDS.get(act, act))(self._name, **options))

    def logs(self, lines: int, within_s: float) -> list[str]:
        """The last lines of its standard output and error."""
        said = self._engine.ask(within_s, lambda api: api.logs(self._name, tail=lines))
        return said.decode(errors="replace").splitlines()

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The ``docker`` command."""
        host = self.control.host
        at = ["-H", host] if host and host != USUAL_ENGINE else []
        return shlex.join(["docker", *at, WORDS.get(act, act), self._name])

    def close(self) -> None:
        """Give the connection back."""
        self._engine.close()

    def _inspected(self, deadline: Deadline) -> dict[str, Any]:
        try:
            return self._engine.ask(deadline.left_s, lambda api: api.inspect_container(self._name))
        except ControlError as error:
            if error.kind != "absent":
                raise
        there = self._engine.ask(deadline.left_s, lambda api: api.containers(all=True))
        names = sorted(name.lstrip("/") for one in there for name in one["Names"] or ())
        raise ControlError(
            "",
            "absent",
            f"the Docker Engine at {self._engine.address} has no container {self._name!r}.{nearest(self._name, names)}",
        )
