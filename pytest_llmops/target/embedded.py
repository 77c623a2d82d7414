"""What the sandbox needs to know to stand in for a system: part of each profile."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.growth import Past
from pytest_llmops.target.prompts import PromptText
from pytest_llmops.target.table import Regex, Table
from pytest_llmops.target.thresholds import Threshold

Behaviour = Literal[
    "health",
    "ready",
    "fixed",
    "query",
    "ingest",
    "delete",
    "deletion",
    "audit",
    "login",
    "analyses",
    "explain",
    "start",
    "job",
]


class Case(Table):
    """One possible answer of a route."""

    status: int = 200
    body: Any = Field(None, description="JSON template; what it may name is said at each behaviour.")
    headers: dict[str, str] = Field({}, description="Headers of the answer, such as Retry-After.")


class Behaving(Table):
    """How the embedded API answers one of the profile's routes."""

    does: Behaviour
    permission: str | None = Field(None, description="A key whose role lacks it gets the 'forbidden' case.")
    minds: list[str] | None = Field(
        None, description="Dependencies without which it is degraded: vectors, llm, cache. All of them by default."
    )
    sse: bool = Field(False, description="true: an answer comes as server-sent events, a word each, a failure as none.")
    throttled: bool = Field(True, description="false: the API's own limit does not count its calls.")
    cases: dict[str, Case] = Field({}, description="Answers by outcome: ok, degraded, blocked, invalid, missing.")


class Document(Table):
    """One text of the embedded corpus."""

    id: str
    title: str
    text: str


class Printed(Table):
    """What a command of the application comes to in one case."""

    output: str = Field("", description="Template of its standard output.")
    errors: str = Field("", description="Template of its standard error.")
    exit: int = 0
    calls: list[Seconds] = Field(
        [], description="Before it prints it calls the address among its words so often, each after such a pause."
    )


class Laid(Table):
    """One state of a file of the application; without text it is not there."""

    text: str | None = Field(None, description="Template of what it holds.")
    copies: int = Field(1, ge=1, description="How often the text stands in it.")
    age: Seconds = Field(0.0, ge=0, description="How long ago it was written, e.g. '2 h'.")
    mode: str = Field("644", pattern="[0-7]{3}", description="Permissions.")


class StandIn(Table):
    """A service outside the stack: what it answers, by path."""

    routes: dict[str, dict[str, Case]] = Field({}, description="'GET /path' to its answers by case; one is ok.")


class LiveLog(Table):
    """A log file that grows with every request to the API, and where it is said also by itself."""

    file: str = Field(description="Below the sandbox's folder of files, e.g. 'logs/app.log'.")
    line: str = Field(
        description="Template of one line: times as in files, and {level} (INFO, ERROR of an answer 5xx), {severity} "
        "(the same in lower case), {message}, {method}, {path}, {status}, {duration_ms}, {trace_id}."
    )
    failed: str | None = Field(None, description="What an answer 5xx leaves in place of the line; it may be empty.")
    every: Seconds | None = Field(None, gt=0, description="How often a line comes without a request, as of batch jobs.")
    cases: dict[str, str] = Field({}, description="The fault log:CASE writes this in place of every line.")


class Metric(Table):
    """One metric of the API's Prometheus page, moved by the API's requests.

    Each request is an event with values: ``route`` (the route's name, ``other`` for an unknown path), ``handler`` (the
    route's path as written, ``none`` for an unknown one), ``path``, ``method``, ``status``, ``status_class`` (2xx),
    ``outcome`` (the case that answered: ok, blocked, invalid, failed, refused …), ``duration_s``, ``one`` (1),
    ``users`` (people seen in the last 15 minutes), what the request said, and what its behaviour found (``model``,
    ``tokens``, ``cache``: hit, miss or passed …).
    """

    kind: Literal["counter", "histogram", "gauge", "summary"] = "counter"
    help: str = ""
    labels: dict[str, str] = Field({}, description="Label to its value, a template over the event: '{status}'.")
    where: dict[str, Regex] = Field({}, description="Only events whose value matches as a whole, by value.")
    by: str | float = Field(
        "one",
        description="What an event moves it by: the name of a value, or a number. A counter adds it, a histogram and "
        "a summary observe it, a gauge holds the last one. Events without that value leave it alone.",
    )
    buckets: list[float] = Field([], description="Upper bounds of a histogram; ours by default.")
    moves: bool = Field(True, description="false: declared, and no event moves it, as in many a real system.")
    start: float | None = Field(None, description="A sample that is there from the start; labels without braces.")
    cases: dict[str, float] = Field({}, description="The fault METRIC:CASE puts this number in the place of by.")


class Sandbox(Table):
    """The embedded stack's settings, ``[targets.NAME.sandbox]``."""

    prompts: list[PromptText] = Field(
        [], description="What an embedded target is asked in place of the profile's prompts: the sandbox knows it."
    )
    reported: list[PromptText] = Field([], description="The same of incident.reported.")
    thresholds: dict[str, Threshold] = Field(
        {}, description="Limits that lie over the profile's for an embedded target: its pace can break them."
    )
    delay_s: float = Field(0.08, ge=0, description="Median time to the first token of the synthetic engine.")
    token_s: float = Field(0.008, ge=0, description="Median time of every further token.")
    embed_s: float = Field(0.08, ge=0, description="Median time of one embedding call.")
    sigma: float = Field(0.08, ge=0, le=1, description="Sd of the log of these delays.")
    seed: int = 1
    faults: list[str] = Field([], description="Faults that are always on; more by --llmops-sandbox-fault.")
    words: dict[str, Any] = Field(
        {"up": "connected", "down": "disconnected"},
        description="How the health body calls a dependency's state.",
    )
    source: dict[str, Any] = Field(
        {"id": "{id}", "text": "{text}", "score": "{score}"},
        description="Template of one source of an answer.",
    )
    roles: dict[str, list[str]] = Field({}, description="Role to its permissions; each role gets a key of its own.")
    routes: dict[str, Behaving] = Field({}, description="What each of the API's routes does, by route name.")
    errors: dict[str, Case] = Field({}, description="Shapes of unauthenticated, forbidden, failed, not_found …")
    commands: dict[str, dict[str, Printed]] = Field(
        {}, description="Application command to what it prints by case; the fault NAME:CASE chooses one other than ok."
    )
    files: dict[str, dict[str, dict[str, Laid]]] = Field(
        {}, description="Group to case to the files that lie there; the fault GROUP:CASE lays that case over ok."
    )
    services: dict[str, StandIn] = Field({}, description="Services outside the stack, by name.")
    machine: dict[str, dict[str, float]] = Field(
        {}, description="Case to figures of the machine; the fault machine:CASE lays that case over ok."
    )
    log: LiveLog | None = Field(None, description="A log file that grows with every request to the API.")
    metrics: dict[str, Metric] = Field({}, description="The API's Prometheus page: metric to what moves it.")
    process_metrics: bool = Field(
        True, description="Whether the page also has process_* and python_gc_*, as most have."
    )
    timezone: str = Field(
        "UTC", description="Of times that are written with strftime, e.g. 'America/Vancouver'; local: this machine's."
    )
    past: dict[str, Past] = Field(
        {},
        description="Case to earlier runs, which only the fixture history sees; the fault past:CASE lays it over ok.",
    )
    compress: float = Field(
        60.0, ge=1, description="How much faster time goes by: a threshold's for of a minute is a second."
    )
