"""Why no connection came about, in plain words: nobody of that name, nobody there, or a proxy that says no."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.clients.certificates import causes
from pytest_llmops.target.proxies import hostname

if TYPE_CHECKING:
    from pytest_llmops.target.proxies import Proxy


def not_connected(error: Exception, url: str, proxy: Proxy | None = None) -> tuple[str, str]:
    """The kind of a failure to connect (``refused``, ``unresolved``), and what to say of it.

    Args:
        error: as it came; what it was raised from is looked into.
        url: the component's address.
        proxy: the proxy that was to be connected to in its place.
    """
    cause = next((found for found in causes(error) if isinstance(found, OSError | UnicodeError)), None)
    host, whose = (hostname(proxy.url), f" of the proxy {proxy}") if proxy else (hostname(url), "")
    if isinstance(cause, socket.gaierror | UnicodeError):
        return "unresolved", f"was not sent: the name {host}{whose} does not resolve"
    if isinstance(cause, ConnectionRefusedError):
        if proxy:
            return "refused", f"was not sent: nothing listens at the proxy {proxy}"
        return "refused", "was refused: nothing listens there"
    words = (cause.strerror if cause else None) or str(error)
    return "refused", f"could not connect to {f'the proxy {proxy}' if proxy else host}: {words}"


def not_let_through(said: str, proxy: Proxy, url: str) -> str:
    """What to say of a proxy that does not do what it was asked for.

    Args:
        said: its own words, or the library's for them.
        proxy: which.
        url: the component's address.
    """
    if said.startswith("407") or said == "Invalid username/password":
        known = "does not accept the user and password" if proxy.userinfo else "asks for a user and a password"
        variable = proxy.variable or f"{urlsplit(url).scheme.upper()}_PROXY"
        whole = str(proxy).replace("://", "://user:password@")
        instead = "" if proxy.variable else ", and leave proxy out of the file"
        return f"was not let through: the proxy {proxy} {known}: set {variable} to {whole} in the environment{instead}"
    return f"was not let through: asked for {hostname(url)}, the proxy {proxy} said: {said.rstrip('.')}"
