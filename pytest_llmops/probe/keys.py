"""Which key a component wants: from what its 401 says, from its schema, or from what its kind is known to take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.probe.proposal import Key

if TYPE_CHECKING:
    from pytest_llmops.clients.http import Answer
    from pytest_llmops.probe.asking import Asker

Scheme = tuple[str, str]
"""``("header", NAME)``, ``("bearer", "")`` or ``("basic", "")``."""

BEARER: Scheme = ("bearer", "")
BASIC: Scheme = ("basic", "")
API_KEY: Scheme = ("header", "X-API-Key")

ANY: tuple[Scheme, ...] = (BEARER, API_KEY, BASIC)
"""What is tried where it is not known yet who asks."""

KNOWN: dict[str, tuple[Scheme, ...]] = {
    "openai": (BEARER,),
    "ollama": (BEARER,),
    "qdrant": (("header", "api-key"), BEARER),
    "grafana": (BEARER, BASIC),
    "prometheus": (BASIC, BEARER),
    "alertmanager": (BASIC, BEARER),
    "api": (API_KEY, BEARER, BASIC),
}
"""What each kind takes, the likeliest first."""


def asked_for(answer: Answer) -> list[Scheme]:
    """The schemes that a 401 names in WWW-Authenticate; empty where it says none that can be given."""
    said = answer.headers.get("www-authenticate", "").lower()
    return [scheme for scheme in (BEARER, BASIC) if scheme[0] in said.replace(",", " ").split()]


def key_for(asker: Asker, kind: str, path: str, declared: list[Scheme] | None = None) -> Key | None:
    """The key that a path wants, tried where its variable is set; from then on calls are signed with what it took.

    Args:
        asker: calls to the component.
        kind: what it is.
        path: which path to try it at.
        declared: what its schema says, the first one first.

    Returns:
        None, where the path wants none and none is declared.
    """
    if asker.login:
        return _in_url(asker, kind)
    if asker.key is not None:
        return asker.key
    shut = asker.shut(path)
    if shut is None and not declared:
        return None
    schemes = list(dict.fromkeys([*(declared or ()), *(asked_for(shut) if shut else ())])) or list(KNOWN[kind])
    keys = [_key(asker, kind, scheme) for scheme in schemes]
    given = [key for key in keys if key.given and not key.withheld]
    if not given:
        return keys[0]
    taken = next((key for key in given if shut and asker.accepts(key.auth, path)), None)
    if shut and taken is None:
        return replace(given[0], accepted=False)
    asker.sign(replace(taken or given[0], accepted=True if taken else None))
    return asker.key


def in_words(scheme: Scheme) -> str:
    """What belongs into the variable."""
    if scheme == BASIC:
        return "user:password"
    return "the token" if scheme == BEARER else f"the value of the header {scheme[1]}"


def _key(asker: Asker, kind: str, scheme: Scheme) -> Key:
    variable = asker.settings.variable(kind, "LOGIN" if scheme == BASIC else "API_KEY")
    auth = {"header": scheme[1], "env": variable} if scheme[0] == "header" else {scheme[0]: variable}
    given = bool(asker.settings.environ.get(variable))
    return Key(auth, variable, in_words(scheme), given, withheld=asker.settings.withheld(asker.url))


def _in_url(asker: Asker, kind: str) -> Key:
    """The login that the user gave within the URL: in the file it is a variable."""
    variable = asker.settings.variable(kind, "LOGIN")
    given = bool(asker.settings.environ.get(variable))
    return Key({"basic": variable}, variable, "user:password, as your URL had them", given)
