"""The texts that are looked through for leaks: answers, error pages, metrics pages, logs, traces, a conversation."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients.answer import Answer
from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.traffic import round_of
from pytest_llmops.errors import CallFailed, LlmopsError, Unsupported, Vacuous
from pytest_llmops.security.specimens import USER, VALUES, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.langfuse import Langfuse
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.target.load import Target

    Once = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]

ASKED = 3
"""Questions that a model server, or routes that an API without questions, is asked."""

TOLD = ("email", "iban", "credit_card")
"""What a conversation names of a person."""

FRAME = said(TOLD[1:2]).partition(VALUES[TOLD[1]])[0].strip()
"""What stands in such a conversation between two data: a log that has these words has room for the first of them."""

LOOKS = 5
"""Looks, while ``components.logs.watch`` passes, by which a log is waited for that is written late."""

UNREAD = "unread"
"""In the place of where a text stands: it could not be read, and the text says why."""

EMPTY = "(an empty page)"
"""What is looked through of an error page that says nothing, as it should."""

NOWHERE = "/llmops-no-such-page"
WRONG_BODIES: tuple[Any, ...] = ([], {"llmops": {"nested": ["wrong"]}})
"""What no route wants: its answer is an error page."""


class LeakPlaces:
    """Where it is looked: each place gives its name and the text that stands there, or `UNREAD` and why.

    Args:
        target: the deployment.
        reach: gives the client that serves a role; None where the target has none.
        once: gives what the first process of the run made under a name.
        clean: takes persons and secrets out of a text.
    """

    def __init__(self, target: Target, reach: Callable[[str], object], once: Once, clean: Callable[[str], str]) -> None:
        self._target = target
        self._reach = reach
        self._once = once
        self._clean = clean

    def answers(self) -> Iterator[tuple[str, str]]:
        """The answers to questions, or of routes that take none; what was not answered by a 2xx is `UNREAD`."""
        api = cast("Api | None", self._reach("api"))
        if api is None:
            llm = cast("Llm", self.served("llm"))
            for prompt in [*self._target.workload][:ASKED]:
                yield f"answer to {prompt.id}", llm.generate(prompt).text
        elif "query" in api.config.routes:
            questions = round_of(api, self._target.workload, self._once).questions
            answered = [(one, one.kept.came) for one in questions]
            if not any(isinstance(came, Answer) for _, came in answered):
                questions[0].kept.again()
            for one, came in answered:
                yield from (
                    _of(f"answer to {one.prompt.id}", came) if isinstance(came, Answer) else [(UNREAD, str(came))]
                )
        elif "explain" in api.config.routes:
            yield from _of("explanation", api.call("explain", **api.stored("summary"), fresh=False))
        else:
            plain = [
                name for name, route in api.config.routes.items() if route.method == "GET" and "{" not in route.path
            ]
            for name in plain[:ASKED]:
                yield from _of(f"answer of {name}", api.call(name))

    def error_pages(self) -> Iterator[tuple[str, str]]:
        """What is answered to what no route wants; that a call was turned away is `UNREAD`, besides what it said."""
        api = cast("Api", self.served("api"))
        calls: list[tuple[str, str, Any]] = [("GET", NOWHERE, None)]
        query = api.config.routes.get("query")
        if query is not None and query.method == "POST" and "{" not in query.path:
            calls += [("GET", query.path, None), *(("POST", query.path, body) for body in WRONG_BODIES)]
        for method, path, body in calls:
            answer = api.http.call(method, path, body=body)
            asked = f"answer {answer.status} to {'a wrong ' if body is not None else ''}{answer.asked}"
            yield asked, answer.text or EMPTY
            if answer.turned_away:
                yield UNREAD, f"{api.component}: {asked} is no error page; see why, and look again"

    def metrics(self) -> Iterator[tuple[str, str]]:
        """The metrics pages, without their numbers."""
        api, ui = cast("Api | None", self._reach("api")), cast("Ui | None", self._reach("ui"))
        pages = []
        if api is not None and api.config.metrics is not None:
            pages.append(("api", api.metrics_answer().ok().text))
        if ui is not None:
            pages.append(("ui", ui.http.call("GET", ui.config.metrics).ok().text))
        if not pages:
            raise Unsupported(f"target {self._target.name} names no metrics page.")
        yield from ((f"metrics page of {name}", without_values(text)) for name, text in pages)

    def logs(self) -> Iterator[tuple[str, str]]:
        """The newest lines of each log; one that cannot be read is `UNREAD`."""
        logs = cast("Logs", self.served("logs"))
        read, failed = 0, None
        for source in logs.sources():
            try:
                text = "\n".join(logs.raw(source))
            except LlmopsError as error:
                failed = error
                if not self._may_be_absent(source, error):
                    yield UNREAD, f"{source}: {error}"
                continue
            read += 1
            yield f"log {source}", text
        if not read and failed is not None:
            raise failed
        if not read:
            raise Unsupported(f"target {self._target.name} names no log.")

    def _may_be_absent(self, source: str, error: LlmopsError) -> bool:
        """A log that has lines only where something is wrong need not be there."""
        logs = self._target.table.components.logs
        quiet = logs is not None and logs.sources[source].quiet
        return quiet and isinstance(error, CallFailed) and error.kind == "absent"

    def traces(self) -> Iterator[tuple[str, str]]:
        """The newest traces of Langfuse."""
        found = cast("Langfuse", self.served("langfuse")).newest()
        if not found:
            raise Vacuous("langfuse: it has no trace, so none could hold anything.")
        yield from ((f"trace {trace.get('id', '')}", text_of(trace)) for trace in found)

    def conversation(self) -> Iterator[tuple[str, str]]:
        """The logs once a person was named in a conversation, and one of them tells of it, or will not."""
        ui = cast("Ui | None", self._reach("ui"))
        text = said(TOLD)
        before = self._told()
        with self.unquoted():
            if ui is not None and ui.config.app is not None:
                ui.ask(text)
            else:
                cast("Api", self.served("api")).call("query", prompt=text, user=USER, fresh=True).ok()
        self.until(lambda: self._told() > before)
        yield from self.logs()

    def until(self, seen: Callable[[], bool]) -> None:
        """Wait until something is seen in the logs, as long as they are watched for new lines at most."""
        logs = self._target.table.components.logs
        watch_s = (logs.watch if logs else 0.0) / self._target.table.faster
        for _ in range(LOOKS):
            with suppress(CallFailed):
                if seen():
                    return
            time.sleep(watch_s / LOOKS)

    @contextmanager
    def unquoted(self) -> Iterator[None]:
        """What is sent within may hold a person: the command that makes the call again is shown without."""
        try:
            yield
        finally:
            last_exchange.set(self._clean(last_exchange.get()))

    def served(self, role: str) -> object:
        """The client that serves a role.

        Raises:
            Unsupported: the target has none.
        """
        client = self._reach(role)
        if client is None:
            raise Unsupported(f"target {self._target.name} has no component that serves {role!r}.")
        return client

    def _told(self) -> int:
        """How often the logs tell of such a conversation; none that can be read tells of none."""
        words = (FRAME, *(VALUES[kind] for kind in TOLD))
        try:
            return sum(text.count(word) for where, text in self.logs() if where != UNREAD for word in words)
        except CallFailed:
            return 0


def _of(where: str, answer: Answer) -> Iterator[tuple[str, str]]:
    """What an answer says; one that is a refusal or an error is no look at what the service answers, and told."""
    yield where, answer.text
    try:
        answer.ok()
    except CallFailed as error:
        yield UNREAD, str(error)


def text_of(trace: object) -> str:
    """All that a trace holds, as JSON."""
    return json.dumps(trace, ensure_ascii=False)


def without_values(page: str) -> str:
    """A metrics page without its numbers: one may look like a phone's."""
    lines = (line if line.startswith("#") else line.rpartition(" ")[0] for line in page.splitlines())
    return "\n".join(lines)
