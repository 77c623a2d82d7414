"""Takes secrets, and what is no text, out of what pytest and Allure hand around: reports, tracebacks, results."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_llmops.target.secrets import REDACTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.target.secrets import Redactor

LOOKED_INTO = ("_pytest.", "allure_commons.")
"""Whose objects are cleaned attribute by attribute; of others only the text that they show."""

SAID = ("longrepr", "sections", "user_properties", "wasxfail", "context", "llmops", "llmops_recordings")
"""Attributes of a report that hold words of a test or a target; the others are names and numbers."""

STUMP = 4
"""Characters of a secret before or after ``...`` that are taken out with it."""

LINE_END = 8
"""The same at the end of a line, where a text may have been cut without a mark."""

_APART = re.compile(r"""\x1b\[[0-9;]*m|'"(')"'""")
"""What may stand within a secret without being part of it: a change of color, a quote's own quotes for a shell."""


class Cleaner:
    """A target's redactor, for what consists of more than one text.

    Args:
        redactor: knows the secrets.
        values: the secrets themselves, to find what is left of them where a text was cut.
    """

    def __init__(self, redactor: Redactor, values: Iterable[str] = ()) -> None:
        self.redactor = redactor
        plain = {value.strip() for value in values if len(value.strip()) > LINE_END}
        shown = {value.replace("\\", r"\\") for value in plain}  # as repr shows it
        self.values = sorted(plain | shown | {value.replace("'", r"\'") for value in shown}, key=len, reverse=True)

    def __repr__(self) -> str:
        return f"Cleaner({self.redactor!r})"

    def text(self, text: str) -> str:
        """The text without secrets; it loses its colors, or its quotes for a shell, where they ran through one.

        Half a surrogate pair, as a target's JSON may hold, is spelled out: no file takes it, nor what workers send.
        """
        return self._without_secrets(text).encode(errors="backslashreplace").decode()

    def _without_secrets(self, text: str) -> str:
        cleaned = self.redactor.clean(text)
        if _APART.search(cleaned) and self.redactor.finds(whole := _APART.sub(lambda found: found[1] or "", cleaned)):
            cleaned = self.redactor.clean(whole)
        return _without_stumps(cleaned, self.values)

    def inside(self, value: Any) -> Any:
        """The same without secrets: containers anew, objects of pytest and Allure in place, others as they are."""
        if isinstance(value, str):
            return self.text(value)
        if type(value) in {list, tuple}:
            return type(value)(self.inside(item) for item in value)
        if type(value) is dict:
            return {self.inside(key): self.inside(item) for key, item in value.items()}
        if type(value).__module__.startswith(LOOKED_INTO):
            for name in [*getattr(value, "__dict__", ()), *getattr(value, "__slots__", ())]:
                object.__setattr__(value, name, self.inside(getattr(value, name)))  # some are frozen
        return value

    def report(self, report: Any) -> None:
        """Clean a report of pytest's, in place."""
        for name in SAID:
            if getattr(report, name, None):
                setattr(report, name, self.inside(getattr(report, name)))
        report.user_properties = [(name, self._shown(value)) for name, value in getattr(report, "user_properties", ())]
        if not isinstance(report.longrepr, str | tuple | None):
            report.longrepr = self._shown(report.longrepr)

    def traceback(self, shown: Any) -> None:
        """Clean what pytest shows of an exception, in place."""
        self.inside(shown)
        text = str(shown)
        if self.text(text) != text:
            shown.toterminal = lambda tw: tw.line(self.text(text))

    def data(self, body: bytes) -> bytes:
        """Clean the text that a file may be; whatever is no text stays as it is."""
        return self._without_secrets(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _shown(self, value: Any) -> Any:
        """A value as it is, or only its cleaned text where that shows a secret."""
        text = str(value)
        cleaned = self.text(text)
        return value if cleaned == text else cleaned


def _without_stumps(text: str, values: list[str]) -> str:
    """The text without what is left of a value where it was cut.

    Pytest shows a long value as its beginning, ``...`` and its end; our own errors show the beginning of an answer.
    """
    for value in values:
        if "..." in text:
            before, *rest = text.split("...")
            parts = [before]
            for after in rest:
                parts[-1] = _without_beginning(parts[-1], value, STUMP)
                parts.append(_without_end(after, value))
            text = "...".join(parts)
        if value[:LINE_END] in text:
            text = "".join(_without_beginning_at_end(line, value) for line in text.splitlines(keepends=True))
    return text


def _without_beginning_at_end(line: str, value: str) -> str:
    """The line, without the beginning of the value that it ends with; a quote or a full stop may come after it."""
    end = line.rstrip("\r\n\"').")
    return _without_beginning(end, value, LINE_END) + line[len(end) :]


def _without_beginning(text: str, value: str, least: int) -> str:
    """The text, without the beginning of the value that it ends with."""
    at = text.find(value[:least], max(0, len(text) - len(value)))
    while at >= 0:
        if value.startswith(text[at:]):
            return text[:at] + REDACTED
        at = text.find(value[:least], at + 1)
    return text


def _without_end(text: str, value: str) -> str:
    """The text, without the end of the value that it begins with."""
    at = text.rfind(value[-STUMP:], 0, len(value))
    while at >= 0:
        if value.endswith(text[: at + STUMP]):
            return REDACTED + text[at + STUMP :]
        at = text.rfind(value[-STUMP:], 0, at + STUMP - 1)
    return text
