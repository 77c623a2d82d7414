"""What a target lets out that it should keep: persons, secrets, planted values, stack traces, where others read."""

from __future__ import annotations

import stat
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients.api import GUEST
from pytest_llmops.errors import Unsupported
from pytest_llmops.security.affected import Affected, affected
from pytest_llmops.security.disclosure import Disclosure
from pytest_llmops.security.lacking import unless_lacking
from pytest_llmops.security.leak_detection import PERSON, PLANTED, SECRET, TRACE, Detection, Leak, Looked
from pytest_llmops.security.leak_places import FRAME, TOLD, UNREAD, LeakPlaces
from pytest_llmops.security.specimens import USER, VALUES, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.langfuse import Langfuse
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.target.load import Target

    Once = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]

TOLD_LOGS = "logs after a conversation"
"""What is looked through once a person was named."""

ADDRESS = "ip-address"
"""The kind of finding that is a network address."""


class Leaks:
    """Looks for leaks; each place is looked through once a run.

    Args:
        target: the deployment.
        reach: gives the client that serves a role; None where the target has none.
        once: gives what the first process of the run made under a name.
    """

    def __init__(self, target: Target, reach: Callable[[str], object], once: Once) -> None:
        self._target = target
        self._reach = reach
        self._once = once
        self._own = [value for values in target.known_secrets().values() for value in values]
        self._detection = Detection(self._own)
        self._places = LeakPlaces(target, reach, once, self._detection.clean)

    def __repr__(self) -> str:
        return f"Leaks({self._target.name})"

    def answers(self) -> Looked:
        """The answers to the run's round of questions; of an API without them to what it is asked, else a model's.

        Raises:
            Unsupported: nothing of the target answers.
            CallFailed: nothing was answered at all.
        """
        return self._looked("answers", self._places.answers, PERSON, SECRET, TRACE)

    def error_pages(self) -> Looked:
        """What is answered to a page that there is not, to a wrong method and to bodies that no route wants.

        Raises:
            Unsupported: the target has no API.
            CallFailed: nobody answered.
        """
        return self._looked("error pages", self._places.error_pages, PERSON, SECRET, TRACE)

    def metrics(self) -> Looked:
        """The names, labels and descriptions of the metrics pages of the API and of the page for people.

        Raises:
            Unsupported: there is none.
            CallFailed: it cannot be had.
        """
        return self._looked("metrics", self._places.metrics, PERSON, SECRET)

    def logs(self) -> Looked:
        """The newest lines of every log, whatever the log's table leaves out of them.

        Raises:
            Unsupported: the target has no log.
            CallFailed: none of them could be read.
        """
        return self._looked("logs", self._places.logs, PERSON, SECRET)

    def traces(self) -> Looked:
        """The newest traces that Langfuse has, whole.

        Raises:
            Vacuous: it has none.
            CallFailed: it cannot be asked.
        """
        return self._looked("traces", self._places.traces, PERSON, SECRET)

    def affected(self, user: str = GUEST) -> Affected:
        """The traces of a user, and those that hold what reviews send of a person, whoever's they are.

        Raises:
            Vacuous: Langfuse has no trace at all.
            CallFailed: it cannot be asked; or it has traces, and none of this user (kind ``absent``), in whose name
                questions were asked.
        """
        langfuse = cast("Langfuse", self._places.served("langfuse"))
        return affected(langfuse, Detection(self._own, VALUES.values()), user)

    def told(self) -> Looked:
        """Every log once a person was named in a conversation, by the page for people or else by the API.

        Raises:
            Unsupported: there is neither, or no log.
            CallFailed: the question was not taken.
        """
        return self._looked(TOLD_LOGS, self._places.conversation, PLANTED)

    def detected(self) -> dict[str, bool]:
        """The kinds of personal data that the target says it detects, and whether it did: one question with all.

        Raises:
            Unsupported: the target does not say what it detects, and where.
            CallFailed: the question was not taken.
        """
        rule = self._target.table.security.detection
        if rule is None:
            raise Unsupported(
                f"target {self._target.name} does not say which personal data it detects: security.detection."
            )
        api, logs = cast("Api", self._places.served("api")), cast("Logs", self._places.served("logs"))
        began = time.time()
        with self._places.unquoted():
            api.call("query", prompt=said(rule.kinds), user=USER, fresh=True).ok()
        found: dict[str, bool] = {}

        def look() -> bool:
            noted = logs.event(rule.event, since_s=time.time() - began + 5.0)
            told = " ".join(str(entry.fields.get(rule.field, "")) for entry in noted)
            found.update({kind: name in told for kind, name in rule.kinds.items()})
            return all(found.values())

        self._places.until(look)
        look()
        return found

    def readable(self) -> list[str]:
        """Files that hold conversations and that anybody on their machine may read.

        Raises:
            Unsupported: the target does not say which logs hold conversations.
            Vacuous: none of them is there.
        """
        holding = self._target.table.security.conversations
        if not holding:
            raise Unsupported(f"target {self._target.name} does not say where conversations are kept.")
        logs = cast("Logs", self._places.served("logs"))
        files = [file for source in holding for file in logs.files(source)]
        return [file.name for file in files if file.path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH)]

    def in_clear(self) -> list[str]:
        """The components of other machines that are called without TLS, as `Disclosure.in_clear` has them.

        Raises:
            Unsupported: all of them are on this machine, or the target declares that it has no TLS.
            CallFailed: it is declared so, and not true.
        """
        return Disclosure(self._target, self._reach).in_clear()

    def unless_lacking(self, found: Looked) -> None:
        """Go on only where persons are redacted: none is found that the target declares to log.

        Once a person was named in a conversation, nothing is said for a target that is declared to redact nothing.

        Args:
            found: what `logs` or `told` came to.

        Raises:
            Unsupported: the target is declared to lack redaction; names what was found for want of it.
            CallFailed: it is declared so, and a log holds the question without the person in it (kind ``untrue``).
        """
        if found.declared or found.what == TOLD_LOGS:
            redacted = f"{', '.join(found.redacted)} holds the question without the person in it"
            has = "" if found.declared or not found.redacted else redacted
            unless_lacking(self._target, "logs", "pii_redaction", lambda: has, found.declared[:1])

    def _looked(self, what: str, texts: Callable[[], Iterable[tuple[str, str]]], *families: str) -> Looked:
        """Look through texts, once a run; what is kept of them are the findings, as they may be shown."""
        planted = [VALUES[kind] for kind in TOLD] if PLANTED in families else []
        detection = Detection(self._own, planted)

        def look() -> dict[str, Any]:
            unread: list[str] = []
            leaks: list[dict[str, Any]] = []
            redacted: list[str] = []
            places = 0
            for where, text in texts():
                if where == UNREAD:
                    unread.append(self._detection.clean(text))
                    continue
                places += bool(text.strip())
                found = detection.leaks(where, text, families, self._expected(where))
                leaks += [asdict(one) for one in found]
                redacted += [where] if planted and not found and FRAME in text else []
            return {"places": places, "leaks": leaks, "unread": unread, "redacted": redacted}

        found = self._once(f"leaks-{what.replace(' ', '-')}", look)
        leaks = [Leak(**one) for one in found["leaks"]]
        lacking = "pii_redaction" in self._target.table.security.lacks
        declared = tuple(one for one in leaks if lacking and self._is_declared(one))
        red = tuple(one for one in leaks if one not in declared)
        return Looked(what, found["places"], red, tuple(found["unread"]), declared, tuple(found["redacted"]))

    def _expected(self, where: str) -> set[str]:
        """Kinds that are there to be in a place: where somebody came from, in a log that tells that."""
        return {ADDRESS} if where in [f"log {one}" for one in self._target.table.security.addresses] else set()

    def _is_declared(self, leak: Leak) -> bool:
        """Whether it is a person in a log that, as the target declares, keeps conversations as they were held."""
        kept = [f"log {source}" for source in self._target.table.security.conversations]
        return leak.family in {PERSON, PLANTED} and leak.where in kept
