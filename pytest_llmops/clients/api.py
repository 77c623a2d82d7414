"""The API in front, asked questions by the route that its profile describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.clients.generation import text_of
from pytest_llmops.clients.reply import reply_of
from pytest_llmops.clients.signing import WRONG
from pytest_llmops.clients.vitals import Vitals
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Answer
    from pytest_llmops.clients.reply import Reply
    from pytest_llmops.samples import Prompt

GUEST = "llmops-guest"
"""The user in whose name questions are asked where no other is given."""


class Api(Vitals):
    """A service that answers questions."""

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: any answer but a refused key will do; whether it is a healthy one is a check of its own.

        Where there is a key, also admitted: health is often open to all, and the key is tried by a question.
        """
        auth = self.config.auth
        keyed = auth is not None and (auth.login is not None or "query" in self.config.routes)
        return [("reachable", self._any_answer), *([("admitted", self._admitted)] if keyed else [])]

    def _any_answer(self) -> None:
        if self.config.health is None:
            self.http.call("GET", "/")
            return
        answer = self.call(self.config.health.route)
        if answer.status in {401, 403}:  # the key is wrong: not one check would say anything else
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

    def refusal(self, prompt: Prompt) -> Answer:
        """Ask a question with a key that nobody has.

        Raises:
            Unsupported: the target is configured without keys.
            CallFailed: it is not refused with 401 or 403 (kind ``not-refused``).
        """
        if self.config.auth is None:
            raise Unsupported(f"{self.component}: the target is configured without keys.")
        answer = self._ask("query", WRONG, {"prompt": prompt.text, "user": GUEST, "fresh": True})
        if answer.status not in {401, 403}:
            said = f"{self.component}: {answer.asked} with a wrong key answered {answer.status}, not 401 or 403."
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

    def explain(self, *, level: str = "summary", fresh: bool = True) -> Reply:
        """Have the newest stored analysis explained (routes ``analyses`` and ``explain``).

        Args:
            level: of detail.
            fresh: anew, whether or not it was explained before.

        Raises:
            Unsupported: this system has no such routes, or the account has no analysis that could be explained.
            CallFailed: a status other than 2xx, or no whole answer.
        """
        route = self.route("explain")
        analysis = self.value("analyses")
        if analysis is None:
            raise Unsupported(f"{self.component}: the account has no stored analysis; make one, and run again.")
        return reply_of(self.call("explain", analysis=analysis, level=level, fresh=fresh), route)

    def active_alerts(self) -> int:
        """Alerts that the service itself holds active (routes ``monitoring`` and ``alerts``).

        Raises:
            Unsupported: this system has no such routes.
            Vacuous: it does not watch itself, so there could be none.
            CallFailed: a status other than 2xx, or no list.
        """
        if not self.value("monitoring"):
            raise Vacuous(f"{self.component}: it does not watch itself, so no alert of it could be active.")
        found = self.value("alerts")
        if not isinstance(found, list):
            raise CallFailed(
                self.component, "bad-answer", f"{self.component}: it does not say which alerts are active."
            )
        return len(found)

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
