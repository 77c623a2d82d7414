"""A Streamlit app: its web server over HTTP, and its script by one turn of a conversation."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.control.tool import Tool
from pytest_llmops.errors import CallFailed, ConfigError, ControlError, NotInstalled, Unsupported, Vacuous, excerpt
from pytest_llmops.samples import Prompt
from pytest_llmops.target.templates import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Http
    from pytest_llmops.target.surroundings import Ui as UiComponent

SCRIPT = Path(__file__).with_name("streamlit_turn.py")
LONGEST_QUOTE = 300


@dataclass(frozen=True, slots=True)
class Sessions:
    """Who is at the page.

    Attributes:
        active: people who have it open now.
        begun: sessions since the server started.
        ended: of them.
        took_s: all that ended together; None where the server does not say.
    """

    active: int
    begun: int
    ended: int = 0
    took_s: float | None = None

    @property
    def mean_s(self) -> float:
        """How long one lasts, by those that have ended since the server started.

        Raises:
            Unsupported: the server does not say, as older ones do not.
            Vacuous: none has ended.
        """
        if self.took_s is None:
            raise Unsupported("ui: this Streamlit does not count session_duration_seconds; newer ones do.")
        if not self.ended:
            raise Vacuous("ui: no session has ended since the page's server was started, so there is no mean of them.")
        return self.took_s / self.ended


@dataclass(frozen=True, slots=True)
class Turn:
    """One question, asked on the page as a person asks it.

    Attributes:
        text: the answer.
        took_s: until it was there whole.
        shown_s: until the page was shown first.
        models: what the box of models offers.
        details: what the app notes of the answer (``model``, ``eval_count`` …), where it does.
        held_mb: what the process in which the script ran held in memory then, in 10^6 bytes; None where nobody tells.
    """

    text: str = field(repr=False)
    took_s: float
    shown_s: float
    models: tuple[str, ...]
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)
    held_mb: float | None = None

    def knows(self, expected: str) -> bool:
        """Whether the answer holds these words, whatever their case."""
        return expected.casefold() in self.text.casefold()


class Ui(OverHttp):
    """A web interface for people.

    Args:
        http: calls to it.
        config: the component's table.
    """

    def __init__(self, http: Http, config: UiComponent) -> None:
        super().__init__(http)
        self.config = config

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: anything answers; whether the page is well is a check of its own."""
        return [("reachable", lambda: self.http.call("GET", self.config.health))]

    def health(self) -> float:
        """Ask the web server whether it is well; seconds that it took. The script is not run by that.

        Raises:
            CallFailed: it answers anything but 200 and ``ok``: a Streamlit server answers any path that it does not
                know with 200 and a page.
        """
        answer = self.http.call("GET", self.config.health).ok()
        if answer.status != 200 or answer.text.strip() != "ok":
            said = excerpt(answer.text.strip(), LONGEST_QUOTE)
            raise self._failed("bad-answer", f"{answer.asked} answers {answer.status} {said!r}, not 200 'ok'")
        return answer.elapsed_s

    up = health

    def visit(self, question: Prompt | str) -> Turn | None:
        """What a person does: open the page, and ask a question there; the turn is None where no script is named.

        Raises:
            CallFailed: the web server is not well, or as in :meth:`ask`.
            Unsupported: the script's interpreter lacks a package.
        """
        self.health()
        return self.ask(question) if self.config.app is not None else None

    def sessions(self) -> Sessions:
        """Count the sessions, by the server's own metrics.

        Raises:
            CallFailed: there is no such page, or it does not count sessions.
        """
        from prometheus_client.openmetrics.parser import text_string_to_metric_families

        answer = self.http.call("GET", self.config.metrics).ok()
        try:
            families = list(text_string_to_metric_families(answer.text))  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise self._failed("bad-answer", f"{answer.asked} is no page of OpenMetrics ({error})") from None
        events = {s.labels.get("type"): s.value for f in families if f.name == "session_events" for s in f.samples}
        if not events:
            raise self._failed("bad-answer", f"{answer.asked} counts no session_events")
        begun = events.get("connect", 0) + events.get("reconnect", 0)
        shown = [sample.value for f in families if f.name == "active_sessions" for sample in f.samples]
        ended = events.get("disconnect", 0)
        took = [sample.value for f in families if f.name == "session_duration_seconds" for sample in f.samples]
        active = shown[0] if shown else begun - ended
        return Sessions(int(active), int(begun), int(ended), took[0] if took else None)

    def ask(self, question: Prompt | str, *, model: str | None = None) -> Turn:
        """Run the app's script in an interpreter of its own, ask one question, read the answer off the page.

        Nobody's session is touched. The first time an app may load what it needs, which takes it up to a minute.

        Args:
            question: what is typed.
            model: what is chosen in the box of models; what it shows by default.

        Raises:
            Unsupported: the target names no script, or the interpreter that it names lacks a package.
            NotInstalled: ours lacks one.
            CallFailed: ``exception``: the script raised one; ``error-shown``: the page shows an error; ``no-answer``:
                there is nothing to type into, or nothing came; ``timeout``.
        """
        return self.converse([question], model=model)[0]

    def converse(self, questions: Iterable[Prompt | str], *, model: str | None = None) -> list[Turn]:
        """Ask several questions, one after the other, in one session of the page, as `ask` asks one.

        Raises:
            Unsupported, CallFailed: as in :meth:`ask`, of the first turn that is none.
        """
        texts = [one.text if isinstance(one, Prompt) else one for one in questions]
        found = self._run({"questions": texts, "model": model, "box": self.config.model_box}, len(texts))
        for kind, key in (("exception", "exceptions"), ("error-shown", "errors")):
            if found.get(key):
                shown = excerpt("; ".join(found[key]), LONGEST_QUOTE)
                raise self._failed(kind, f"{self.config.app}: the page shows {key[:-1]}s: {shown}")
        if len(found["turns"]) < len(texts):
            raise self._failed("no-answer", f"{self.config.app}: the page has no field to type a question into")
        return [self._turn(one, found) for one in found["turns"]]

    def _turn(self, told: Mapping[str, Any], found: Mapping[str, Any]) -> Turn:
        message = told["message"]
        if message.get("role") != "assistant" or not str(message.get("content", "")).strip():
            raise self._failed("no-answer", f"{self.config.app}: the question was taken, and no answer came")
        details, held = message.get("metadata"), told["held_bytes"]
        return Turn(
            str(message["content"]),
            told["took_s"],
            found["shown_s"],
            tuple(found["models"]),
            details if isinstance(details, dict) else {},
            None if held is None else held / 1e6,
        )

    def _run(self, asked: dict[str, Any], turns: int) -> dict[str, Any]:
        if self.config.app is None:
            raise Unsupported(
                f"{self.component}: the target names no script of the page; "
                f"give it app = 'app.py', and root where that lies elsewhere."
            )
        python, root = self.config.python or sys.executable, self.http.target.root / self.config.root
        tool = Tool((python, str(SCRIPT), self.config.app), root, self._environ())
        within_s = self.config.turn * (turns + 1)
        self.http.ledger.admit(self.component, self.config.rate_limit)
        last_exchange.set(self.http.target.redactor().clean(tool.typed(json.dumps(asked))))
        start = time.perf_counter()
        try:
            done = tool.run(json.dumps({**asked, "within_s": self.config.turn}), within_s=within_s)
        except ControlError as error:
            kind = "absent" if error.kind == "away" else error.kind
            raise self._failed(kind, str(error).rstrip(".")) from None
        self.http.ledger.answer(self.component)
        return self._read(done.out, done.said, python, time.perf_counter() - start)

    def _read(self, out: str, said: str, python: str, took_s: float) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(out.strip().rpartition("\n")[2])
        except ValueError:
            raise self._failed("exception", f"{self.config.app} ended after {took_s:.1f} s: {said}") from None
        if lacking := found.get("lacking"):
            its = f"{python} -m pip install {str(lacking).partition('.')[0]}"
            needed = its if self.config.python else "pip install 'pytest-llmops[ui]'"
            said = f"{self.component}: {python} has no {lacking} to show the page with: run {needed}."
            raise Unsupported(said) if self.config.python else NotInstalled(said)
        return found

    def _environ(self) -> Mapping[str, str]:
        """Ours, without the variables that hold a secret of this target, and what the table adds.

        What names an optional component that has no url is left out.

        Raises:
            ConfigError: it names a component that the target does not have.
        """
        target = self.http.target
        ours = target.without_secrets(os.environ)
        parts = target.table.components
        urls = {name: part.url for name, part in parts.configured().items() if part.url}
        lacking = [f"{{{name}}}" for name, part in parts.services.items() if name not in urls and not part.required]
        wanted = {name: text for name, text in self.config.env.items() if not any(one in text for one in lacking)}
        try:
            return {**ours, **{name: str(render(text, urls)) for name, text in wanted.items()}}
        except ConfigError as error:
            raise ConfigError(f"{target.where[:-1]}.components.{self.component}.env]: {error}") from None

    def _failed(self, kind: str, what: str) -> CallFailed:
        return CallFailed(self.component, kind, self.http.target.redactor().clean(f"{self.component}: {what}."))
