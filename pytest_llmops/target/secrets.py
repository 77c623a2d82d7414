"""Secrets are named by environment variable, never stored, and taken out of whatever is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from pytest_llmops.errors import ConfigError

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Collection, Iterable, Mapping

REDACTED = "[redacted]"
SHORTEST = 4  # a shorter value would blank ordinary words out of every report
TOKEN = 8
"""Characters from which a part of a notification URL may be a token; hosts have a dot."""
HOSTED = {"json", "xml", "form", "mailto", "apprise", "gotify", "mqtt"}
"""Services of apprise, without the ``s`` of their secure form, whose URLs begin with a host; others' with a token."""
APPRISES = {"format", "overflow", "emojis", "interpret", "verify", "image", "priority", "mode", "method", "tz"}
"""Words of a notification URL's query whose values are ordinary ones."""
PORT = 5
"""Digits of a port, at the most."""


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
    """Takes known secret values out of text, however their characters are written there.

    That is: raw, URL-encoded, as JSON, Python, HTML and XML escape them, any of these within another, and in base64.
    Of a value of several lines each line counts by itself too.

    Args:
        values: the secrets.
        learned: tells those that are found out meanwhile; asked whenever a text is cleaned, and never tells fewer.
    """

    def __init__(self, values: Iterable[str] = (), learned: Callable[[], Collection[str]] = tuple) -> None:
        self._values: set[str] = set()
        self._learned = learned
        self._seen = 0
        self._pattern: re.Pattern[str] | None = None
        self.add(values)

    def __repr__(self) -> str:
        return f"Redactor({len(self._values)} values)"

    def add(self, values: Iterable[str]) -> None:
        """Learn more values; a value within another leaves no remainder."""
        for value in values:
            parts = {value, value.strip(), *(line.strip() for line in value.splitlines())}
            self._values |= {part for part in parts if len(part) >= SHORTEST}
        self._pattern = None

    def clean(self, text: str) -> str:
        """The text with every known value replaced by ``[redacted]``."""
        self._learn()
        return self._compiled().sub(REDACTED, text) if self._values else text

    def finds(self, text: str) -> bool:
        """Whether the text holds a known value."""
        self._learn()
        return bool(self._values) and self._compiled().search(text) is not None

    def inside(self, value: Any) -> Any:
        """Plain JSON with every text redacted, keys too; numbers stay numbers, though a secret may look like one."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, dict):
            return {self.clean(str(key)): self.inside(item) for key, item in value.items()}
        return [self.inside(item) for item in value] if isinstance(value, list | tuple) else value

    def _learn(self) -> None:
        learned = self._learned()
        if len(learned) > self._seen:
            self._seen = len(learned)
            self.add(learned)

    def _compiled(self) -> re.Pattern[str]:
        if self._pattern is None:
            from pytest_llmops.target.spellings import spellings

            self._pattern = spellings(self._values)
        return self._pattern


def without_userinfo(url: str) -> str:
    """The URL with user and password taken out, as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def shown(url: str) -> str:
    """What an error shows of an address that may be malformed: nothing that may be a password or a key.

    All before the last ``@`` of the whole text goes, but for the scheme; so does all from ``?`` or ``#`` on. Where one
    of these comes before the ``@``, nobody can tell what is a password: then only the scheme is left.
    """
    scheme, mark, rest = url.partition("://")
    if not mark or not scheme.isalnum():  # a colon would be that between user and password
        scheme, mark, rest = "", "", url
    secret, _, place = rest.rpartition("@")
    if "?" in secret or "#" in secret:
        place = "…"
    return f"{scheme}{mark}{place.partition('?')[0].partition('#')[0]}"


def userinfo(url: str) -> str:
    """``user:password`` of a URL, decoded; empty where it has none."""
    return unquote(urlsplit(url).netloc.rpartition("@")[0])


def in_userinfo(pair: str) -> list[str]:
    """All that is secret in a URL's ``user:password``: the pair, and the password alone."""
    return [part for part in (pair, pair.partition(":")[2]) if part]


def in_notification(urls: str, *, whole: bool = True, plain: Collection[str] = ()) -> list[str]:
    """All that is secret in apprise URLs: each of them, and the tokens and passwords that services put into one.

    Args:
        urls: separated by commas or blanks.
        whole: whether their tokens count by themselves too: an embedded sandbox's address is no secret.
        plain: names that are shown everywhere, and so are no tokens.
    """
    found: list[str] = []
    for url in (part.strip() for part in urls.replace(",", " ").split()):
        found.append(url)
        if whole:
            scheme, _, rest = url.partition("://")
            place, _, query = rest.partition("?")
            tokens = _without_host(scheme, place).replace("@", "/").replace(":", "/").split("/")
            tokens += [
                value for word, _, value in (one.partition("=") for one in query.split("&")) if word not in APPRISES
            ]
            long = [unquote(token) for token in tokens if len(token) >= TOKEN and "." not in token]
            found += [token for token in long if token not in plain]
    return found


def _without_host(scheme: str, place: str) -> str:
    """What stands between a notification URL's scheme and its query, without its host, where it has one."""
    before, slash, path = place.partition("/")
    user, at, host = before.rpartition("@")
    _, _, port = host.partition(":")
    is_host = scheme.lower().removesuffix("s") in HOSTED or (port.isdigit() and len(port) <= PORT)
    return f"{user}{at}{slash}{path}" if is_host else place
