"""Addresses as the file gives them: checked when it is read, and never shown with a password."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from pytest_llmops.target.secrets import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

DIRECT = "none"
"""What ``proxy`` says where no proxy of the environment is to be asked."""

PROXIES = ("http", "https", "socks5", "socks5h")
"""How proxies are spoken to."""

ESCAPES = "in a user or a password write / ? # @ as %2F %3F %23 %40"


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
        raise ValueError(f"{shown(url)!r} does not begin with {known}")
    _check_host(url)
    if "http" in schemes and (_split(url).query or _split(url).fragment):
        raise ValueError(f"{shown(url)!r} holds more than a path; leave out what follows '?' or '#'{_escapes(url)}")
    return url


def checked_proxy(url: str) -> str:
    """The address of a proxy, as it was given.

    Raises:
        ValueError: it is none; says what is.
    """
    if _split(url).scheme not in PROXIES:
        raise ValueError(
            f"{shown(url)!r} is no proxy; write for example 'http://proxy.example:3128' (also "
            f"https://, socks5://), or '{DIRECT}' to go straight there"
        )
    _check_host(url)
    parts = _split(url)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(f"{shown(url)!r} holds more than a proxy's host and port{_escapes(url)}")
    return url


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:  # a bracket that is not closed, or something else than an address in it
        quoted = "@" in url and "'" in str(error)  # what it quotes may be the password
        why = "" if quoted else f" ({str(error)[:1].lower()}{str(error)[1:]})"
        raise ValueError(f"{shown(url)!r} is no address{why}") from None


def _check_host(url: str) -> None:
    """A host and a port that can be; a socket file has neither."""
    parts, place = _split(url), shown(url)
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError(f"{place!r} names no host")
    if any(not char.isprintable() or char.isspace() for char in url):
        raise ValueError(f"{place!r} holds a blank or a character that cannot be seen")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError(f"{place!r} has no port between 0 and 65535{_escapes(url)}") from None


def _escapes(url: str) -> str:
    """What to do where a character of a password ended the host; empty where none seems to have."""
    return f"; {ESCAPES}" if "@" in url.partition("://")[2].removeprefix(_split(url).netloc) else ""
