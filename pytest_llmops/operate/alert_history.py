"""Which alerts fired, how often and how long, what of it says nothing, and how far back anybody remembers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.watching import Fired, Memory

HEAD = "| alert | job | instance | times | firing in all | says nothing |\n|---|---|---|---:|---:|---|"


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """The alerts of a time.

    Attributes:
        fired: each by the endpoint that it is about.
        memory: how much of that time is remembered.
        nothing: title of an alert that says nothing to why.
    """

    fired: tuple[Fired, ...]
    memory: Memory
    nothing: Mapping[str, str]

    @property
    def telling(self) -> list[Fired]:
        """Those that say something."""
        return [one for one in self.fired if one.title not in self.nothing]

    def why(self, one: Fired) -> str:
        """Why an alert says nothing; empty where it says something."""
        return self.nothing.get(one.title, "")

    @property
    def reach(self) -> str:
        """How much of the time is remembered, as a sentence."""
        if self.memory.whole:
            return "Prometheus remembers all of that time."
        since = dt.datetime.fromtimestamp(self.memory.since, dt.UTC)
        return (
            f"Prometheus remembers {spoken(self.memory.seconds)} of that time, the first of it "
            f"{since:%Y-%m-%d %H:%M} UTC: what fired in the rest, nobody knows."
        )

    def written(self) -> str:
        """Markdown: one row an alert and endpoint; those that say something first, the longest first."""
        head = f"# Alerts that fired in the last {spoken(self.memory.of_s)}\n\n{self.reach}\n\n"
        if not self.fired:
            return f"{head}None did.\n"
        ordered = sorted(self.fired, key=lambda one: (bool(self.why(one)), -one.seconds))
        rows = [
            f"| {one.name} | {one.job} | {one.instance} | {one.times} | {spoken(one.seconds)} | {self.why(one)} |"
            for one in ordered
        ]
        return "\n".join([f"{head}{HEAD}", *rows]) + "\n"
