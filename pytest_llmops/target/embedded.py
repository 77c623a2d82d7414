"""What the sandbox needs to know to stand in for a system: part of each profile."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.golden import Golden
from pytest_llmops.target.growth import Growing, Past
from pytest_llmops.target.loads import Load
from pytest_llmops.target.paths import Below
from pytest_llmops.target.prompts import PromptText
from pytest_llmops.target.retrieval import Search
from pytest_llmops.target.severities import Reported
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


class Packed(Table):
    """The files that an archive, or a folder of copies, holds."""

    files: list[Below] = Field(min_length=1, description="Globs of files that are laid, too: those as old as it.")
    without: list[Below] = Field([], description="Globs of those that it lacks.")
    root: Below = Field(".", description="The folder that their paths in it are relative to.")
    base: str = Field("", description="Template of the folder in it that stands for root.")
    flat: bool = Field(False, description="All lie in that one folder, whatever folder they are from.")
    summed: bool = Field(False, description="Its SHA-256 lies beside it, NAME.sha256; of a folder in it, SHA256SUMS.")
    alter: bool = Field(False, description="The first of them is in it with another byte, and it is whole.")
    flip: bool = Field(False, description="One byte of it was flipped since; of a folder, in its first file.")
    cut: bool = Field(False, description="It ends after half of it.")


class Laid(Table):
    """One state of a file of the application; without text, files, snapshot or link it is not there."""

    text: str | None = Field(None, description="Template of what it holds; of a .gz, before it is compressed.")
    link: str | None = Field(
        None, min_length=1, description="It is a symbolic link to there, in place of a file; its age is its own."
    )
    packs: Packed | None = Field(None, description="It is an archive of other files: .tar, .tar.gz; a folder, with /.")
    snapshot: bool = Field(False, description="It is a snapshot of the vectors, as they are at first.")
    copies: int = Field(1, ge=1, description="How often the text stands in it.")
    age: Seconds = Field(0.0, ge=0, description="How long ago it was written, e.g. '2 h'.")
    mode: str | None = Field(None, pattern="^[0-7]{3}$", description="Permissions; 644, of a folder 755.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.link is not None and (self.text is not None or self.mode is not None):
            raise ValueError("a link has neither text nor mode")
        if self.packs is not None and (self.link is not None or self.text is not None):
            raise ValueError("what packs other files has neither text nor link")
        if self.snapshot and (self.link is not None or self.text is not None or self.packs is not None):
            raise ValueError("a snapshot has neither text nor link, and packs nothing")
        return self


class Printed(Table):
    """What a command of the application comes to in one case."""

    output: str = Field("", description="Template of its standard output.")
    file: str | None = Field(None, description="It prints what stands in this file of the application, in its place.")
    errors: str = Field("", description="Template of its standard error.")
    exit: int = 0
    calls: list[Seconds] = Field(
        [], description="Before it prints it calls the address among its words so often, each after such a pause."
    )
    runs: list[str] = Field(
        [],
        description="A program that it runs in the sandbox's folder of files; how that ends, and what it prints, comes "
        "after its own output.",
    )
    ingests: int = Field(
        0, ge=0, description="So many chunks of the sandbox's corpus it has put into the vectors before it prints."
    )
    lays: dict[str, Laid] = Field(
        {}, description="Files of the application that it writes before it prints; without text it removes them."
    )


class Record(Table):
    """What the API writes of each call of some routes, below the sandbox's folder of files: a line of JSON."""

    file: str = Field(
        description="Its path; a template of the values that answers may name, e.g. traces/{trace_id}.json."
    )
    routes: list[str] = Field(["query"], min_length=1, description="Of which routes' calls.")
    line: dict[str, Any] = Field(description="JSON template of the line; a request's own words may be named, too.")
    deletion: Literal["removes", "redacts"] = Field(
        "removes", description="What deleting a user does: takes their lines out, or the user's id out of them."
    )


class StandIn(Table):
    """A service outside the stack: what it answers, by path."""

    buckets: Below | None = Field(
        None, description="It is an S3-style store: each folder below this one of the sandbox's files is a bucket."
    )
    routes: dict[str, dict[str, Case]] = Field({}, description="'GET /path' to its answers by case; one is ok.")


class Process(StandIn):
    """A process that no part stands for: a worker, a pipeline, the page of an app. With routes it also answers.

    Of the name ``api`` it is the API's own process: the API answers, and this is what it writes besides.
    Its texts are templates as of files, and may name {process}, its id, {began}, when it began in nanoseconds since the
    epoch, and {count}, the lines of work before.
    """

    log: str | None = Field(None, description="What it writes, below the sandbox's folder of files.")
    pid_file: str | None = Field(None, description="Names its process, below that folder; else run/NAME.pid.")
    start_up: Seconds = Field(0.0, ge=0, description="How long it takes until it is ready, except with the stack.")
    started: str = Field("{now} INFO started, process {process}", description="Template of its first line.")
    ready: str = Field("{now} INFO ready", description="Template of its line once it is.")
    stopped: str = Field("{now} INFO stopped", description="Template of its last line, on SIGTERM.")
    died: str = Field("{now} CRITICAL died", description="Template of its last line in the fault NAME:dies.")
    works: str = Field("{now} INFO worked", description="Template of a line of work.")
    every: Seconds | None = Field(None, gt=0, description="How often it works; without this it waits.")
    outputs: dict[str, str] = Field(
        {},
        description="Path to the text of files that it writes once it is ready, below the sandbox's folder of files.",
    )


class LiveLog(Table):
    """A log file that grows with every request to the API, and where it is said also by itself."""

    file: str = Field(description="Below the sandbox's folder of files, e.g. 'logs/app.log'.")
    line: str = Field(
        description="Template of one line: times as in files, and {level} (INFO, ERROR of an answer 5xx), {severity} "
        "(the same in lower case), {message}, {method}, {path}, {status}, {duration_ms}, {trace_id}."
    )
    failed: str | None = Field(None, description="What an answer 5xx leaves in place of the line; it may be empty.")
    every: Seconds | None = Field(None, gt=0, description="How often a line comes without a request, as of batch jobs.")
    reopen_on: Literal["USR1", "HUP"] | None = Field(
        None, description="The signal at which its writer opens it anew; without it the signal ends the process."
    )
    cases: dict[str, str] = Field({}, description="The fault log:CASE writes this in place of every line.")


class Trail(Table):
    """Where the API writes its audit log, besides ``audit.jsonl`` in the sandbox's own folder."""

    file: str = Field(description="Below the sandbox's folder of files; with {id} in it each event has one of its own.")
    entry: dict[str, Any] = Field(
        description="Template of an entry: {id}, {now}, {type}, {actor}, {number} counts up, {previous} is the digest "
        "of the one before."
    )
    digest: str = Field(
        "", description="The key under which an entry has its own digest, as security.audit.chain says."
    )
    types: dict[str, str] = Field(
        {}, description="Its word for a kind of event; those that it has no word for are not written."
    )
    closed: str = Field("440", pattern="^[0-7]{3}$", description="Permissions of what nothing is written to any more.")
    earlier: int = Field(
        0, ge=0, description="So many entries are there from before, in FILE.1 where events share one."
    )
    every: Seconds = Field(86400.0, gt=0, description="How far they are apart, the newest as long ago.")
    log: str | None = Field(None, description="A file, in which the application says that it has written an entry.")
    says: str = Field("", description="Template of that line, as entry.")


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


SERVING = {
    "ollama": "llm",
    "openai": "llm",
    "qdrant": "vectors",
    **{name: name for name in ("api", "redis", "machine", "prometheus", "alertmanager", "grafana")},
}
"""The part of the sandbox that stands for a component."""


class Scripted(Table):
    """What the model says where it is asked something, whatever its engine would say."""

    asked: Regex = Field(description="Is found in what it is asked.")
    says: str = Field(description="All of the answer.")
    model: str = Field("", description="Only where this model is asked; else any.")


class Effect(Table):
    """What follows from a setting's value, from the next start of a part, or call of a command, on."""

    setting: str
    value: Regex = Field(description="It follows where this matches the whole value.")
    faults: list[str] = Field(min_length=1, description="E.g. ['api:errors=1']: that version is broken.")
    at_once: bool = Field(
        False, description="true: cases of the API's routes, and api:slots, follow at once, also while it runs."
    )


class Sandbox(Table):
    """The embedded stack's settings, ``[targets.NAME.sandbox]``."""

    prompts: list[PromptText] = Field(
        [], description="What an embedded target is asked in place of the profile's prompts: the sandbox knows it."
    )
    reported: list[Reported] = Field([], description="The same of incident.reported.")
    thresholds: dict[str, Threshold] = Field(
        {}, description="Limits that lie over the profile's for an embedded target: its pace can break them."
    )
    golden: Golden = Field(
        Golden(), description="What lies over golden for an embedded target: the sandbox knows the answers."
    )
    answers: dict[str, list[Scripted]] = Field(
        {}, description="What the model says, by case; the fault answers:CASE lays that case over ok."
    )
    candidate: str = Field("", description="The same of components.ollama.candidate: the sandbox has it.")
    successor: str = Field("", description="The same of components.ollama.successor: a model to switch to.")
    retrieval: dict[str, Search] = Field(
        {}, description="What lies over the profile's retrieval for an embedded target: queries that the sandbox knows."
    )
    growth: dict[str, Growing] = Field(
        {}, description="Limits of a plan that lie over the profile's growth for an embedded target: it has a plan."
    )
    load: Load = Field(Load(), description="What lies over the profile's load for an embedded target: its pace.")
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
    keys: dict[str, str] = Field(
        {},
        description="Role to variable: roles of the API's auth of which a sandbox has keys, and not every target.",
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
    settings: dict[str, dict[str, str]] = Field(
        {}, description="Setting to its first value by case; the fault NAME:CASE chooses one other than ok."
    )
    effects: list[Effect] = Field([], description="Faults that a setting's value brings with it.")
    workers: int = Field(1, ge=1, description="Workers of the API that a command may show.")
    recycles: int | None = Field(
        None, ge=1, description="Requests after which a worker of the API is replaced; without it, never."
    )
    slots: int | None = Field(
        None, ge=1, description="Answers that an instance of the model server gives at a time; without it, any number."
    )
    instances: str = Field(
        "", description="The setting that says how many instances of the model server there are; one, without it."
    )
    model_setting: str = Field(
        "", description="The setting that says which model the API generates with, as it is when the API starts."
    )
    rolls: list[str] = Field(
        [], description="Parts that can be rolled, as behind a balancer: the successor serves before the old one ends."
    )
    preloads: bool = Field(
        False,
        description="Whether a step of its own loads the first model at each start of the synthetic model server.",
    )
    services: dict[str, StandIn] = Field({}, description="Services outside the stack, by name.")
    processes: dict[str, Process] = Field(
        {}, description="Processes of the system that no part stands for, each by the name of its component."
    )
    machine: dict[str, dict[str, float]] = Field(
        {}, description="Case to figures of the machine; the fault machine:CASE lays that case over ok."
    )
    log: LiveLog | None = Field(None, description="A log file that grows with every request to the API.")
    records: dict[str, Record] = Field(
        {}, description="What the API writes of its calls, by name; the fault api:keeps-NAME has a deletion spare it."
    )
    audit: Trail | None = Field(None, description="Where the API's audit log lies among the application's files.")
    metrics: dict[str, Metric] = Field({}, description="The API's Prometheus page: metric to what moves it.")
    private_metrics: bool = Field(
        False, description="Whether the API's page asks for a key; the sandbox's Prometheus shows the plain one."
    )
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

    def unit_of(self, component: str) -> str | None:
        """The process of the sandbox that stands for a component; None where none does."""
        if component in self.services or component in self.processes:
            return component
        return SERVING.get(component)
