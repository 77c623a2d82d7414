"""The shape of ``llmops.toml`` and of the profiles under it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from pytest_llmops.errors import nearest
from pytest_llmops.target.ballast import Ballast
from pytest_llmops.target.components import Components
from pytest_llmops.target.cuts import Cut
from pytest_llmops.target.databases import Database
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.embedded import Sandbox
from pytest_llmops.target.environments import Environment
from pytest_llmops.target.fault_proxies import Proxied
from pytest_llmops.target.figures import Figure, FromLogs
from pytest_llmops.target.golden import Golden
from pytest_llmops.target.growth import Growing
from pytest_llmops.target.loads import Load
from pytest_llmops.target.memory import History, State
from pytest_llmops.target.monitoring import Vacuity
from pytest_llmops.target.operations import Operation
from pytest_llmops.target.points import Point
from pytest_llmops.target.prompts import PromptText
from pytest_llmops.target.retrieval import Search
from pytest_llmops.target.runbook import Runbook
from pytest_llmops.target.schedules import Schedule
from pytest_llmops.target.security import Security
from pytest_llmops.target.settings import Setting
from pytest_llmops.target.severities import Incident, Notify, Severity, misrouted
from pytest_llmops.target.staging import Staging
from pytest_llmops.target.table import Table
from pytest_llmops.target.thresholds import Threshold
from pytest_llmops.target.waivers import Waiver
from pytest_llmops.target.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Iterable


class Baseline(Table):
    """How timed metrics are compared with stored baselines (the rule: docs, 'verdict')."""

    primary: list[str] = Field([], description="Metrics that gate; others only when a second run confirms. Empty: all.")
    recorded: list[str] = Field([], description="Metrics that thresholds alone judge; '*' stands for any text.")
    threshold: float = Field(1.20, gt=1, description="Times slower than the baseline that fails.")
    floor: Seconds = Field(0.0, ge=0, description="Differences below this are nobody's problem, e.g. '5 ms'.")
    tau0: float = Field(0.05, gt=0, lt=1, description="Expected sd between runs: .03 same host, .05, .10 shared SaaS.")
    looks: list[int] = Field([], description="Calls of a run at which it is judged. Empty: 30, 60, 120, 240; slow: 10.")
    points: dict[str, Point] = Field({}, description="Metrics that are compared with a number of the team's own.")

    @model_validator(mode="after")
    def _looks_ascend(self) -> Self:
        rising = all(before < after for before, after in pairwise([0, *self.looks]))
        if not rising:
            raise ValueError(f"looks = {self.looks} must be above 0 and ascend, for example [30, 60, 120]")
        return self

    @model_validator(mode="after")
    def _points_are_of_times(self) -> Self:
        rates = [name for name in self.points if name.endswith(".error_rate")]
        if rates:
            raise ValueError(f'points."{rates[0]}": a share of failed calls has no point; give it a threshold')
        return self


class Price(Table):
    """What calls to one component cost, in whatever money."""

    call: float = Field(0.0, ge=0, description="Each call.")
    million_tokens: float = Field(0.0, ge=0, description="A million generated tokens.")

    def of(self, calls: float, tokens: float) -> float:
        """What these cost."""
        return calls * self.call + tokens * self.million_tokens / 1e6


class Budget(Table):
    """What one run may cost the target."""

    seconds: Seconds = Field(600.0, gt=0, description="Wall time of all measurements together.")
    requests: int = Field(2000, gt=0, description="Calls of every kind.")
    tokens: int = Field(200_000, gt=0, description="Generated tokens, by the server's own count.")
    cost: float | None = Field(None, gt=0, description="Money, in the unit of prices.")
    prices: dict[str, Price] = Field({}, description="What calls cost, by component; others are free.")

    @model_validator(mode="after")
    def _knows_what_it_counts(self) -> Self:
        if self.cost is not None and not self.prices:
            raise ValueError("cost needs prices, for example prices.openai = { million_tokens = 0.6 }")
        return self


class Disruption(Table):
    """The first of two keys for whatever changes the target; the second is typed on the command line."""

    allowed: bool = False
    windows: list[str] = Field(
        [], description="Maintenance windows, e.g. 'Sat 02:00-04:00', 'first Sun 02:00-06:00'. None: at any time."
    )
    timezone: str | None = Field(None, description="Whose clock they mean, e.g. 'Europe/Berlin'; else this machine's.")
    only: dict[str, list[str]] = Field(
        {},
        description="Section of the runbook, the middle word of its steps' ids, to those of the windows that its steps "
        "wait for; no other lets them through.",
    )
    anytime: list[str] = Field(
        [], description="Sections of the runbook whose steps wait for no window, such as those for an incident."
    )

    @field_validator("windows")
    @classmethod
    def _are_windows(cls, value: list[str]) -> list[str]:
        Windows.read(value, None)
        return value

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str | None) -> str | None:
        Windows.read([], value)
        return value

    @model_validator(mode="after")
    def _waits_for_windows(self) -> Self:
        for section, texts in self.only.items():
            if not texts:
                raise ValueError(f"only.{section} names no window; leave it out, and any of windows will do")
            strange = [one for one in Windows.read(texts, None).windows if one not in self.maintenance.windows]
            if strange:
                known = ", ".join(map(str, self.maintenance.windows)) or "none"
                raise ValueError(f"only.{section} waits for '{strange[0]}', which is none of windows: {known}")
        return self

    @property
    def maintenance(self) -> Windows:
        """When a change may begin."""
        return Windows.read(self.windows, self.timezone)

    def waited_for(self, procedures: Iterable[str]) -> Windows:
        """When a change may begin that carries out these steps: within the windows of their sections, else any.

        At any time, where one of them is of a section that waits for none.

        Args:
            procedures: ids of the catalogue.
        """
        sections = dict.fromkeys(name.split(".")[1] for name in procedures)
        if not sections.keys().isdisjoint(self.anytime):
            return Windows.read([], self.timezone)
        texts = [text for section in sections for text in self.only.get(section, ())]
        return Windows.read(texts, self.timezone) if texts else self.maintenance


class TargetTable(Table):
    """One deployment, ``[targets.NAME]``, with its profile's values under it."""

    profile: str = Field("none", description="Ready settings for one kind of system; none: a few thresholds alone.")
    system: str = Field("", description="The system of the catalogue whose runbook applies.")
    environment: Environment = "staging"
    components: Components = Components()
    settings: dict[str, Setting] = Field({}, description="Values of the system that an operation may change, by name.")
    proxies: dict[str, Proxied] = Field({}, description="Fault proxies between components, by name.")
    ballast: dict[str, Ballast] = Field({}, description="Disks that a drill may make nearly full, by name.")
    cuts: dict[str, Cut] = Field({}, description="Addresses that a drill may cut off from this machine, by name.")
    databases: dict[str, Database] = Field({}, description="Databases whose dump is restored elsewhere, by name.")
    operations: dict[str, Operation] = Field({}, description="What may be done to the system, step by step, by name.")
    figures: dict[str, Figure] = Field({}, description="Where numbers come from, by name.")
    thresholds: dict[str, Threshold] = {}
    growth: dict[str, Growing] = Field({}, description="Metrics that are looked at over time, by name.")
    prompts: list[PromptText] = Field([], description="The workload that timed calls send.")
    golden: Golden = Field(Golden(), description="Questions whose right answers are known.")
    retrieval: dict[str, Search] = Field(
        {}, description="Its searches, and queries whose documents are known, by name."
    )
    baseline: Baseline = Baseline()
    budget: Budget = Budget()
    load: Load = Field(Load(), description="How much load there may be, what it consists of, how it rises and falls.")
    security: Security = Field(Security(), description="What a security review may expect of it.")
    preflight_deadline: Seconds = Field(
        180.0, gt=0, description="For the first real token; cold model loads of 104 s exist."
    )
    runbook: Runbook = Runbook()
    sandbox: Sandbox = Sandbox()
    vacuous: list[Vacuity] = Field([], description="What can say nothing on this system; the lint verifies each.")
    waivers: list[Waiver] = []
    disruption: Disruption = Disruption()
    severities: list[Severity] = Field([], description="How bad an incident is, from the worst on.")
    incident: Incident = Incident()
    notify: Notify = Notify()
    staging: Staging = Staging()
    schedule: Schedule = Schedule()
    # Named here so that a file written for the whole product is valid; `unread` says what this version leaves alone.
    audit: dict[str, Any] = Field({}, description="Services that audits may ask.")

    @model_validator(mode="after")
    def _prompt_ids_differ(self) -> Self:
        ids = [prompt.id for prompt in self.prompts]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"prompt ids must differ; twice here: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _searches_are_known(self) -> Self:
        for name, search in self.retrieval.items():
            if not re.fullmatch(r"[A-Za-z0-9][\w-]*", name):
                raise ValueError(f"retrieval.{name}: a search is called by letters, digits, _ and -, e.g. 'documents'")
            for key, one, known in (
                ("same_as", search.same_as, self.retrieval),
                ("embedder", search.embedder, self.components.services),
            ):
                if one and one not in known:
                    raise ValueError(f"retrieval.{name}.{key}: this target has no {one!r}.{nearest(one, known)}")
        return self

    @model_validator(mode="after")
    def _severities_are_known(self) -> Self:
        if wrong := misrouted(self.severities, self.notify, self.incident):
            raise ValueError(wrong)
        return self

    @model_validator(mode="after")
    def _schedule_tells_somebody(self) -> Self:
        if self.schedule.notify and not self.notify.places:
            raise ValueError("schedule.notify = true and nobody to tell; name channels (notify.urls_env)")
        return self

    @model_validator(mode="after")
    def _counted_fields_are_read(self) -> Self:
        sources = self.components.logs.sources if self.components.logs else {}
        for name, figure in self.figures.items():
            if not isinstance(figure, FromLogs) or figure.log not in sources:
                continue
            fields = sources[figure.log].fields
            if figure.having and figure.having not in fields:
                known = ", ".join(sorted(fields)) or "none"
                raise ValueError(
                    f"figures.{name} counts lines of {figure.log} by {figure.having!r}, "
                    f"which is none of its fields: {known}"
                )
        return self

    @model_validator(mode="after")
    def _load_is_on_components(self) -> Self:
        if wrong := self.load.unknown(self.components):
            raise ValueError(wrong)
        return self

    @model_validator(mode="after")
    def _prices_are_of_components(self) -> Self:
        known = self.components.configured()
        strange = [name for name in self.budget.prices if name not in known]
        if strange:
            near = nearest(strange[0], known)
            raise ValueError(f"budget.prices.{strange[0]} is of no component of this target.{near}")
        return self

    @model_validator(mode="after")
    def _names_of_settings_are_free(self) -> Self:
        twice = sorted(self.settings.keys() & self.components.configured().keys())
        if twice:
            raise ValueError(f"settings.{twice[0]}: a component is called so; call the setting otherwise")
        return self

    @model_validator(mode="after")
    def _proxies_are_between_components(self) -> Self:
        known = self.components.configured()
        for name, proxy in self.proxies.items():
            if name in known or name in self.settings:
                kind = "component" if name in known else "setting"
                raise ValueError(f"proxies.{name}: a {kind} is called so; call the proxy otherwise")
            for key, one in (("component", proxy.component), ("asked_by", proxy.asked_by)):
                if one not in known:
                    near = nearest(one, known)
                    raise ValueError(f"proxies.{name}.{key}: {one!r} is no component of this target.{near}")
        return self

    @model_validator(mode="after")
    def _names_of_what_is_filled_and_cut_are_free(self) -> Self:
        others = {
            **dict.fromkeys(self.components.configured(), "component"),
            **dict.fromkeys(self.settings, "setting"),
            **dict.fromkeys(self.proxies, "proxy"),
        }
        for kind, names in (("ballast", self.ballast), ("cuts", self.cuts)):
            if twice := next((name for name in names if name in others), ""):
                raise ValueError(f"{kind}.{twice}: a {others[twice]} is called so; call it otherwise")
            others |= dict.fromkeys(names, f"table of {kind}")
        known = self.components.configured()
        for name, cut in self.cuts.items():
            if cut.component not in known:
                near = nearest(cut.component, known)
                raise ValueError(f"cuts.{name}.component: {cut.component!r} is no component of this target.{near}")
        return self

    def proxy_between(self, asked_by: str, component: str) -> str:
        """The name of the fault proxy through which one component asks another; empty: none is there."""
        between = (asked_by, component)
        return next((name for name, one in self.proxies.items() if (one.asked_by, one.component) == between), "")

    @property
    def embedded(self) -> bool:
        """Whether the plugin starts the sandbox as this target: a sandbox without any address."""
        return self.environment == "sandbox" and not any(part.url for part in self.components.configured().values())

    @property
    def faster(self) -> float:
        """How much faster time goes by there than at a real system: 1, unless the sandbox stands in for it."""
        return self.sandbox.compress if self.environment == "sandbox" else 1.0

    @property
    def may_be_disrupted(self) -> bool:
        """The first of two keys: given in the file, and always on for an embedded target."""
        return self.embedded or self.disruption.allowed


class Gate(Table):
    """What ``--llmops-gate`` blocks on."""

    inconclusive: Literal["suspect", "any", "never"] = "suspect"


class Config(Table):
    """The whole file."""

    model_config = ConfigDict(title="llmops.toml", extra="forbid", frozen=True)

    default_target: str | None = None
    targets: dict[str, TargetTable] = {}
    state: State = State()
    history: History = History()
    gate: Gate = Gate()


UNREAD = ("audit",)


def unread(table: TargetTable) -> list[str]:
    """What is filled in, but read by nothing in this version."""
    return [name for name in UNREAD if getattr(table, name)]
