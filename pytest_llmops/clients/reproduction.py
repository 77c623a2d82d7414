"""A call as a command to paste into a shell: complete, with secrets by the names of their variables."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.form_file import FormFile
from pytest_llmops.target.proxies import proxies_in
from pytest_llmops.target.secrets import userinfo, without_userinfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.clients.signing import Signature
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.proxies import Proxy

_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_VECTOR = re.compile(rf"\[{_NUMBER}(?:,\s*{_NUMBER}){{15,}}\]")
"""A list of numbers that nobody reads: it stands in a command with four digits of each, which finds the same."""


def as_curl(
    target: Target,
    component: str,
    method: str,
    url: str,
    body: str | FormFile | None,
    signed: Signature | None,
    headers: Mapping[str, str] | None = None,
) -> str:
    """The command for curl.

    Args:
        target: the deployment.
        component: which of its endpoints was called.
        method: GET, POST, …
        url: where, with path and query.
        body: what was sent, JSON or a file in a form; None for nothing.
        signed: how the call was signed.
        headers: further ones.
    """
    words = ["curl", "-sS", *_connecting(target, component)]
    if set("[]{}") & set(url):
        words.append("-g")
    words += ["--head"] if method == "HEAD" else ["-X", method]  # -X HEAD would wait for a body
    words.append(shlex.quote(without_userinfo(url)))
    if signed:
        words.append(signed.curl)
    for name, value in (headers or {}).items():
        words += ["-H", shlex.quote(f"{name}: {value}")]
    if isinstance(body, FormFile):
        words += ["-F", shlex.quote(f"{body.name}=@{body.path}")]
    elif body is not None:
        words += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(_VECTOR.sub(_rounded, body))]
    return " ".join(words)


def _rounded(vector: re.Match[str]) -> str:
    numbers = vector[0][1:-1].split(",")
    return f"[{', '.join(f'{float(one):.4g}' if '.' in one else one.strip() for one in numbers)}]"


def as_redis_cli(target: Target, component: str, place: Mapping[str, Any], words: Sequence[str]) -> str:
    """The command for redis-cli.

    Args:
        target: the deployment.
        component: its Redis.
        place: ``host``, ``port`` or ``path``, and ``db``, as the library has read them from the url.
        words: the command and its arguments.
    """
    part = target.component(component)
    if "path" in place:
        where = ["-s", str(place["path"])]
    else:
        where = ["-h", str(place.get("host", "localhost")), "-p", str(place.get("port", 6379))]
    if place.get("db"):
        where += ["-n", str(place["db"])]
    if part.encrypted:
        where.append("--tls")
    if part.encrypted and (tls := part.tls):
        files = {"--cacert": tls.ca, "--cert": tls.cert, "--key": tls.cert and (tls.key or tls.cert)}
        where += [word for option, file in files.items() if file for word in (option, str(target.root / file))]
        where += [] if tls.verify else ["--insecure"]
    password, login = _redis_login(target, component)
    begun = [f'REDISCLI_AUTH="{password}"'] if password else []
    return " ".join([*begun, "redis-cli", *map(shlex.quote, where), *login, *map(shlex.quote, words)])


def _redis_login(target: Target, component: str) -> tuple[str, list[str]]:
    """The password as a shell takes it from its variable, and the option with the user; empty where there is none."""
    part = target.component(component)
    auth = part.auth
    if auth and auth.basic and ":" in target.secret(auth.basic, component):
        return f"${{{auth.basic}#*:}}", ["--user", f'"${{{auth.basic}%%:*}}"']
    if auth:
        return f"${auth.variable}", []
    user, _, password = userinfo(part.url or "").partition(":")
    return "[password of the url]" if password else "", ["--user", '"[user of the url]"'] if user else []


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
