"""The Docker Engine: asked within a deadline, its refusals in sentences."""

from __future__ import annotations

import errno
import socket
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.driver import Status
from pytest_llmops.errors import ControlError, excerpt
from pytest_llmops.target.control import USUAL_ENGINE
from pytest_llmops.target.secrets import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import docker

T = TypeVar("T")

LONGEST_QUOTE = 300


class Engine:
    """One engine; connected to when it is first asked.

    Args:
        host: its address; None: as ``DOCKER_HOST`` says, else its usual one.
        environ: where ``DOCKER_HOST`` and its like are looked up.
    """

    def __init__(self, host: str | None, environ: Mapping[str, str]) -> None:
        self._environ = {**environ, **({"DOCKER_HOST": host} if host else {})}
        self._client: docker.DockerClient | None = None

    @property
    def address(self) -> str:
        """Where it is, as it may be shown."""
        return shown(self._environ.get("DOCKER_HOST") or USUAL_ENGINE)

    def ask(self, within_s: float, work: Callable[[docker.APIClient], T]) -> T:
        """What ``work`` makes of the engine's API.

        Raises:
            ControlError: ``absent``, ``refused``, ``away`` or ``timeout``.
        """
        import docker
        import requests

        deadline = Deadline(within_s)

        def asked() -> T:
            self._knock(deadline)
            if self._client is None:
                self._client = docker.from_env(environment=self._environ, timeout=ceil(within_s))
            self._client.api.timeout = ceil(within_s)  # for each read; all of them together have the deadline
            return work(self._client.api)

        late = f"the Docker Engine at {self.address} did not answer within {within_s:.3g} s."
        try:
            return deadline.call(asked, late)
        except docker.errors.NotFound as error:
            raise ControlError("", "absent", _said(error)) from error
        except docker.errors.APIError as error:
            raise ControlError("", "refused", f"the Docker Engine at {self.address} refuses: {_said(error)}") from error
        except requests.exceptions.Timeout as error:
            raise ControlError("", "timeout", late) from error
        except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
            raise self._unanswered(error) from error

    def close(self) -> None:
        """Give the connection back."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _knock(self, deadline: Deadline) -> None:
        """See whether anybody listens: the library wraps why not three times, and leaves a socket open."""
        scheme, _, path = self.address.partition("://")
        if scheme == "unix":
            with socket.socket(socket.AF_UNIX) as trying:
                trying.settimeout(deadline.left_s)
                trying.connect(path)

    def _unanswered(self, error: BaseException) -> ControlError:
        reason = _innermost(error)
        if isinstance(reason, PermissionError):
            return ControlError(
                "",
                "refused",
                f"this user may not use the Docker Engine at {self.address}; run as one who may, or join its group.",
            )
        said = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
        said = said.replace(self._environ.get("DOCKER_HOST") or USUAL_ENGINE, self.address)  # it may hold a password
        return ControlError(
            "",
            "away",
            f"no Docker Engine answers at {self.address} ({excerpt(said, LONGEST_QUOTE)}); "
            "start it, or set host or DOCKER_HOST to where it is.",
        )


def status_of(found: Mapping[str, Any]) -> Status:
    """How a container is, by what the engine says of it.

    Args:
        found: what it answers to ``inspect``.
    """
    state = found["State"]
    words = [state["Status"]]
    if health := state.get("Health", {}).get("Status"):
        words.append(health)
    if not state["Running"] and state["Status"] != "created":
        words.append(f"exit status {state['ExitCode']}")
        words += ["out of memory"] if state.get("OOMKilled") else []
        words += [excerpt(state["Error"], LONGEST_QUOTE)] if state.get("Error") else []
    detail, restarts = ", ".join(words), found.get("RestartCount")
    if state.get("Restarting"):
        return Status("running", "", detail, restarts, settled=False)
    if not state["Running"]:
        return Status("stopped", "", detail, restarts, settled=state["Status"] != "removing")
    instance = f"{found['Id'][:12]} since {state['StartedAt']}"
    return Status("paused" if state["Paused"] else "running", instance, detail, restarts)


def _said(error: Any) -> str:
    text = str(error.explanation or error).strip()
    return excerpt(text, LONGEST_QUOTE).rstrip(".") + "."


def _innermost(error: BaseException) -> BaseException:
    """The OSError that a library wrapped, as a cause, a context or an argument; else what is innermost."""
    seen: list[BaseException] = []
    ahead: list[Any] = [error]
    while ahead:
        one = ahead.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            ahead += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    known = [one for one in seen if isinstance(one, OSError) and one.errno in errno.errorcode]
    return known[0] if known else seen[-1]
