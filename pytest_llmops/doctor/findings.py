"""What the doctor finds: steps that were tried, and what is to be done."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pytest_llmops.errors import LlmopsError

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to be done.

    Attributes:
        severity: ``problem``: a daily run cannot start, or not with what it needs; ``warning``: it can.
        what: the matter, as a sentence.
        advice: what to do.
        component: whose matter it is; empty where it is the target's.
    """

    severity: State
    what: str
    advice: str = ""
    component: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was tried at a component.

    Attributes:
        name: what: a level of preflight, or a step beyond.
        state: how it went.
        said: what it brought, or what is wrong.
        took_s: how long it took; None where it did not come to that.
    """

    name: str
    state: State
    said: str = ""
    took_s: float | None = None


@dataclass(slots=True)
class ComponentReport:
    """What was found out about a component.

    Attributes:
        component: its name.
        address: where it is, without secrets.
        required: whether a run fails without it.
        kind: of the preflight's failure; empty where it passed.
        facts: what the server said of itself.
        steps: in the order in which they were tried.
        findings: what is to be done.
    """

    component: str
    address: str
    required: bool
    kind: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong that would keep its checks from being made."""
        return not any(step.state == "problem" for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; the findings of all components stand together, elsewhere."""
        return {**{key: value for key, value in asdict(self).items() if key != "findings"}, "ok": self.ok}

    def found(self, name: str, said: str, took_s: float | None = None, state: State = "ok") -> None:
        """Note how a step went."""
        self.steps.append(Step(name, state, said, took_s))

    def wrong(self, name: str, state: State, what: str, advice: str = "", took_s: float | None = None) -> None:
        """Note what is wrong; of a component that is not required nothing is worse than a warning."""
        if not self.required:
            state = "warning"
        self.steps.append(Step(name, state, what, took_s))
        self.findings.append(Finding(state, f"{self.component}: {what}", advice, self.component))


@dataclass(slots=True)
class Pace:
    """How long calls take, as far as it was measured.

    Attributes:
        calls: ``component.method``, or the component alone for all its other calls, to seconds.
        first_s: component to seconds until the first token.
        token_s: component to seconds for every further token.
    """

    calls: dict[str, float] = field(default_factory=dict)
    first_s: dict[str, float] = field(default_factory=dict)
    token_s: dict[str, float] = field(default_factory=dict)


def bare(error: LlmopsError, component: str) -> str:
    """An error's words, without the component's name that stands beside them."""
    return str(error).removeprefix(f"{component}: ").rstrip(".")
