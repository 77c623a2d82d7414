"""Load on a target: how much of it there may be, what it consists of, and how it rises and falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from pytest_llmops.errors import did_you_mean
from pytest_llmops.target.components import GROUPS, ROLES
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.prompts import PromptText
from pytest_llmops.target.table import Table

if TYPE_CHECKING:
    from pytest_llmops.target.components import Components

Operation = Literal["route", "generate", "embed", "search"]

OPERATIONS: dict[str, Operation] = {
    **dict.fromkeys(("llm", "ollama", "openai"), "generate"),
    **dict.fromkeys(("vectors", "qdrant"), "search"),
}
"""What is asked of a component that has no routes, where nothing else is said."""


class LoadPrompt(PromptText):
    """One prompt of a workload."""

    weight: int = Field(1, gt=0, le=1000, description="How often it is sent, beside the others.")
    words: int = Field(0, ge=0, le=100_000, description="So many words of made-up context are put before its text.")


class LoadCall(Table):
    """One kind of call of a workload: who is asked, and what."""

    component: str = Field(
        "api", description="Who is called: api, llm (ollama, else openai), vectors, or a service's name."
    )
    route: str = Field("", description="Of an API: which of its routes; query by default.")
    operation: Operation | None = Field(
        None, description="Of a model server: generate (the default) or embed; a vector store is asked to search."
    )
    name: str = Field("", description="What its calls are called in reports; the route or the operation by default.")
    weight: float = Field(1.0, gt=0, description="Its share of all calls, beside those of the others.")
    words: dict[str, Any] = Field({}, description="What the route's templates ask for besides prompt, user and fresh.")
    model: str | None = Field(None, description="Of a model server: which model; the timed one by default.")
    max_tokens: int | None = Field(None, gt=0, description="Length of an answer; the component's by default.")
    stream: bool = Field(True, description="Of an answer: token by token (TTFT, TPOT), or whole.")

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        has_routes = self.component not in OPERATIONS
        if self.route and not has_routes:
            raise ValueError(f"{self.component} has no routes; give operation, or leave it out")
        if self.operation not in {None, "route"} and has_routes:
            raise ValueError(f"{self.component} is asked by its routes; give route in place of operation")
        fits = ("search",) if OPERATIONS.get(self.component) == "search" else ("generate", "embed")
        if not has_routes and self.asks not in fits:
            raise ValueError(f"{self.component} is asked to {' or to '.join(fits)}, not to {self.asks}")
        return self

    @property
    def asks(self) -> Operation:
        """What is asked."""
        return self.operation or OPERATIONS.get(self.component, "route")

    @property
    def by_route(self) -> str:
        """The route that is asked by; empty of what has none."""
        return (self.route or "query") if self.asks == "route" else ""

    @property
    def called(self) -> str:
        """Its name in reports."""
        return self.name or self.by_route or self.asks


class LoadWorkload(Table):
    """What is sent: kinds of calls in a mix, ``[targets.NAME.load.workloads.WORKLOAD]``."""

    calls: list[LoadCall] = Field([LoadCall()], min_length=1, description="Kinds of calls, each with its weight.")
    prompts: list[LoadPrompt] = Field([], description="What they ask; the target's own prompts by default.")
    cache_bust: bool = Field(False, description="true: each prompt begins with words of its own, so no cache knows it.")
    seed: int = Field(1, ge=0, description="Of the mix, of the arrivals, and of made-up context.")
    deadline: Seconds | None = Field(None, gt=0, description="For a call; the component's by default.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for what, names in (
            ("calls", [one.called for one in self.calls]),
            ("prompts", [one.id for one in self.prompts]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"two of its {what} are called {twice[0]!r}; give one of them another name")
        return self


class LoadStage(Table):
    """A piece of a shape: one rate, or a ramp from one to another, as times of the shape's rate."""

    lasts: Seconds = Field(gt=0, description="How long, e.g. '30 s'.")
    times: float = Field(1.0, ge=0, description="Calls a second at its beginning, as times of the shape's rate.")
    to: float | None = Field(None, ge=0, description="And at its end; the same where it is left out.")

    @property
    def most(self) -> float:
        """The highest rate in it, as times of the shape's."""
        return max(self.times, self.times if self.to is None else self.to)


class Stops(Table):
    """When a load is given up before its end: a target that has had enough is left alone."""

    error_rate: float | None = Field(0.5, gt=0, le=1, description="Share of failed calls within the window.")
    p95: Seconds | None = Field(None, gt=0, description="95th percentile of the response times in it, e.g. '10 s'.")
    window: Seconds = Field(5.0, gt=0, description="How far back is looked.")
    least: int = Field(20, gt=0, description="Calls in the window below which it says nothing.")


class LoadShape(Table):
    """How load rises and falls, ``[targets.NAME.load.shapes.SHAPE]``: stages, or a closed loop."""

    arrivals: Literal["poisson", "constant"] = Field("poisson", description="At random, or evenly.")
    rate: float | None = Field(None, gt=0, description="Calls a second that its stages are times of; else load.rate.")
    stages: list[LoadStage] = []
    concurrency: int | None = Field(None, gt=0, description="Closed loop: so many calls at a time, in place of stages.")
    calls: int | None = Field(None, gt=0, description="Closed loop: so many calls in all.")
    lasts: Seconds | None = Field(None, gt=0, description="Closed loop: for so long.")
    stops: Stops | None = Field(None, description="Its own rules of giving up, in place of load.stops.")

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        closed = self.concurrency or self.calls or self.lasts
        if self.stages and closed:
            raise ValueError("a shape has stages (open loop), or concurrency with calls or lasts (closed): not both")
        if not self.stages and not (self.concurrency and (self.calls or self.lasts)):
            raise ValueError("a shape needs stages, or concurrency with calls or lasts")
        if self.stages and not any(stage.most for stage in self.stages):
            raise ValueError("stages in which no call arrives are no load")
        return self

    def offered(self, rate: float) -> float:
        """Calls that it makes where its stages are times of this rate; 0 of a closed loop that lasts for a time."""
        halves = ((one.times + (one.times if one.to is None else one.to)) / 2 * one.lasts for one in self.stages)
        return rate * sum(halves) if self.stages else float(self.calls or 0)


class LoadGuard(Table):
    """A question that is asked while a load runs: the load ends when its answers fail."""

    component: str = Field("api", description="Whose health is asked; none where the target has no such component.")
    every: Seconds = Field(5.0, gt=0, description="How often.")
    fails: int = Field(3, gt=0, description="So many bad answers, one after the other, end the load.")
    deadline: Seconds = Field(5.0, gt=0, description="For an answer; one that takes longer is a bad one.")


class LoadRemote(Table):
    """Generating processes of other machines, in place of those here: started there, they connect to this one."""

    workers: int = Field(gt=0, description="How many there have to be.")
    bind: str = Field(
        "127.0.0.1:5557", pattern=r"^.+:\d+$", description="Where they connect to: address:port of this machine."
    )


class Load(Table):
    """How load is put on a target, ``[targets.NAME.load]``."""

    rate: float = Field(5.0, gt=0, description="Calls a second that shapes are times of, where they name none.")
    rate_cap: float = Field(50.0, gt=0, description="Calls a second that no load exceeds, whatever asks for them.")
    concurrency_cap: int = Field(64, gt=0, description="Calls at a time that no closed loop exceeds.")
    processes: int = Field(1, gt=0, le=64, description="Generating processes on this machine.")
    stops: Stops = Stops()
    guard: LoadGuard = LoadGuard()
    remote: LoadRemote | None = Field(None, description="Generating processes of other machines.")
    workloads: dict[str, LoadWorkload] = Field({}, description="What is sent, by name.")
    shapes: dict[str, LoadShape] = Field({}, description="How load rises and falls, by name.")

    def unknown(self, components: Components) -> str:
        """What its workloads call that the target does not have, in words; empty where they call nothing of the kind.

        A component that others have and the target lacks is none of that: such a load does not apply to it.
        """
        known = {*ROLES, *type(components).model_fields, *components.services} - {*GROUPS}
        for name, workload in self.workloads.items():
            for called in (call.component for call in workload.calls):
                if called not in known:
                    return (
                        f"load.workloads.{name} calls {called!r}, which is no component.{did_you_mean(called, known)}"
                    )
        return ""
