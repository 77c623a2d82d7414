"""Figures of a target: each has a name, and a table that says where the number comes from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from pytest_llmops.errors import excerpt
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.table import JmesPath, Regex, Table


class Sourced(Table):
    """What every figure has."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    unit: str = Field("", description="Of the number: s for times, %, another word, or empty.")
    triage: bool = Field(True, description="false: triage does not look at it; it is of the past, or makes work.")

    @property
    def source(self) -> str:
        """The component that it is read from."""
        return str(getattr(self, "component", None) or getattr(self, "kind", ""))

    @property
    def place(self) -> str:
        """Where it is read, in words."""
        raise NotImplementedError

    @property
    def share_of_calls(self) -> bool:
        """Whether it is a share of a few calls of ours, of which by luck none may fail, or all."""
        return False

    @property
    def counted_in(self) -> str:
        """Its unit: as the table says, else as the source has it."""
        return self.unit


class FromMetrics(Sourced):
    """A number out of a page of Prometheus metrics.

    The value is ``scale`` x sum(metric{where}) / sum(over{over_where}); without ``over`` the sum alone. With
    ``quantile`` it is that quantile of the histogram, by linear interpolation within its buckets.
    """

    kind: Literal["metrics"] = Field(alias="from")
    component: str = Field("api", description="Whose page it is.")
    page: str | None = Field(None, description="Path of the page; without it the component's own, else /metrics.")
    metric: list[str] = Field(min_length=1)
    where: dict[str, Regex] = Field({}, description="Label to a regular expression that its whole value matches.")
    over: list[str] = []
    over_where: dict[str, Regex] = {}
    by: str | None = Field(None, description="A label: the figure is the share of each of its values.")
    quantile: float | None = Field(None, gt=0, lt=1)
    during: Literal["traffic"] | None = Field(
        None, description="traffic: what it counted during our own round of questions; else since the service's start."
    )
    rate: bool = Field(False, description="What it counted each second of that round, as of process_cpu_seconds_total.")
    scale: float = 1.0

    @model_validator(mode="after")
    def _is_of_a_time(self) -> FromMetrics:
        if self.rate and (self.during is None or self.over or self.quantile or self.by):
            raise ValueError('rate is of one counter during = "traffic", without over, quantile and by')
        return self

    @property
    def place(self) -> str:
        """Where it is read, in words."""
        return f"the metrics page of {self.component}"


class FromPrometheus(Sourced):
    """The one number that an expression is."""

    kind: Literal["prometheus"] = Field(alias="from")
    query: str = Field(description="PromQL that is one number.")
    scale: float = 1.0

    @property
    def place(self) -> str:
        """Where it is read, in words; the whole expression stands in the call below a failure."""
        return f"prometheus, {excerpt(self.query, 60)!r}"


class Told(Sourced):
    """A number that stands in JSON."""

    value: JmesPath = Field(description="JMESPath of the number.")
    at: JmesPath | None = Field(None, description="JMESPath of the time that it is of (epoch or ISO 8601).")
    max_age: Seconds = Field(300.0, gt=0, description="How old it may be, where at says so.")
    scale: float = 1.0


class FromAppCommand(Told):
    """A number in what a command of the application prints."""

    kind: Literal["app_command"] = Field(alias="from")
    command: str = Field(description="Its name in components.app_command.commands.")

    @property
    def place(self) -> str:
        """Where it is read, in words."""
        return f"the command {self.command}"


class FromService(Told):
    """A number in the answer of a route."""

    kind: Literal["service"] = Field(alias="from")
    component: str = Field("api", description="Whose route it is.")
    route: str

    @property
    def place(self) -> str:
        """Where it is read, in words."""
        return f"{self.component}, route {self.route}"


OF_MACHINE = {
    "cpu": "%",
    "memory": "%",
    "swap": "%",
    "load": "",
    "disk_used": "%",
    "disk_free": "%",
    "processes": "processes",
    "process_cpu": "%",
    "process_memory": "MB",
    "open_files": "files",
    "sockets": "sockets",
    "gpu_memory": "%",
    "gpu_utilisation": "%",
}
"""What a machine can be asked, and the unit of each."""


class FromMachine(Sourced):
    """A number of the machine."""

    kind: Literal["machine"] = Field(alias="from")
    what: Literal[
        "cpu", "memory", "swap", "load", "disk_used", "disk_free", "processes", "process_cpu", "process_memory",
        "open_files", "sockets", "gpu_memory", "gpu_utilisation",
    ]  # fmt: skip
    disk: str | None = Field(None, description="Name in components.machine.disks, for disk_used and disk_free.")
    process: str | None = Field(None, description="Name in components.machine.processes.")
    during: str | None = Field(
        None, description="A component: the median while a few calls of ours to it are under way, else of now."
    )

    @model_validator(mode="after")
    def _says_of_what(self) -> FromMachine:
        if self.what.startswith("disk_") and self.disk is None:
            raise ValueError(f"what = {self.what!r} needs disk: a name of components.machine.disks")
        of_process = self.what in {"processes", "process_cpu", "process_memory", "open_files", "sockets"}
        if of_process and self.process is None:
            raise ValueError(f"what = {self.what!r} needs process: a name of components.machine.processes")
        return self

    @property
    def place(self) -> str:
        """Where it is read, in words."""
        return f"machine, {self.what}"

    @property
    def counted_in(self) -> str:
        """Its unit: as the table says, else as the source has it."""
        return self.unit or OF_MACHINE[self.what]


class FromContainers(Sourced):
    """What a part of the system uses of what its container may use; of several containers the one that is nearest."""

    kind: Literal["containers"] = Field(alias="from")
    part: str = Field(description="Of the parts in components.containers.parts.")
    what: Literal["cpu", "memory"] = Field(
        description="cpu: of its limit, else of one processor; memory: of its limit."
    )

    @property
    def place(self) -> str:
        """Where it is read, in words."""
        return f"the containers of {self.part}, {self.what}"

    @property
    def counted_in(self) -> str:
        """Its unit: as the table says, else as the source has it."""
        return self.unit or "%"


class FromLogs(Sourced):
    """How many lines of a log there are, or their share."""

    kind: Literal["logs"] = Field(alias="from")
    log: str = Field(description="Its name in components.logs.sources.")
    level: str = Field("", description="Lines of this level, and of worse ones.")
    having: str = Field("", description="Lines in which this field, one of the source's keys, is true.")
    among: str = Field(
        "", description="Only lines in which this field, one of the source's keys, is true, count at all."
    )
    since: Seconds = Field(3600.0, gt=0, description="How far back it is counted.")
    share: bool = Field(False, description="true: the share among all lines of that time, in %.")

    @model_validator(mode="after")
    def _counts_something(self) -> FromLogs:
        if bool(self.level) == bool(self.having):
            raise ValueError("lines are counted by level or by having, the name of a field; give one of them")
        return self

    @property
    def place(self) -> str:
        """Where it is read, in words."""
        return f"the log {self.log}"

    @property
    def counted_in(self) -> str:
        """Its unit: as the table says, else as the source has it."""
        return self.unit or ("%" if self.share else "")


class FromTraffic(Sourced):
    """What our own calls met with: of the round of questions, or of a few calls to another component."""

    kind: Literal["traffic"] = Field(alias="from")
    component: str = Field("api", description="Who is called.")
    what: Literal["up", "failed", "broken", "answered", "mean", "median", "slowest", "slower", "load"] = Field(
        description="up: the share of a few light probes that were answered, by a model server with its version and by "
        "a page with ok; the others are of real questions, asked on the page where it is one, and of a vector store's "
        "searches; failed: without an answer to read; broken: of these, what the server failed, by 5xx or nothing "
        "whole; load: the longest that a model was loaded, in s, where the server says it."
    )
    slower_than: Seconds | None = Field(None, gt=0, description="For what = 'slower': the share of calls above it.")

    @model_validator(mode="after")
    def _slower_than_what(self) -> FromTraffic:
        if (self.what == "slower") != (self.slower_than is not None):
            raise ValueError("slower_than goes with what = 'slower', and with nothing else")
        return self

    @property
    def place(self) -> str:
        """Where it is read, in words."""
        return f"our own calls to {self.component}"

    @property
    def share_of_calls(self) -> bool:
        """Whether it is a share of a few calls of ours, of which by luck none may fail, or all."""
        return self.what in {"up", "failed", "broken", "answered"}

    @property
    def counted_in(self) -> str:
        """Its unit: as the table says, else as the source has it."""
        return self.unit or ("s" if self.what in {"mean", "median", "slowest", "load"} else "%")


Figure = Annotated[
    FromMetrics | FromPrometheus | FromAppCommand | FromService | FromMachine | FromContainers | FromLogs | FromTraffic,
    Field(discriminator="kind"),
]
"""Any figure's table."""
