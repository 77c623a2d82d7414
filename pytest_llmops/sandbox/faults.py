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
        number: what the number after ``=`` is: ``factor`` (above 0), ``share`` (0 to 1) or ``seconds``; empty where
            it takes none.
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


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("llm:slow", "every delay of the model server is this many times as long", "factor"),
        Fault("llm:errors", "this share of generation and embedding calls answers 500", "share"),
        Fault("llm:cold", "this share of generation and embedding calls has to load the model first, for 1 s", "share"),
        Fault("llm:hang", "generation and embedding accept and never answer; other routes are fine"),
        Fault("llm:cut-stream", "the connection is cut after a stream's first token, or before a whole answer"),
        Fault("llm:no-models", "no model is listed or served"),
        Fault("llm:one-model", "only the first model is listed and served"),
        Fault("llm:no-version", "/api/version answers {}"),
        Fault("llm:empty", "answers have no token"),
        Fault("llm:thinks", "answers are reasoning alone; no text comes after it"),
        Fault("llm:nonsense", "answers are fluent and hold no fact"),
        Fault("llm:garbled", "answers are one sign again and again"),
        Fault("llm:no-counts", "answers come without token counts (eval_count, usage)"),
        Fault("llm:down", "the model server refuses connections"),
        Fault("api:degraded", "health answers 200 with the degraded body"),
        Fault("api:errors", "this share of query calls answers as a failure does", "share"),
        Fault("api:delay", "every request is answered this much later", "seconds"),
        Fault("api:stale", "the health timestamp is one hour old"),
        Fault("api:no-sources", "answers name no sources"),
        Fault("api:no-cache", "the answer cache never hits"),
        Fault("api:frozen-metrics", "request counters never move"),
        Fault("api:no-metrics", "the metrics route answers 404"),
        Fault("api:no-audit", "no audit event is written"),
        Fault("api:no-filter", "injections are not blocked"),
        Fault("api:no-score", "answers carry no faithfulness score"),
        Fault("api:throttled", "every request is answered 429"),
        Fault("api:open", "keys are not asked for"),
        Fault("api:down", "the API refuses connections"),
        Fault("vectors:down", "Qdrant refuses connections"),
        Fault("vectors:not-ready", "Qdrant's /readyz answers 503"),
        Fault("vectors:unwell", "Qdrant's /healthz answers 503"),
        Fault("vectors:no-metrics", "Qdrant's metrics route answers 404"),
        Fault("vectors:empty", "the collection has no points"),
        Fault("vectors:red", "the collection is red, its optimizer stopped by an error"),
        Fault("vectors:split", "a peer of the cluster is not reached"),
        Fault("vectors:unrelated", "searches return the least similar points"),
        Fault("vectors:slow", "every request to Qdrant is answered this much later", "seconds"),
        Fault("redis:down", "Redis refuses connections"),
        Fault("redis:forgetful", "Redis accepts writes and loses them at once"),
        Fault("prometheus:down", "Prometheus refuses connections"),
        Fault("prometheus:firing", "an alert that no playbook knows is firing"),
        Fault("prometheus:no-rules", "Prometheus evaluates no rule"),
        Fault("prometheus:rule-broken", "the first rule cannot be evaluated; where there is none, one that cannot"),
        Fault("prometheus:lax-rules", "every rule waits ten times as long and has the severity info"),
        Fault("prometheus:target-down", "every scrape target refuses connections"),
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
            raise ConfigError(f"unknown fault {name!r}.{near} Faults: {', '.join(f.usage for f in known.values())}.")
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
    right = {"factor": 0 < value < math.inf, "share": 0 <= value <= 1, "seconds": 0 <= value < math.inf}[fault.number]
    if not right:
        found = "none" if text is None else repr(text)
        wanted = {"factor": "a number above 0", "share": "a share from 0 to 1", "seconds": "seconds, 0 or more"}
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
