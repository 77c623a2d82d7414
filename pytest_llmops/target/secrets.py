"""Secrets are named by environment variable, never stored, and taken out of whatever is shown."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote, urlsplit, urlunsplit

from pytest_llmops.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REDACTED = "[redacted]"
SHORTEST = 4  # a shorter value would blank ordinary words out of every report


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by its name. The value is asked for where it is used; ``repr`` shows the name alone.

    Attributes:
        env: the environment variable that holds it.
    """

    env: str

    def value(self, environ: Mapping[str, str], where: str) -> str:
        """The secret itself.

        Raises:
            ConfigError: the variable is not set; names it and where it is asked for.
        """
        found = environ.get(self.env, "")
        if not found:
            raise ConfigError(
                f"{where} takes its secret from the environment variable {self.env}, which is not set. "
                f"Set it (export {self.env}=…) and run again."
            )
        return found


class Redactor:
    """Takes known secret values out of text: raw, URL-encoded, base64 and as JSON writes them."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._forms: list[str] = []
        self.add(values)

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} forms)"

    def add(self, values: Iterable[str]) -> None:
        """Learn more values, longest first so that a value within another leaves no remainder."""
        forms = set(self._forms)
        for value in values:
            if len(value) >= SHORTEST:
                encoded = base64.b64encode(value.encode()).decode()
                url_safe = base64.urlsafe_b64encode(value.encode()).decode()
                forms |= {value, quote(value, safe=""), quote_plus(value), encoded, url_safe}
                forms |= {encoded.rstrip("="), url_safe.rstrip("=")}
                forms |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
        self._forms = sorted(forms, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text with every known value replaced by ``[redacted]``."""
        for form in self._forms:
            text = text.replace(form, REDACTED)
        return text

    def finds(self, text: str) -> bool:
        """Whether the text holds a known value."""
        return any(form in text for form in self._forms)


def without_userinfo(url: str) -> str:
    """The URL with user and password taken out, as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def userinfo(url: str) -> str:
    """``user:password`` of a URL, decoded; empty where it has none."""
    return unquote(urlsplit(url).netloc.rpartition("@")[0])
