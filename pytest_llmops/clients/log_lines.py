"""From lines to entries: by a regular expression or as JSON, with what belongs to a line beside it."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.clients.log_entry import Entry
from pytest_llmops.clients.log_files import Lines
from pytest_llmops.clients.log_words import clock, level, rank
from pytest_llmops.target.log_sources import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_llmops.clients.log_files import LogFile
    from pytest_llmops.target.log_sources import Source

MOST = 100
"""Lines that belong to an entry and are kept; of a longer traceback the last ones."""

USUAL = {
    "time": 'timestamp || time || ts || "@timestamp"',
    "level": "level || severity || levelname",
    "logger": "logger || name",
    "message": "message || msg || event",
}
"""Where these stand in JSON, unless a log's table says otherwise."""

_NAME = re.compile(r"[A-Za-z_@][\w@]*")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_TRACEBACK = re.compile(r"\s*(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\):")
_CHAIN = ("During handling of the above exception", "The above exception was the direct cause")
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?::\s.*)?$")


@dataclass
class _Open:
    """An entry whose lines still come."""

    message: str
    at: float | None
    level: str
    logger: str
    fields: Mapping[str, Any]
    line: str = ""
    exception: str = ""
    within: bool = False
    alone: bool = False
    more: deque[str] | None = None
    file: str = ""

    def add(self, line: str) -> None:
        """A line that belongs to it."""
        if self.more is None:
            self.more = deque(maxlen=MOST)
        self.more.append(line)

    def done(self, source: str) -> Entry:
        """As it is, once the next begins."""
        message = self.exception or "Traceback" if self.alone else self.message
        more = tuple(self.more or ())
        told = (self.exception, self.fields, more, self.line, self.file)
        return Entry(message, self.at, self.level, self.logger, source, *told)


class LineReader:
    """Reads the lines of one log.

    Args:
        source: its table.
        name: its name.

    Attributes:
        read: lines that are entries.
        unreadable: lines that are neither an entry nor look like part of one; they are kept with the entry before.
    """

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        self._line = re.compile(source.line) if source.line else None
        self._before = re.compile(source.before) if source.before else None
        self._keys = {key: _finder(path) for key, path in {**USUAL, **source.keys}.items()}
        self._moment = clock(source.timezone, source.time_format)
        self._last_at: float | None = None
        self.read = 0
        self.unreadable = 0

    def entries(self, lines: Iterable[str], *, headless: bool = False) -> Iterator[Entry]:
        """The entries that these lines are, oldest first.

        Args:
            lines: in the order of the log.
            headless: whether they may begin within an entry, of which nothing can be said.
        """
        current: _Open | None = None
        for raw in lines:
            line = _COLOURS.sub("", raw) if "\x1b" in raw else raw
            opened = self._opened(line)
            if opened is None and self._before is not None and (put := self._before.match(line)):
                line = line[put.end() :]
            if opened is None and _TRACEBACK.match(line) and not self._belongs(current):
                opened = _Open("", self._last_at, "error", current.logger if current else "", {}, alone=True)
                opened.within = True
                opened.add(line)
            if opened is None:
                if current is not None or not headless:
                    current = self._added(current, line)
                continue
            self.read += 1
            opened.line = line if self._source.whole and not opened.alone else ""
            if current is not None:
                yield current.done(self._name)
            current = opened
            current.file = lines.file if isinstance(lines, Lines) else ""
        if current is not None:
            yield current.done(self._name)

    def time_in(self, line: str) -> float | None:
        """The time of a line that begins an entry; None where it begins none, or none with a time."""
        self._last_at = None
        opened = self._opened(line)
        return opened.at if opened else None

    def document(self, text: str, file: LogFile) -> Entry | None:
        """The entry that a whole file is; None where it is no JSON object."""
        opened = self._json(text)
        if opened is None:
            self.unreadable += 1
            return None
        self.read += 1
        opened.line = text if self._source.whole else ""
        if opened.at is None:
            opened.at = file.changed_at
        opened.file = file.name
        return opened.done(self._name)

    @staticmethod
    def _belongs(current: _Open | None) -> bool:
        """Whether a traceback that begins now is part of what is open: an error, or another traceback."""
        return current is not None and (current.within or rank(current.level) >= rank("error"))

    def _opened(self, line: str) -> _Open | None:
        """The entry that a line begins; None where it begins none."""
        if self._source.format != "plain" and (found := self._json(line)):
            return found
        if self._line is None or not (matched := self._line.match(line)):
            return None
        groups = matched.groupdict()
        inner = self._json(groups.get("message") or "") if self._source.keys else None
        return self._made({**groups, **_told(inner)} if inner else groups)

    def _json(self, text: str) -> _Open | None:
        if not text.lstrip().startswith("{"):
            return None
        try:
            document = json.loads(text)
        except ValueError:
            return None
        return self._made({key: find(document) for key, find in self._keys.items()})

    def _made(self, found: Mapping[str, Any]) -> _Open:
        at = self._moment(found.get("time"))
        self._last_at = at = self._last_at if at is None else at
        message = "" if found.get("message") is None else str(found["message"])
        fields = {key: value for key, value in found.items() if key not in KEYS and value is not None}
        opened = _Open(message, at, level(found.get("level")), str(found.get("logger") or ""), fields)
        opened.within = bool(_TRACEBACK.match(message))
        return opened

    def _added(self, current: _Open | None, line: str) -> _Open | None:
        """The open entry with a line that begins none."""
        blank = not line.strip()
        if current is None:
            self.unreadable += not blank
            return None
        if _TRACEBACK.match(line) or line.startswith(_CHAIN):
            current.within = True
        elif current.within and not line[:1].isspace() and not blank:
            current.within = False
            if _EXCEPTION.match(line):
                current.exception = line.strip()
        elif not (blank or line[:1].isspace() or line[:1] in "}])|+"):
            self.unreadable += 1
        if not blank:
            current.add(line)
        return current


def _finder(path: str) -> Callable[[Any], Any]:
    """What finds the value at a JMESPath; None where a function of it does not take what stands there.

    Names alone, and several of which the first one counts, are looked up directly: that is a tenth of the time.
    """
    names = [name.strip().strip('"') for name in path.split("||")]
    if all(_NAME.fullmatch(name) for name in names):
        return lambda document: _first([document.get(name) for name in names])
    compiled = jmespath.compile(path)

    def search(document: Any) -> Any:
        try:
            return compiled.search(document)
        except jmespath.exceptions.JMESPathError:
            return None

    return search


def _first(values: list[Any]) -> Any:
    """What JMESPath's ``||`` gives: the first that is true for it, as 0 is, else the last; ``false`` alone stays."""
    return next((one for one in values if one or (one == 0 and one is not False)), values[-1])


def _told(inner: _Open) -> dict[str, Any]:
    """What a message that is JSON says better than the words before it."""
    told = {"message": inner.message, "level": inner.level, "logger": inner.logger}
    return {key: value for key, value in told.items() if value} | dict(inner.fields)
