"""The API in front, asked questions by the route that its profile describes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.clients import answerer, jobs
from pytest_llmops.clients.generation import text_of
from pytest_llmops.clients.health import AHEAD_S
from pytest_llmops.clients.log_words import clock
from pytest_llmops.clients.reply import reply_of
from pytest_llmops.clients.signing import WRONG
from pytest_llmops.clients.vitals import Vitals
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.clients.answerer import Answerer
    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Answer
    from pytest_llmops.clients.jobs import Begun, Ended
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.reply import Reply
    from pytest_llmops.samples import Prompt
    from pytest_llmops.target.routes import OwnAlerts

GUEST = "llmops-guest"
"""The user in whose name questions are asked where no other is given."""


NOBODY = {502, 504}
"""Statuses with which a proxy says that what it stands before gave no answer."""


class Api(Vitals):
    """A service that answers questions."""

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: any answer of its own but a refused key will do; whether it is healthy is a check of its own.

        A proxy before it that says 502 or 504 has found nobody: then it is as far away as where nobody listens.

        Where there is a key, also admitted: health is often open to all, and the key is tried by a question.
        """
        auth = self.config.auth
        keyed = auth is not None and (auth.login is not None or "query" in self.config.routes)
        return [("reachable", self._any_answer), *([("admitted", self._admitted)] if keyed else [])]

    def _any_answer(self) -> None:
        health = self.config.health
        answer = self.call(health.route) if health else self.http.call("GET", "/")
        if answer.status in NOBODY or (health and answer.status in {401, 403}):  # no check would say anything else
            answer.ok()

    def _admitted(self) -> None:
        if self.config.auth is not None and self.config.auth.login is not None:
            self.http.admit()
            return
        try:
            answer = self.call("query", prompt="Hello", user=GUEST, fresh=True)
        except CallFailed:
            return  # whether it answers at all is a check of its own
        if answer.status in {401, 403}:
            answer.ok()

    def refusal(self, prompt: Prompt, *, role: str = WRONG) -> Answer:
        """Ask a question with a key that nobody has, or with one that has been replaced.

        Args:
            prompt: the question.
            role: of ``auth.roles``, the one whose key is not to be taken any more.

        Raises:
            Unsupported: the target is configured without keys.
            CallFailed: it is not refused with 401 or 403 (kind ``not-refused``).
        """
        if self.config.auth is None:
            raise Unsupported(f"{self.component}: the target is configured without keys.")
        answer = self._ask("query", role, {"prompt": prompt.text, "user": GUEST, "fresh": True})
        if answer.status not in {401, 403}:
            whose = "a wrong key" if role == WRONG else f"the key of {role}"
            said = f"{self.component}: {answer.asked} with {whose} answered {answer.status}, not 401 or 403."
            raise CallFailed(self.component, "not-refused", said)
        return answer

    def query(self, prompt: Prompt | str, *, user: str = GUEST, fresh: bool = True, role: str | None = None) -> Reply:
        """Ask a question (route ``query``).

        Args:
            prompt: the question.
            user: in whose name.
            fresh: past the target's answer cache, where its route can say so.
            role: whose key signs it.

        Raises:
            CallFailed: a status other than 2xx, or no whole answer.
        """
        answer = self.call("query", role=role, prompt=text_of(prompt), user=user, fresh=fresh)
        return reply_of(answer, self.route("query"))

    def answerer(self, llm: Llm, prompt: Prompt | str) -> Answerer:
        """Ask a question, and see which model answers it: ``model seen``.

        By the answer's value ``model``; where it has none, by which model of an Ollama server was asked meanwhile.

        Args:
            llm: the model server that it asks.
            prompt: the question.

        Raises:
            Vacuous: it is not seen.
            CallFailed: a status other than 2xx, or no whole answer.
        """
        return answerer.answerer(self, llm, prompt)

    def can_be_asked(self, prompt: Prompt) -> None:
        """Go on only where no route that the runbook asks a question by is declared ``unable``, and is.

        Args:
            prompt: the question; each such route is asked it, for a declaration has to be true.

        Raises:
            Vacuous: one is declared so, and did not answer the question.
            CallFailed: one is declared so, and answers (kind ``untrue``); or nobody answered, or a key was refused.
        """
        for name, route in self.config.routes.items():
            if not route.unable:
                continue
            answer = self.call(name, prompt=prompt.text, user=GUEST, fresh=True)
            said = f"{self.component}: {answer.asked}, by which the runbook asks, is declared unable ({route.unable})"
            try:
                failure = reply_of(answer, route).failure
            except CallFailed as error:
                if answer.status in {401, 403, 429, *NOBODY}:  # says nothing of what it can do
                    raise
                failure = error.kind
            if not failure:
                raise CallFailed(
                    self.component, "untrue", f"{said}, and answers: take routes.{name}.unable out, and ask by it."
                )
            raise Vacuous(f"{said}, and so it is: {failure}.")

    def explain(self, *, level: str = "summary", fresh: bool = True, language: str = "en") -> Reply:
        """Have the newest stored analysis explained (routes ``analyses`` and ``explain``).

        Args:
            level: of detail.
            fresh: anew, whether or not it was explained before.
            language: of the explanation.

        Raises:
            Unsupported: this system has no such routes, or the account has no analysis that could be explained.
            CallFailed: a status other than 2xx, or no whole answer.
        """
        route = self.route("explain")
        return reply_of(self.call("explain", **self.stored(level, language), fresh=fresh), route)

    def stored(self, level: str, language: str = "en") -> dict[str, Any]:
        """What has the newest stored analysis explained at a level, in a language: words of the route ``explain``.

        Raises:
            Unsupported, CallFailed: as of :meth:`explain`.
        """
        analysis = self.value("analyses")
        if analysis is None:
            raise Unsupported(f"{self.component}: the account has no stored analysis; make one, and run again.")
        return {"analysis": analysis, "level": level, "language": language}

    def active_alerts(self) -> tuple[str, ...]:
        """The service's own alerts that are active, a sentence each (routes ``monitoring`` and ``alerts``).

        Where the route lists what was noted of late, as its table ``alerts`` says, one that would have been noted again
        by now is over.

        Raises:
            Unsupported: this system has no such routes.
            Vacuous: it does not watch itself, so there could be none.
            CallFailed: a status other than 2xx, no list, or an entry whose time cannot be read or is to come.
        """
        if not self.value("monitoring"):
            raise Vacuous(f"{self.component}: it does not watch itself, so no alert of it could be active.")
        found = self.value("alerts")
        if not isinstance(found, list):
            raise CallFailed(
                self.component, "bad-answer", f"{self.component}: it does not say which alerts are active."
            )
        rule = self.config.alerts
        if rule is None:
            return tuple(str(entry) for entry in found)
        noted = [(entry, self._age_s(entry, rule)) for entry in found]
        return tuple(_alert(entry, rule, age_s) for entry, age_s in noted if age_s <= rule.again)

    def _age_s(self, entry: object, rule: OwnAlerts) -> float:
        """How long ago an alert was noted."""
        stamp = jmespath.search(rule.at, entry)
        at = clock(rule.timezone, None)(stamp)
        age_s = None if at is None else time.time() - at
        if age_s is not None and age_s >= -AHEAD_S:
            return age_s
        said = "which cannot be read" if age_s is None else f"{spoken(-age_s)} to come, in time zone {rule.timezone}"
        raise CallFailed(
            self.component, "bad-answer", f"{self.component}: an alert of it is of {rule.at} {stamp!r}, {said}."
        )

    def sources(self, prompt: Prompt) -> tuple[str, ...]:
        """The ids of the sources that the answer to a question names.

        Raises:
            Unsupported: the route does not say where they stand.
        """
        self.require("sources", "where sources stand")
        return self.query(prompt).sources

    def blocks(self, prompt: str) -> bool:
        """Whether an input is refused.

        Raises:
            Unsupported: the route does not say how a block looks.
        """
        self.require("blocked", "how a block looks")
        return self.query(prompt).blocked

    def begin(self, tab: str) -> Begun:
        """Hand over the first file that lies there to one of its workflows: ``job said``; no job where it is refused.

        Raises:
            Unsupported: it is handed no such work.
            Vacuous: no file lies there.
            CallFailed: no whole answer came.
        """
        return jobs.begin(self, tab)

    def ended(self, job: str, within_s: float = 600.0) -> Ended:
        """Wait until work that was begun is over: ``state failed took_s``.

        Raises:
            CallFailed: it is not in time.
        """
        return jobs.ended(self, job, within_s)

    def require(self, key: str, what: str) -> None:
        """The route ``query`` has to have a key, or nothing can be read off an answer.

        Args:
            key: of the route's table.
            what: it says, in words.

        Raises:
            Unsupported: it has not.
        """
        if getattr(self.route("query"), key) is None:
            raise Unsupported(f"{self.component}: its route 'query' does not say {what}; give it {key}.")

    def ask_all(self, prompts: Iterable[Prompt], *, fresh: bool = True) -> None:
        """Ask every question once, whatever becomes of it: traffic for the service's own counters."""
        for prompt in prompts:
            self.call("query", prompt=prompt.text, user=GUEST, fresh=fresh)

    def knows(self, prompt: Prompt) -> bool:
        """Whether the answer to a question holds the words that a right one holds."""
        return self.query(prompt).knows(prompt.expect)


def _alert(entry: object, rule: OwnAlerts, age_s: float) -> str:
    words = [str(found) for path in (rule.title, rule.says) if (found := jmespath.search(path, entry))]
    return f"{': '.join(words) or entry} (noted {spoken(age_s)} ago)"
