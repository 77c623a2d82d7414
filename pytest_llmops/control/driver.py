"""What every driver can be asked, and what it says of its component."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.target.control import Control
    from pytest_llmops.target.settings import Valued

Act = Literal["start", "stop", "restart", "roll", "kill", "pause", "resume", "set", "pull"]
Ability = Literal["start", "stop", "restart", "roll", "kill", "pause", "resume", "set", "pull", "logs"]
State = Literal["running", "paused", "stopped"]


@dataclass(frozen=True, slots=True)
class Status:
    """How a component is.

    Attributes:
        state: ``running``, ``paused`` (there, and doing nothing) or ``stopped``; while it is on its way, where it was,
            unless the driver can tell where it goes: then that, and not ``settled``.
        instance: a word that is another once another process serves: container id and start time, pid and its start,
            uids of pods. Empty where nothing runs, or the driver cannot tell.
        detail: the driver's own words, such as ``Exited (137) 2 s ago``.
        restarts: how often it was restarted by what watches over it; None where the driver does not know.
        kept: plain JSON that ``start`` needs to bring it back just as it is now, such as the number of replicas; of a
            setting its value.
        settled: whether it is in its state: of what was told to run a replica may not be ready yet.
    """

    state: State
    instance: str = ""
    detail: str = ""
    restarts: int | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)
    settled: bool = True


class Driver(Protocol):
    """Acts on one component, or one setting; knows nothing of journals, keys or verdicts.

    Every method ends within its deadline or raises, never waits for more than that, and raises ``ControlError``: with
    kind ``absent`` (no such container, unit, …), ``refused`` (whoever has to do it said no), ``away`` (the engine or
    daemon itself does not answer) or ``timeout``. An act on a component that is already so is no error.

    Attributes:
        what: what it acts on, for people: ``container voyageur-ollama``.
        control: its table, so that it means the same in another folder and another environment.
        can: what it can do. What is not in here is never attempted.
    """

    @property
    def what(self) -> str:
        """See above."""
        ...

    @property
    def control(self) -> Control | Valued:
        """See above."""
        ...

    @property
    def can(self) -> frozenset[Ability]:
        """See above."""
        ...

    def status(self, within_s: float) -> Status:
        """How the component is now."""
        ...

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Have it done; whether it came about is seen by ``status``.

        Args:
            act: one of ``can``.
            within_s: deadline.
            kept: of the status that ``start`` brings back, or that ``set`` leads to; empty where there is none.
        """
        ...

    def logs(self, lines: int, within_s: float) -> list[str]:
        """The newest lines that it wrote, oldest first."""
        ...

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The command that a person types for the same: ``docker start voyageur-ollama``."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...
