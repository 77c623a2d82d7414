"""What triage finds: one line for each thing that it looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["component", "health", "dependency", "models", "figure", "alert", "flag"]
State = Literal["ok", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        kind: what it is.
        name: which: a component, ``api.vectors`` (a dependency that a health body names), a figure, an alert, a flag.
        state: ``failed``: it is not well; ``unknown``: it could not be looked at, or says nothing.
        said: one line.
        component: whose failure would explain this one; empty where none would.
        required: of a component, whether the target needs it.
        level: of a figure that breaches its threshold: ``critical``, ``warning``, ``target``; of an alert its severity.
        value: of a figure, in ``unit``; None where it could not be read.
        unit: ``s``, ``%``, another word, or empty.
        applies: False: it is unknown, and nothing that is not well can hide behind that: the target has nothing of the
            kind, or has counted nothing.
    """

    kind: Kind
    name: str
    state: State
    said: str
    component: str = ""
    required: bool = True
    level: str = ""
    value: float | None = None
    unit: str = ""
    applies: bool = True

    @property
    def title(self) -> str:
        """As evidence names it: ``component ollama``, ``figure error_rate``."""
        return f"{self.kind} {self.name}"

    @property
    def reason(self) -> str:
        """What is said of it, for whoever has read its title: one line that does not begin with its name again."""
        return " ".join(self.said.split()).removeprefix(f"{self.name}: ")

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)
