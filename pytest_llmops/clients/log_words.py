"""What the words of a log line mean: its level, its time, and the message without what differs each time."""

from __future__ import annotations

import datetime as dt
import re
import time
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pytest_llmops.target.durations import DAY_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEVELS = ("debug", "info", "warning", "error", "critical")
_MEANT = {
    "trace": "debug", "verbose": "debug", "fine": "debug", "d": "debug",
    "notice": "info", "information": "info", "log": "info", "i": "info",
    "warn": "warning", "w": "warning",
    "err": "error", "severe": "error", "e": "error",
    "fatal": "critical", "crit": "critical", "alert": "critical", "emerg": "critical", "emergency": "critical",
    "panic": "critical", "c": "critical", "f": "critical",
}  # fmt: skip
_SYSLOG = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")
"""Of the numbers 0 to 7, as in the journal's PRIORITY."""

_ABBREVIATION = re.compile(r"\s*\b(?![AP]M\b)[A-Z]{2,5}\b")
TIMES = {"hour": "%H", "day": "%Y-%m-%d"}
"""Parts of a time, in UTC, by which entries are counted."""

LONGEST = 240

_SHORTENED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b(msg|message|err|error)=\"([^\"]*)\""), r"\1=\2"),  # logfmt: here it is what is said
    (re.compile(r"(?<!\w)(['\"`])(?:(?!\1).)*\1(?!\w)"), "'…'"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b"), "EMAIL"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "ID"),
    (re.compile(r"\b(?:0x)?(?=[0-9a-f]*\d)(?=[0-9]*[a-f])[0-9a-f]{7,}\b", re.IGNORECASE), "ID"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "N"),
    (re.compile(r"\s+"), " "),
)
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [redacted]"),
    (
        re.compile(
            r"(?i)(?<![\w-])([\w-]*(?:api[_-]?key|token|passw(?:or)?d|secret|authorization)[\"']?\s*[:=]\s*[\"']?)"
            r"(?!\[redacted\]|(?:bearer|basic)\s)[^\s\"',;&}]+"
        ),
        r"\1[redacted]",
    ),
    (re.compile(r"\b(?:sk|pk|jina|ghp|gho|xox[bp])[-_][\w-]{16,}"), "[redacted]"),
    (re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"), "[redacted]"),
)
_SECRET_KEY = re.compile(r"(?i)(?:api[_-]?key|token|passw(?:or)?d|secret|authorization)$")


@lru_cache(maxsize=256)
def level(text: str | float | None) -> str:
    """One of `LEVELS`, from a word in any case or a number (the journal's, or Python's); else the word itself."""
    word = str(text if text is not None else "").strip().strip("[]").lower()
    if word.isdecimal():
        number = int(word)
        return _SYSLOG[number] if number < len(_SYSLOG) else LEVELS[max(0, min(number // 10, 5) - 1)]
    return _MEANT.get(word, word)


def rank(word: str) -> int:
    """How bad a level is; below all where it is none."""
    return LEVELS.index(word) if word in LEVELS else -1


def shortened(message: str) -> str:
    """The message without what differs from line to line: quoted parts, ids, numbers."""
    for pattern, instead in _SHORTENED:
        message = pattern.sub(instead, message)
    return message.strip()[:LONGEST]


def without_secrets(text: str) -> str:
    """Text without what looks like a key, a token or a password, known or not."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def without_secrets_inside(value: Any) -> Any:
    """The same plain JSON with every text cleaned as `without_secrets` does, by the key that it stands at, too."""
    if isinstance(value, dict):
        return {
            key: "[redacted]"
            if isinstance(item, str) and item and _SECRET_KEY.search(str(key))
            else without_secrets_inside(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_secrets_inside(item) for item in value]
    return without_secrets(value) if isinstance(value, str) else value


def clock(timezone: str, form: str | Sequence[str] | None) -> Callable[[object], float | None]:
    """What reads the times of a log.

    Args:
        timezone: of times without one; ``local`` is this machine's.
        form: of ``strptime``, or several, of which the first that fits counts; without it epoch numbers (s, ms, µs,
            ns), ISO 8601 (also with `` UTC`` behind it) and ``2026/11/29 - 10:05:00`` are read.

    Returns:
        A function from what stands there to epoch seconds, None where it is no time.
    """
    zone = None if timezone == "local" else ZoneInfo(timezone)
    forms = (form,) if isinstance(form, str) else tuple(form or ())

    def moment(found: object) -> float | None:
        if isinstance(found, bool) or not isinstance(found, int | float | str):
            return None
        text = str(found).strip()
        try:
            read = _of_one(text, forms) if forms else _written(text)
        except ValueError:
            return None
        if isinstance(read, float):
            return read
        return (read if read.tzinfo else read.replace(tzinfo=zone)).timestamp()

    return moment


_UTC = re.compile(r" (UTC|GMT)$")
_SLASHED = re.compile(r"(\d{4})/(\d\d)/(\d\d)(?: - )?")


def _written(text: str) -> float | dt.datetime:
    """An epoch number, ISO 8601 or a date with slashes as Go writes it, whichever it looks like."""
    if text[4:5] == "/":
        text = " ".join(_SLASHED.sub(r"\1-\2-\3 ", text).split())
    text = _UTC.sub("+00:00", text)
    return dt.datetime.fromisoformat(text) if text[4:5] == "-" else _epoch(text) or dt.datetime.fromisoformat(text)


def _epoch(text: str) -> float | None:
    if not re.fullmatch(r"\d{9,19}(\.\d+)?(e\d+)?", text):
        return None
    number = float(text)
    return next((number / unit for limit, unit in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)) if number > limit), number)


def _of_one(text: str, forms: Sequence[str]) -> dt.datetime:
    """By the first of several forms that fits; the error of the last where none does."""
    for form in forms[:-1]:
        with suppress(ValueError):
            return _formed(text, form)
    return _formed(text, forms[-1])


def _formed(text: str, form: str) -> dt.datetime:
    """By ``strptime``; where the form has no year it is the last time that there was such a day.

    ``%Z`` is any abbreviation, of which only UTC and GMT say anything: the others mean several zones.
    """
    if "%Z" in form:
        zone = _ABBREVIATION.search(text)
        read = _formed(_ABBREVIATION.sub("", text).strip(), form.replace(" %Z", "").replace("%Z", ""))
        return read.replace(tzinfo=dt.UTC) if zone and zone[0].strip() in {"UTC", "GMT"} else read
    if "%Y" in form or "%y" in form or "%G" in form:
        return dt.datetime.strptime(text, form)  # noqa: DTZ007 (the zone is the caller's)
    today = dt.datetime.fromtimestamp(time.time() + DAY_S)  # noqa: DTZ006 (only its year is used)
    read = dt.datetime.strptime(f"{today.year} {text}", f"%Y {form}")  # noqa: DTZ007
    return read if read <= today else read.replace(year=read.year - 1)
