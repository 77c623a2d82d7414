"""A call as a curl command to paste into a shell: complete, with secrets by the names of their variables."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pytest_llmops.target.proxies import proxies_in
from pytest_llmops.target.secrets import without_userinfo

if TYPE_CHECKING:
    from pytest_llmops.clients.signing import Signature
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.proxies import Proxy


def as_curl(target: Target, component: str, method: str, url: str, body: str | None, signed: Signature | None) -> str:
    """The command.

    Args:
        target: the deployment.
        component: which of its endpoints was called.
        method: GET, POST, …
        url: where, with path and query.
        body: what was sent, JSON; None for nothing.
        signed: how the call was signed.
    """
    words = ["curl", "-sS", *_connecting(target, component)]
    if set("[]{}") & set(url):
        words.append("-g")
    words += ["--head"] if method == "HEAD" else ["-X", method]  # -X HEAD would wait for a body
    words.append(shlex.quote(without_userinfo(url)))
    if signed:
        words.append(signed.curl)
    if body is not None:
        words += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(body)]
    return " ".join(words)


def _connecting(target: Target, component: str) -> list[str]:
    """How to get there: through which proxy, trusting whom, as whom."""
    tls, proxy, words = target.component(component).tls, target.proxy(component), []
    encrypted = target.component(component).encrypted
    if proxy and proxy.userinfo:
        whole = (
            f'"${proxy.variable}"'
            if proxy.variable
            else f'{shlex.quote(_shown(proxy))} -U "[user:password of the proxy]"'
        )
        words += ["-x", whole]
    elif proxy:
        words += ["-x", shlex.quote(_shown(proxy))]
    elif proxies_in(target.environ):
        words += ["--noproxy", "'*'"]
    if tls and tls.ca and proxy and proxy.scheme == "https":
        words += ["--proxy-cacert", shlex.quote(str(target.root / tls.ca))]
    if tls and encrypted:
        files = {"--cacert": tls.ca, "--cert": tls.cert, "--key": tls.key}
        words += [
            word for option, file in files.items() if file for word in (option, shlex.quote(str(target.root / file)))
        ]
        words += [] if tls.verify else ["-k"]
    return words


def _shown(proxy: Proxy) -> str:
    """Its address for curl, which otherwise looks up names itself before it asks a SOCKS proxy."""
    return f"socks5h://{str(proxy).partition('://')[2]}" if proxy.scheme == "socks5" else str(proxy)
