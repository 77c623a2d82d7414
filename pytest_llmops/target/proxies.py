"""Which proxy stands between us and an address: the component's own, the environment's, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.addresses import DIRECT, ESCAPES, checked_proxy
from pytest_llmops.target.secrets import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that calls go through.

    Attributes:
        url: its address, with user and password where it has them; never in ``repr``.
        variable: the environment variable that names it; empty where the file does.
    """

    url: str = field(repr=False)
    variable: str = ""

    def __str__(self) -> str:
        return shown(self.url)

    @property
    def userinfo(self) -> str:
        """``user:password``, decoded; empty where it has none. A proxy has no path that could hold an ``@``."""
        return unquote(self.url.partition("://")[2].rpartition("@")[0])

    @property
    def scheme(self) -> str:
        """How it is spoken to: one of ``PROXIES``."""
        return urlsplit(self.url).scheme


def proxy_between(url: str, declared: str | None, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that calls to an address go through; None where they go straight to it.

    Args:
        url: the component's address.
        declared: what its ``proxy`` says.
        environ: where ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` (each also in lower case, which
            goes first) are looked up. They say nothing of this machine's own addresses.

    Raises:
        ConfigError: the environment names one that is no proxy; names its variable.
    """
    found = proxy_named(url, declared, environ)
    if found and found.variable:
        try:
            checked_proxy(found.url)
        except ValueError:
            raise ConfigError(
                f"the environment's {found.variable} is no proxy; write for example http://proxy.example:3128; "
                f"{ESCAPES}."
            ) from None
    return found


def proxy_named(url: str, declared: str | None, environ: Mapping[str, str]) -> Proxy | None:
    """As :func:`proxy_between`, but not checked: what the environment names may be no proxy, and hold a password."""
    if declared is not None:
        return None if declared == DIRECT else Proxy(declared)
    if loopback(url) or _spared(url, environ):
        return None
    return next(_named_in(environ, urlsplit(url).scheme), None)


def proxies_in(environ: Mapping[str, str]) -> bool:
    """Whether the environment names any proxy: other programs would take it where we go straight."""
    return any(True for scheme in ("http", "https") for _ in _named_in(environ, scheme))


def _named_in(environ: Mapping[str, str], scheme: str) -> Iterator[Proxy]:
    for word in (scheme, "all"):
        variable = next((name for name in (f"{word}_proxy", f"{word}_proxy".upper()) if name in environ), "")
        if variable and environ[variable]:  # an empty one switches off the upper-case one beneath it
            value = environ[variable]
            yield Proxy(value if "://" in value else f"http://{value}", variable)


def _spared(url: str, environ: Mapping[str, str]) -> bool:
    """Whether NO_PROXY covers the address: ``*``, a domain, an address, a network; each may end in ``:port``."""
    listed = environ.get("no_proxy", environ.get("NO_PROXY", ""))
    host, port = hostname(url), urlsplit(url).port or {"http": 80, "https": 443}.get(urlsplit(url).scheme)
    return any(_covers(entry.strip().lower(), host, port) for entry in listed.split(",") if entry.strip())


def _covers(entry: str, host: str, port: int | None) -> bool:
    name, _, number = entry.rpartition(":")
    if number.isdigit() and name and (":" not in name or name.endswith("]")):
        return int(number) == port and _covers(name, host, port)
    name = entry.strip("[]").removeprefix("*").lstrip(".")
    try:
        address = ip_address(host)
    except ValueError:
        return entry == "*" or (bool(name) and (host == name or host.endswith(f".{name}")))
    try:
        return entry == "*" or address in ip_network(name, strict=False)
    except ValueError:  # a name does not cover addresses
        return False


def loopback(url: str) -> bool:
    """Whether the address is this machine: then no proxy of the environment is asked."""
    host = hostname(url)
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def hostname(url: str) -> str:
    """The address's host in lower case, without brackets and a closing dot; empty where it has none."""
    return (urlsplit(url).hostname or "").rstrip(".")
