"""What can be made to go wrong in the embedded stack, as one table, and the reading of ``component:name=number``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError, did_you_mean
from pytest_llmops.target.faults import each

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        name: ``component:name``.
        does: one line for a reader.
        number: what the number after ``=`` is: ``factor`` (above 0), ``share`` (0 to 1), ``seconds`` or ``count`` (1 or
            more, whole); empty where it takes none.
    """

    name: str
    does: str
    number: str = ""

    @property
    def part(self) -> str:
        """The part of the stack that it acts on."""
        return self.name.partition(":")[0]

    @property
    def usage(self) -> str:
        """The name as it is typed, e.g. ``llm:slow=FACTOR``."""
        return f"{self.name}={self.number.upper()}" if self.number else self.name


PARTS = ("llm", "api", "vectors", "redis", "prometheus", "alertmanager", "grafana")
"""What each sandbox may have whatever its profile's tables say."""


def of_acts(part: str) -> Iterator[Fault]:
    """What can go wrong when a process is told to end or to start; with the stack it starts all the same."""
    yield Fault(f"{part}:wont-stop", f"{part} takes no notice of being told to stop; it can be killed")
    yield Fault(f"{part}:wont-start", f"{part}, once it was stopped, starts and never comes up")
    yield Fault(f"{part}:wont-pause", f"{part}, when it is paused, is said to stand still and goes on all the same")
    yield Fault(f"{part}:slow-start", f"{part}, once it was stopped, takes this much longer to come up", "seconds")


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("llm:slow", "every delay of the model server is this many times as long", "factor"),
        Fault("llm:errors", "this share of generation and embedding calls answers 500", "share"),
        Fault("llm:cold", "this share of generation and embedding calls has to load the model first, for 1 s", "share"),
        Fault("llm:slots", "so many answers are generated at a time, and the others wait", "count"),
        Fault("llm:no-queue", "who asks for an answer while no slot is free is answered 503 at once"),
        Fault("llm:one-instance", "one instance of several gives all answers"),
        Fault("llm:bare-instance", "the newest instance of several is ready, and holds no model"),
        Fault("llm:hang", "generation and embedding accept and never answer; other routes are fine"),
        Fault("llm:cut-stream", "the connection is cut after a stream's first token, or before a whole answer"),
        Fault("llm:no-models", "no model is listed or served"),
        Fault("llm:one-model", "only the first model is listed and served"),
        Fault("llm:late-list", "the list of models is answered this much later", "seconds"),
        Fault("llm:no-list", "/api/tags and /v1/models answer 200 and {}"),
        Fault("llm:unlisted", "/api/tags and /v1/models answer 404, all else as usual"),
        Fault("llm:no-version", "/api/version answers {}"),
        Fault("llm:no-details", "/api/show answers without a model's details"),
        Fault("llm:empty", "answers have no token"),
        Fault("llm:thinks", "answers are reasoning alone; no text comes after it"),
        Fault("llm:nonsense", "answers are fluent and hold no fact"),
        Fault("llm:obeys", "whoever orders the model to say something has it said"),
        Fault(
            "llm:tells-prompt", "who asks for the model's instructions is told what it was given beside the question"
        ),
        Fault("llm:garbled", "answers are one sign again and again"),
        Fault("llm:leaks-pii", "answers name a person, with an e-mail address and a bank account"),
        Fault("llm:no-counts", "answers come without token counts (eval_count, usage)"),
        Fault("llm:update-slower", "the build that a pull brings takes this many times as long", "factor"),
        Fault("llm:others-slower", "every model but the one that serves takes this many times as long", "factor"),
        Fault("llm:update-fails", "a pull breaks off half-way with an error"),
        Fault("llm:update-none", "a pull finds that the newest build is there already"),
        Fault("llm:wont-delete", "a model that is to be deleted stays, and 500 is answered"),
        Fault("llm:update-garbled", "the build that a pull brings answers one sign again and again"),
        Fault("llm:stays-loaded", "a model that is told to leave the memory says that it has, and stays"),
        Fault("llm:keeps-gpu", "the memory of the GPU stays taken, whatever models leave it"),
        Fault("llm:reload-wrong", "a model that is told to load, and not only asked, is fluent and knows no fact"),
        Fault("llm:unloaded", "no model is in memory when the model server has started, whatever loads it else"),
        Fault("llm:slower-after", "once it was started anew, every delay is this many times as long", "factor"),
        Fault(
            "llm:blob-gone", "the file that holds the first model's weights is not there, though the model is listed"
        ),
        Fault("llm:answers-gone", "a model that was deleted answers still, out of memory"),
        Fault(
            "llm:back-garbled", "a model that has its name again, once it was deleted, answers one sign again and again"
        ),
        Fault("llm:loads-nothing", "a model that is told to load says that it has, and is not in memory"),
        Fault("llm:deletes-open", "models can be pulled, copied and deleted without a key"),
        Fault("llm:keyed", "every route asks for a key that nobody was given"),
        Fault("llm:other-embeddings", "embeddings are those of another model, under the name and digest of this one"),
        Fault("llm:other-embedder", "another embedding model stands under the same name, with another digest"),
        Fault("llm:same-embeddings", "embeddings of all texts are nearly the same"),
        Fault("llm:down", "the model server refuses connections"),
        Fault("api:degraded", "health answers 200 with the degraded body"),
        Fault("api:errors", "this share of query calls answers as a failure does", "share"),
        Fault("api:leaks", "this share of query calls leaves a file open", "share"),
        Fault("api:leaks-pii", "answers end with a person's e-mail address and bank account"),
        Fault("api:leaks-secret", "answers end with a key and with a password in an address"),
        Fault("api:leaks-traces", "error pages are stack traces"),
        Fault("api:leaks-label", "a metric has a person's e-mail address as a label"),
        Fault("api:hoards", "each query call has the service hold a megabyte more for ever"),
        Fault("api:slots", "so many query calls are worked on at a time, and the others wait", "count"),
        Fault("api:refuses", "this share of query calls is answered 429", "share"),
        Fault("api:hangs", "this share of query calls is never answered", "share"),
        Fault("api:unlimited", "the limit on calls is not kept: nobody is answered 429"),
        Fault("api:unforgiving", "who was answered 429 once is answered so for ever"),
        Fault("api:worn-out", "once a call was answered 429, each that passes is a failure, though health is well"),
        Fault("api:collapses", "once a call was answered 429, each that passes is a failure, that to health too"),
        Fault("api:recycles-hard", "a worker that has had its number of requests breaks off what it is answering"),
        Fault("api:never-recycles", "no worker is replaced, however many requests it has had"),
        Fault("api:bloats", "each time that it is started anew the service holds more memory than at the start before"),
        Fault("api:delay", "every request is answered this much later", "seconds"),
        Fault("api:stale", "the health timestamp is one hour old"),
        Fault("api:no-sources", "answers name no sources"),
        Fault("api:worst-first", "the sources of an answer stand in the wrong order, the worst first"),
        Fault("api:no-cache", "the answer cache never hits"),
        Fault("api:poisoned-cache", "what was in the answer cache before cannot be read, so that such answers fail"),
        Fault("api:blind", "health says that all is well, whatever the API is built on does"),
        Fault("api:frozen-metrics", "request counters never move"),
        Fault("api:no-metrics", "the metrics route answers 404"),
        Fault("api:no-audit", "no audit event is written"),
        Fault("api:deletes-unasked", "a user's data are deleted whatever the body of the request says, or lacks"),
        Fault("api:keeps-vectors", "deleting a user's data leaves the points of the user's documents"),
        Fault("api:keeps-cache", "deleting a user's data leaves the answers to the user in the cache"),
        Fault("api:no-filter", "injections are not blocked"),
        Fault("api:obeys", "an order that a question gives, and that no filter knows, is carried out"),
        Fault("api:obeys-documents", "an order that stands in a document found for a question is carried out"),
        Fault("api:tells-prompt", "who asks for the instructions under which answers are given is told them"),
        Fault("api:blocks-all", "every question is blocked as an injection"),
        Fault("api:other-model", "answers are by another model than the one that is in use, one that lies there still"),
        Fault("api:no-score", "answers carry no faithfulness score"),
        Fault("api:throttled", "every request is answered 429"),
        Fault("api:open", "keys are not asked for"),
        Fault("api:any-key", "any key is let in, known or not"),
        Fault("api:roles-ignored", "whoever has a key may use every route"),
        Fault("api:tenants-mixed", "what one user was answered is kept for all of them"),
        Fault("api:cors-any", "every origin may read answers with the cookies of who is logged in"),
        Fault("api:no-headers", "answers lack the headers that browsers are told to be careful by"),
        Fault("api:tells-version", "answers name the server's software and its version"),
        Fault("api:open-metrics", "the metrics route asks for no key where it does else"),
        Fault("api:docs", "the documentation of the API's routes is served to anybody"),
        Fault("api:debug", "pages for debugging are served, and errors answer with a stack trace"),
        Fault("api:crashes-on-control", "a control character in a request is answered with 500"),
        Fault("api:hangs-on-nesting", "JSON that is nested deeply is never answered"),
        Fault("api:runs-templates", "a template in a text of a request is carried out, and its result answered"),
        Fault("api:no-retry-after", "who is answered 429 is not told when to come back"),
        Fault("api:late-retry-after", "who is answered 429 is told a time after which it is answered 429 again"),
        Fault("api:one-limit", "who has shown a key shares the limit of those who have not"),
        Fault("api:in-clear", "the API is said to be at an address that is not this machine's own, without TLS"),
        Fault("api:tls-ended", "the API is reached by TLS, and its certificate ended yesterday"),
        Fault("api:tls-ending", "the API is reached by TLS, and its certificate ends in three days"),
        Fault("api:tls-old", "the API is reached by TLS, and shakes hands by TLS 1.0 too"),
        Fault("api:keeps-keys", "a key that was replaced by another is taken as before"),
        Fault("api:down", "the API refuses connections"),
        Fault("vectors:open", "Qdrant asks for no key"),
        Fault("vectors:down", "Qdrant refuses connections"),
        Fault("vectors:not-ready", "Qdrant's /readyz answers 503"),
        Fault("vectors:unwell", "Qdrant's /healthz answers 503"),
        Fault("vectors:no-metrics", "Qdrant's metrics route answers 404"),
        Fault("vectors:empty", "the collection has no points"),
        Fault("vectors:new-volume", "Qdrant is on a volume that nobody has written to: it has no collection"),
        Fault("vectors:red", "the collection is red, its optimizer stopped by an error"),
        Fault("vectors:split", "a peer of the cluster is not reached"),
        Fault("vectors:unrelated", "searches return the least similar points"),
        Fault("vectors:finds-nothing", "this share of searches finds nothing", "share"),
        Fault("vectors:lost", "every other document is not in the collection"),
        Fault("vectors:shuffled", "what a search finds comes in another order each time"),
        Fault("vectors:dimmed", "a search says of each point that its score is this share of what it is", "share"),
        Fault("vectors:zeros", "every third stored vector is nothing but zeros"),
        Fault("vectors:stale", "stored vectors are those of another embedding model"),
        Fault("vectors:cut", "stored segments end in the middle of a sentence"),
        Fault("vectors:blank", "every fourth stored segment is empty"),
        Fault("vectors:to-come", "points say that they were ingested tomorrow"),
        Fault("vectors:errors", "this share of searches answers 500", "share"),
        Fault("vectors:read-only", "no point can be written: 403 is answered"),
        Fault("vectors:forgets", "each time it is started anew, the collection lacks a point more"),
        Fault("vectors:config-ignored", "a change of the collection's configuration is accepted, and not in effect"),
        Fault("vectors:stuck", "once its configuration was changed, the collection stays yellow"),
        Fault("vectors:loses-points", "each change of the collection's configuration loses a point"),
        Fault("vectors:no-vacuum", "deleted vectors stay in their segments, whatever the configuration"),
        Fault("vectors:worse-after", "each change of the collection's configuration has searches miss one more point"),
        Fault("vectors:slower-after", "each change of the configuration has searches take this much longer", "seconds"),
        Fault("vectors:snapshots-full", "no snapshot can be made: there is no room for it"),
        Fault("vectors:snapshot-torn", "one bit of each snapshot that is fetched is another"),
        Fault("vectors:restore-fails", "no snapshot can be recovered: 500 is answered"),
        Fault("vectors:restore-empty", "recovering a snapshot succeeds, and the collection has no points"),
        Fault("vectors:restore-loses", "a recovered collection lacks a point"),
        Fault("vectors:restore-alters", "one component of one vector of a recovered collection is another"),
        Fault("vectors:restore-other", "a recovered collection is green, and holds other content under the same ids"),
        Fault("vectors:restore-misses", "searches in a recovered collection miss the nearest point"),
        Fault("vectors:keeps-deleted", "collections and snapshots that are deleted stay, and success is answered"),
        Fault("vectors:slow", "every request to Qdrant is answered this much later", "seconds"),
        Fault("proxy:stuck", "a fault proxy that is told to let all pass says so, and goes on as before"),
        Fault("disk:unseen", "the machine's figures say of a disk with a quota that it is as full as at first"),
        Fault("disk:kept", "what is deleted from a disk with a quota takes up its room all the same"),
        Fault("redis:down", "Redis refuses connections"),
        Fault("redis:open", "Redis asks for no password"),
        Fault("redis:forgetful", "Redis accepts writes and loses them at once"),
        Fault("prometheus:down", "Prometheus refuses connections"),
        Fault("prometheus:firing", "an alert that no playbook knows is firing"),
        Fault("prometheus:no-rules", "Prometheus evaluates no rule"),
        Fault("prometheus:rule-broken", "the first rule cannot be evaluated; where there is none, one that cannot"),
        Fault("prometheus:lax-rules", "every rule waits ten times as long and has the severity info"),
        Fault("prometheus:silent-rules", "every rule is deployed with a condition that never holds"),
        Fault("prometheus:target-down", "every scrape target refuses connections"),
        Fault("prometheus:crossed-targets", "every job scrapes the address of the next one"),
        Fault("prometheus:slow-scrapes", "every job scrapes and times out five times as slowly as it should"),
        Fault("prometheus:other-setup", "the global intervals and labels are others than they should be"),
        Fault("prometheus:no-alertmanager", "Prometheus tells no Alertmanager"),
        Fault("prometheus:other-alertmanager", "Prometheus tells an Alertmanager of another address"),
        Fault("alertmanager:down", "the Alertmanager refuses connections"),
        Fault("alertmanager:not-ready", "the Alertmanager's /-/ready answers 503"),
        Fault("grafana:down", "Grafana refuses connections"),
        Fault("grafana:database", "Grafana's own database is failing"),
        Fault("grafana:no-dashboard", "Grafana has no dashboard"),
        Fault("grafana:row-gone", "every dashboard lacks its last row"),
        Fault("notify:refused", "notifications are answered with 403"),
        *(fault for part in PARTS for fault in of_acts(part)),
    )
}


class Faults:
    """The faults that are on."""

    def __init__(self, numbers: Mapping[str, float] | None = None) -> None:
        self._numbers = dict(numbers or {})

    def __contains__(self, name: str) -> bool:
        return name in self._numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def also(self, texts: Iterable[str]) -> Faults:
        """These, before which further ones go that are known to be right: ``["llm:slow=3"]``."""
        more = (text.partition("=") for text in each(texts))
        return Faults({name: float(number or 1) for name, _, number in more} | self._numbers)

    def number(self, name: str, otherwise: float) -> float:
        """The number given to a fault; ``otherwise`` where it is off."""
        return self._numbers.get(name, otherwise)


def parse(texts: Iterable[str], known: Mapping[str, Fault] = FAULTS) -> Faults:
    """Read ``["llm:slow=3", "api:down, redis:down"]``.

    Args:
        texts: as typed.
        known: the faults that there are.

    Raises:
        ConfigError: an unknown name, a number that is missing, not wanted or out of range; says what is right.
    """
    found: dict[str, float] = {}
    for text in each(texts):
        name, equals, number = text.partition("=")
        if name not in known:
            near = did_you_mean(name, known)
            raise ConfigError(
                f"unknown fault {name!r}.{near} All {len(known)}, with what each does: "
                "llmops sandbox --profile NAME --list-faults."
            )
        found[name] = _number(known[name], number if equals else None)
    return Faults(found)


def _number(fault: Fault, text: str | None) -> float:
    if not fault.number:
        if text is not None:
            raise ConfigError(f"the fault {fault.name} takes no number, found {text!r}; write {fault.usage}.")
        return 1.0
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    right = {
        "factor": 0 < value < math.inf,
        "share": 0 <= value <= 1,
        "seconds": 0 <= value < math.inf,
        "count": value >= 1 and value % 1 == 0,
    }[fault.number]
    if not right:
        found = "none" if text is None else repr(text)
        wanted = {
            "factor": "a number above 0",
            "share": "a share from 0 to 1",
            "seconds": "seconds, 0 or more",
            "count": "a whole number, 1 or more",
        }
        raise ConfigError(f"the fault {fault.usage} needs {wanted[fault.number]}, found {found}.")
    return value


class Share:
    """Picks an evenly spread share of calls: with 0.25 every fourth."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._calls = 0

    def due(self) -> bool:
        """Whether the call that is made now is one of them."""
        before = math.floor(self._calls * self._share + 1e-9)
        self._calls += 1
        return math.floor(self._calls * self._share + 1e-9) > before
