"""What a load run sends, to whom and when: plain data that the generator's processes read, without a secret in it."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from pytest_llmops.target.loads import Stops
from pytest_llmops.target.prompts import PromptText
from pytest_llmops.target.table import Table


class Stage(Table):
    """A piece of the arrivals: one rate, or a ramp from one to another."""

    seconds: float = Field(gt=0, description="How long it lasts.")
    rate: float = Field(ge=0, description="Calls a second at its beginning.")
    to: float | None = Field(None, ge=0, description="And at its end; the same where it is left out.")

    def __str__(self) -> str:
        ramp = f" to {self.end_rate:g}" if self.end_rate != self.rate else ""
        return f"{self.rate:g}{ramp}/s for {self.seconds:g} s"

    @property
    def end_rate(self) -> float:
        """Calls a second at its end."""
        return self.rate if self.to is None else self.to

    @property
    def calls(self) -> float:
        """Arrivals that are to be expected in it."""
        return (self.rate + self.end_rate) / 2 * self.seconds


class Request(Table):
    """One kind of call of a mix, with the prompts that it sends in turn."""

    name: str = Field(description="What it is called where the calls of a mix are told apart.")
    component: str = Field(description="Who is called.")
    operation: Literal["route", "generate", "embed", "search", "write"] = Field(
        description="A route of an API; an answer or an embedding of a model server; a search for a vector, or a point "
        "with it that is written into a scratch collection."
    )
    weight: float = Field(1.0, gt=0, description="Its share of all calls, beside those of the others.")
    route: str = Field("", description="Of an API: which of its routes.")
    words: dict[str, Any] = Field({}, description="What its templates ask for besides prompt, user and fresh.")
    model: str | None = Field(None, description="Of a model server: which model; the timed one by default.")
    max_tokens: int | None = Field(None, gt=0, description="Length of an answer; the component's by default.")
    stream: bool = Field(True, description="Of an answer: token by token (TTFT, TPOT), or whole.")
    prompts: tuple[PromptText, ...] = Field(min_length=1)
    vectors: tuple[tuple[float, ...], ...] = Field((), description="Of a search: what is searched for, by prompt.")

    @model_validator(mode="after")
    def _has_what_it_sends(self) -> Self:
        if self.operation == "route" and not self.route:
            raise ValueError(f"request {self.name}: which route of {self.component}?")
        if self.operation in {"search", "write"} and len(self.vectors) != len(self.prompts):
            raise ValueError(f"request {self.name}: {len(self.vectors)} vectors for {len(self.prompts)} prompts")
        return self


class LoadPlan(Table):
    """What is sent, to whom and when.

    ``poisson`` and ``constant`` are open loop: calls begin when the stages say so, whatever has become of those
    before. ``closed`` is the closed loop: so many at a time, each followed by the next.
    """

    name: str = Field(description="Of the run's metrics.")
    target: str = Field(description="Name of the deployment.")
    root: str = Field(".", description="Folder that the paths of certificates are relative to.")
    table: dict[str, Any] = Field(description="The target's components that are called; secrets are named in it alone.")
    requests: tuple[Request, ...] = Field(min_length=1)
    arrivals: Literal["poisson", "constant", "closed"] = "poisson"
    stages: tuple[Stage, ...] = ()
    concurrency: int | None = Field(None, gt=0, description="Closed loop: calls at a time.")
    calls: int | None = Field(None, gt=0, description="Closed loop: how many in all.")
    seconds: float | None = Field(None, gt=0, description="Closed loop: for how long.")
    seed: int = Field(1, ge=0, description="Of the arrivals and of the mix.")
    cache_bust: bool = Field(False, description="Each prompt begins with words of its own, so that none is known.")
    deadline: float | None = Field(None, gt=0, description="Seconds for a call; the component's by default.")
    in_flight: int = Field(1000, gt=0, description="Calls at a time of one process; further ones are given up.")
    processes: int = Field(1, gt=0, description="Generating processes on this machine.")
    workers: int = Field(0, ge=0, description="Of other machines, in place of those here; see llmops load-worker.")
    bind: str = Field("127.0.0.1:5557", pattern=r".+:\d+", description="Where these connect to.")
    most_calls: int | None = Field(None, gt=0, description="Calls after which it ends, whatever it was to make.")
    tokens: int | None = Field(None, gt=0, description="Generated tokens after which it ends.")
    stops: Stops = Stops()

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if self.open:
            if not self.stages or self.concurrency or self.calls or self.seconds:
                raise ValueError(f"{self.arrivals} arrivals take stages, and no concurrency, calls or seconds")
            if not self.offered:
                raise ValueError("stages in which no call arrives are no load")
        elif self.stages or not self.concurrency or not (self.calls or self.seconds):
            raise ValueError("a closed loop takes concurrency, and calls or seconds; no stages")
        return self

    @property
    def open(self) -> bool:
        """Whether calls begin when they are due, whatever has become of those before."""
        return self.arrivals != "closed"

    @property
    def generators(self) -> int:
        """Processes that send."""
        return self.workers or self.processes

    @property
    def offered(self) -> float:
        """Calls that it makes, as far as they can be told ahead; 0 of a closed loop that lasts for a time."""
        return sum(stage.calls for stage in self.stages) if self.open else float(self.calls or 0)

    @property
    def lasts_s(self) -> float:
        """How long calls begin; 0 of a closed loop that ends with a number of calls."""
        return sum(stage.seconds for stage in self.stages) if self.open else self.seconds or 0.0

    @property
    def rate(self) -> float:
        """Calls a second that it offers, on the mean; 0 of a closed loop."""
        return self.offered / self.lasts_s if self.open else 0.0

    @property
    def peak(self) -> float:
        """Calls a second that it offers at the most; 0 of a closed loop."""
        return max((max(stage.rate, stage.end_rate) for stage in self.stages), default=0.0)

    def rate_at(self, seconds: float) -> float:
        """Calls a second that it offers so many seconds after its start; before and after it those of its ends."""
        for stage in self.stages:
            if seconds <= stage.seconds or stage is self.stages[-1]:
                passed = min(max(seconds / stage.seconds, 0.0), 1.0)
                return stage.rate + passed * (stage.end_rate - stage.rate)
            seconds -= stage.seconds
        return 0.0

    @property
    def shape(self) -> str:
        """How its calls arrive, in words: runs are compared only where these are the same."""
        if not self.open:
            ends = f"{self.calls} calls" if self.calls else f"{self.seconds:g} s"
            return f"closed loop, {self.concurrency} at a time, {ends}"
        return f"{self.arrivals}, {', '.join(map(str, self.stages))}"

    @property
    def patience_s(self) -> float:
        """Seconds that one call may take at the most."""
        components = self.table.get("components", {})
        tables = components | (components.get("services") or {})
        own = [float((tables.get(name) or {}).get("deadline") or 30.0) for name in self.components]
        return self.deadline or max(own)

    @property
    def at_most_s(self) -> float:
        """Seconds from the first call to the last answer at the most."""
        if self.calls is None:
            return self.lasts_s + self.patience_s
        rounds = math.ceil(self.calls / (self.concurrency or 1))
        return min(self.seconds or math.inf, rounds * self.patience_s) + self.patience_s

    @property
    def components(self) -> tuple[str, ...]:
        """Who is called."""
        return tuple(dict.fromkeys(request.component for request in self.requests))
