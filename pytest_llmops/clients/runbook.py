"""The runbook as a document: its version and dates, the windows it names, and whether what it names is there."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed, LlmopsError, Unsupported, did_you_mean
from pytest_llmops.target.windows import Window, window

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.target.runbook import Named, Runbook


class RunbookDocument:
    """The runbook that lies on the target.

    Args:
        app: the target's commands; one of them prints the document.
        said: what it must say, and what it names.
        answers: the HTTP status of a path of a component.
        there: whether a file or folder is there.
    """

    def __init__(
        self,
        app: AppCommands,
        said: Runbook,
        answers: Callable[[str, str], int],
        there: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._said = said
        self._answers = answers
        self._there = there

    def text(self) -> str:
        """The document.

        Raises:
            CallFailed: it cannot be read, or is empty.
        """
        text = self._app.text(self._said.read)
        if not text.strip():
            raise self._failed("empty", "the document is empty")
        return text

    def version(self) -> str:
        """Its version.

        Raises:
            CallFailed: it states none.
            Unsupported: the target does not say where it stands.
        """
        if self._said.version is None:
            raise Unsupported("runbook: the target does not say where its version stands; give it runbook.version.")
        return self._picked(self._said.version, "version")

    def date(self, name: str) -> dt.date:
        """One of its dates.

        Raises:
            CallFailed: it states none, or one that is none.
            Unsupported: the target does not say where it stands.
        """
        if name not in self._said.dates:
            raise Unsupported(
                f"runbook: the target does not say where its date {name!r} stands; give it runbook.dates."
                f"{did_you_mean(name, self._said.dates)}"
            )
        found = self._picked(self._said.dates[name], f"date {name}")
        try:
            return dt.date.fromisoformat(found)
        except ValueError:
            raise self._failed("bad-answer", f"its date {name} is {found!r}, which is no date (YYYY-MM-DD)") from None

    def age_days(self, name: str) -> int:
        """How long ago one of its dates is.

        Raises:
            CallFailed: it states none, or one that is to come.
            Unsupported: the target does not say where it stands.
        """
        stated, today = self.date(name), dt.datetime.now(dt.UTC).date()
        if stated > today + dt.timedelta(days=1):
            raise self._failed("bad-answer", f"its date {name} is {stated}, which is to come")
        return max(0, (today - stated).days)

    def window(self, name: str) -> Window:
        """A maintenance window that it names, ``first Saturday …, 2:00-4:00 AM`` read as ``first Sat 02:00-04:00``.

        Raises:
            CallFailed: it names none, or one that cannot be read.
            Unsupported: the target does not say where it stands.
        """
        if name not in self._said.windows:
            raise Unsupported(
                f"runbook: the target does not say where its window {name!r} stands; give it runbook.windows."
                f"{did_you_mean(name, self._said.windows)}"
            )
        found = re.search(self._said.windows[name], self.text(), re.MULTILINE)
        if found is None:
            raise self._failed("bad-answer", f"it names no maintenance window {name!r} ({self._said.windows[name]})")
        try:
            return window(_written(found.groupdict()))
        except ValueError as error:
            raise self._failed("bad-answer", f"its window {found[0]!r} cannot be read: {error}") from None

    def lost(self) -> list[str]:
        """What it names and is not there, each with the reason; what is known to be absent is left out.

        Raises:
            Unsupported: the target does not say what it names.
        """
        if not self._said.names:
            raise Unsupported("runbook: the target does not say what its runbook names; give it runbook.names.")
        programs = [named.program for named in self._said.names.values() if named.program and not named.absent]
        lacking = self._lacking(programs)
        found = {name: self._why(named, lacking) for name, named in self._said.names.items() if not named.absent}
        return [f"{name}: {why}" for name, why in found.items() if why]

    def never_there(self) -> list[str]:
        """What it names and is known to be absent, each with the reason."""
        return [f"{name}: {named.absent.rstrip('.')}" for name, named in self._said.names.items() if named.absent]

    def unlisted(self) -> list[str]:
        """Programs, paths and addresses that stand in it and for which ``names`` has nothing, so that nobody looks.

        Raises:
            CallFailed: it cannot be read, or ``mentions`` picks nothing out of it.
            Unsupported: the target does not say what a mention looks like.
        """
        if not self._said.mentions:
            raise Unsupported(
                "runbook: the target does not say how its runbook names things; give it runbook.mentions."
            )
        text = self.text()
        found = {hit[1] for pattern in self._said.mentions for hit in re.finditer(pattern, text, re.MULTILINE)}
        if not found:
            raise self._failed("bad-answer", "nothing that runbook.mentions describes stands in it")
        return sorted(found - {word for named in self._said.names.values() for word in named.words})

    def unsaid(self) -> list[str]:
        """Names of the list that do not stand in it, each with the word that was looked for: the list is of another."""
        text = self.text()
        return [
            f"{name}: {word!r}"
            for name, named in self._said.names.items()
            for word in named.words
            if not _stands(word, text)
        ]

    def _lacking(self, programs: list[str]) -> set[str]:
        """Those that are not on the path; ``which`` prints the place of each that is."""
        if not programs:
            return set()
        places = self._app.text("which", *programs).split()
        return set(programs) - {place.rpartition("/")[2] for place in places}

    def _why(self, named: Named, lacking: set[str]) -> str:
        """Why it is not there; empty if it is."""
        try:
            return self._found(named, lacking)
        except LlmopsError as error:
            return str(error).rstrip(".")

    def _found(self, named: Named, lacking: set[str]) -> str:
        if named.program:
            return f"{named.program} is not on the path" if named.program in lacking else ""
        if named.command:
            self._app.run(named.command)
            return ""
        path = named.path or ""
        if not named.component:
            return "" if self._there(path) else f"there is no {path}"
        status = self._answers(named.component, path)
        return "" if status == 200 else f"{named.component}: GET {path} answered {status}"

    def _picked(self, pattern: str, what: str) -> str:
        found = re.search(pattern, self.text(), re.MULTILINE)
        if found is None:
            raise self._failed("bad-answer", f"it states no {what} ({pattern})")
        return found[1].strip()

    def _failed(self, kind: str, what: str) -> CallFailed:
        return CallFailed(self._app.component, kind, f"runbook: {what}.")


def _stands(word: str, text: str) -> bool:
    """Whether a word, or several, is there as such; a path may follow a host and its port."""
    before = r"(?<!\w)" if word[0].isalnum() else ""
    return re.search(rf"{before}{re.escape(word)}(?!\w)", text) is not None


def _written(said: dict[str, str | None]) -> str:
    """A window as ``llmops.toml`` writes it."""
    half = (said.get("half") or "").upper()
    opens, closes = (_clock(said[end] or "", half) for end in ("opens", "closes"))
    week = f"{(said.get('week') or '').lower()} ".lstrip()
    return f"{week}{(said['day'] or '')[:3].title()} {opens}-{closes}"


def _clock(text: str, half: str) -> str:
    """``2`` and ``PM``, or ``2:00``, as ``14:00``."""
    hours, _, minutes = text.partition(":")
    hour = int(hours) % 12 + (12 if half == "PM" else 0) if half else int(hours)
    return f"{hour:02d}:{minutes or '00'}"
