"""Addresses as the file gives them: checked when it is read, and never shown with a password."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from pytest_llmops.target.proxies import DIRECT, SCHEMES
from pytest_llmops.target.secrets import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Sequence


def checked_address(url: str, schemes: Sequence[str]) -> str:
    """The address of a component, as it was given.

    Args:
        url: as written.
        schemes: how such a component is spoken to.

    Raises:
        ValueError: it is no such address; says why.
    """
    if _split(url).scheme not in schemes:
        known = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"{without_userinfo(url)!r} does not begin with {known}")
    _check_host(url)
    if "http" in schemes and (_split(url).query or _split(url).fragment):
        shown = without_userinfo(url).partition("?")[0].partition("#")[0]  # what follows may be a key
        raise ValueError(f"{shown!r} holds more than a path; leave out what follows '?' or '#'")
    return url


def checked_proxy(url: str) -> str:
    """The address of a proxy, as it was given.

    Raises:
        ValueError: it is none; says what is.
    """
    if _split(url).scheme not in SCHEMES:
        raise ValueError(
            f"{without_userinfo(url)!r} is no proxy; write for example 'http://proxy.example:3128' (also "
            f"https://, socks5://), or '{DIRECT}' to go straight there"
        )
    _check_host(url)
    return url


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:  # a bracket that is not closed, or something else than an address in it
        why = f"{str(error)[:1].lower()}{str(error)[1:]}"
        raise ValueError(f"{url.rpartition('@')[2]!r} is no address ({why})") from None


def _check_host(url: str) -> None:
    """A host and a port that can be; a socket file has neither."""
    parts, shown = _split(url), without_userinfo(url)
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError(f"{shown!r} names no host")
    if any(not char.isprintable() or char.isspace() for char in url):
        raise ValueError(f"{shown!r} holds a blank or a character that cannot be seen")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError(f"{shown!r} has no port between 0 and 65535") from None
