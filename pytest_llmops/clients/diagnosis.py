"""What a failed probe means, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.errors import LlmopsError, Unsupported, did_you_mean
from pytest_llmops.target.secrets import userinfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.http import Answer
    from pytest_llmops.errors import CallFailed
    from pytest_llmops.target.component import Component

SIGNS = {
    "ollama": ("Ollama", "/api/version", "version"),
    "openai": ("a server with OpenAI's API", "/v1/models", "data"),
    "judge": ("a server with OpenAI's API", "/v1/models", "data"),
    "qdrant": ("Qdrant", "/collections", "result"),
    "prometheus": ("Prometheus", "/api/v1/status/buildinfo", "data"),
    "alertmanager": ("Alertmanager", "/api/v2/status", "cluster"),
    "grafana": ("Grafana", "/api/health", "database"),
}
"""What a component is called, and how it is recognised: a path, and a key of the JSON object that it answers."""

ADDED = {
    "openai": ("/chat/completions", "/models", "/embeddings"),
    "judge": ("/chat/completions", "/models", "/embeddings"),
    "ollama": ("/api/generate", "/api/chat", "/api/tags", "/api"),
    "qdrant": ("/collections",),
    "prometheus": ("/api/v1", "/metrics", "/graph"),
    "alertmanager": ("/api/v2",),
    "grafana": ("/api",),
}
"""Ends of a url that the client adds by itself."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a failed probe means.

    Attributes:
        kind: for machines: ``refused unresolved timeout tls proxy key-missing key-refused wrong-address no-model
            no-token server-error throttled connection``, or the failed call's own kind.
        advice: what to do, as a sentence.
    """

    kind: str
    advice: str


def diagnose(client: Client, error: CallFailed, level: str) -> Diagnosis:
    """Say what a failed probe means; where somebody else seems to answer, he is asked who he is.

    Args:
        client: the component's.
        error: what failed.
        level: the last level that was reached.
    """
    kind = next((kind for kind, fits in KINDS if fits(error.kind, str(error), level)), error.kind)
    if kind == "key":
        return _key(client, error)
    advise = ADVICE.get(kind)
    return Diagnosis(kind, advise(client, error, level) if advise else "Its own log may say why.")


def _part(client: Any) -> Component:
    """The component's table, of a client over HTTP or of one with connections of its own."""
    part: Component = client.http.part if hasattr(client, "http") else client.part
    return part


def _started(client: Client, _error: CallFailed, _level: str) -> str:
    parts = urlsplit(client.address)
    if parts.scheme == "unix":
        return f"Is it started, and is {parts.path} its socket?"
    port = parts.port or {"https": 443, "redis": 6379, "rediss": 6379}.get(parts.scheme, 80)
    return _through(client) or f"Is it started, and is {port} the right port?"


def _placed(client: Client, _error: CallFailed, _level: str) -> str:
    return f"Is it installed here, and is components.{client.component}.root the right folder?"


def _resolved(client: Client, _error: CallFailed, _level: str) -> str:
    return _through(client) or "Is it spelt rightly, and is a VPN needed?"


def _tls(_client: Client, error: CallFailed, _level: str) -> str:
    said = str(error).lower()
    if "speaks no tls" in said:
        return "Let its url begin without the s: http://, redis://."
    if "of ours" in said:
        return "Give it as tls = { cert = …, key = … }."
    if "our certificate" in said:
        return "Is it the one that this server knows, and not expired?"
    if "expired" in said:
        return "It is to be renewed; until then tls = { verify = false } takes any."
    if "mismatch" in said or "not valid for" in said:
        return "Use the name that stands in it in url; tls = { verify = false } takes any."
    return "Give what signed it as tls = { ca = … }; tls = { verify = false } takes any."


def _through(client: Any) -> str:
    """How to go past the proxy that calls go through, if any: it may be what is wrong."""
    proxy = client.http.proxy if hasattr(client, "http") else None
    if proxy is None:
        return ""
    whose = f"the environment's {proxy.variable}" if proxy.variable else "the component's own"
    return f'The proxy is {whose}; proxy = "none" goes past it.'


def _silent(client: Client, _error: CallFailed, level: str) -> str:
    if not level and (proxy := _through(client)):
        return proxy
    if level:
        return (
            "Loading a model can take minutes: preflight_deadline says how long is waited; else its own log says why."
        )
    return "It hangs, or a firewall drops what is sent; deadline says how long is waited."


def _broken(client: Client, _error: CallFailed, _level: str) -> str:
    https = ", or something that wants https://" if urlsplit(client.address).scheme == "http" else ""
    return _through(client) or f"Does something else listen there{https}?"


def _failing(client: Client, error: CallFailed, _level: str) -> str:
    if error.kind in {"http-502", "http-503", "http-504"}:
        return _through(client) or "It or a gateway in front of it answers so: is what is behind it started?"
    return "It is there and fails: its own log says why."


def _key(client: Client, error: CallFailed) -> Diagnosis:
    """A key was refused, or is asked for."""
    part = _part(client)
    auth = part.auth
    if error.kind == "auth":
        return _redis_key(part)
    signed = re.search(r'-[Hu] "[^"]*?\$(\w+)', last_exchange.get())
    if auth is not None and signed:
        may = "may not do this" if error.kind == "http-403" else "was refused"
        return Diagnosis("key-refused", f"The key in ${signed[1]} {may}: is it the right one for this target?")
    if part.url and userinfo(part.url):
        return Diagnosis("key-refused", "The user and password of the url were refused.")
    again = _again(client, error)
    scheme = again.headers.get("www-authenticate", "").partition(" ")[0] if again else ""
    ways = {"basic": '{ basic = "VARIABLE" }', "bearer": '{ bearer = "VARIABLE" }'}
    way = ways.get(scheme.lower(), '{ bearer = "VARIABLE" } or { header = "X-API-Key", env = "VARIABLE" }')
    asks = f" (WWW-Authenticate: {scheme})" if scheme else ""
    return Diagnosis(
        "key-missing", f"It asks for a key{asks} and none is configured: name the variable that holds it, auth = {way}."
    )


def _redis_key(part: Component) -> Diagnosis:
    auth = part.auth
    variable = auth.variable if auth else ""
    if variable:
        return Diagnosis(
            "key-refused", f"The password in ${variable} was refused: is it the right one for this target?"
        )
    if part.url and userinfo(part.url):
        return Diagnosis("key-refused", "The user and password of the url were refused.")
    ways = 'auth = { bearer = "VARIABLE" }, or { basic = "VARIABLE" } where it holds user:password'
    return Diagnosis("key-missing", f"It asks for a password: name the variable that holds it, {ways}.")


def _model(client: Any, _error: CallFailed, _level: str) -> str:
    """The nearest of the models that are listed."""
    wanted = client.config.model or ""
    try:
        names = [model.name for model in client.models()]
    except Unsupported:
        return "Without a list the target has to say which it is."
    except LlmopsError:
        names = []
    if not names:
        pull = f", e.g. ollama pull {wanted}" if wanted and client.component == "ollama" else ""
        return f"Load a model first{pull}."
    near = did_you_mean(wanted, names).strip()
    return near or "Give one of these as model, or load it there."


def _who(client: Any, error: CallFailed, _level: str) -> str:
    """Who it may be that answers, but not as the component that is meant."""
    component, address = client.component, client.address
    for end in ADDED.get(component, ()):
        if urlsplit(address).path.endswith(end):
            return f"{end} is added by itself: write {address.removesuffix(end)} in url."
    if component == "redis":
        return "Does something other than Redis listen there?"
    if error.kind.startswith("http-3"):
        return "Is that its address, or a page where people log in?"
    for other, (title, path, key) in SIGNS.items():
        if other != component and _answers(client, path, key):
            return f"It answers as {title}: its address belongs to components.{other}."
    title = SIGNS.get(component, (component,))[0]
    return f"It answers, but not as {title}: is this the right address, and does its path need a prefix?"


def _answers(client: Any, path: str, key: str) -> bool:
    try:
        answer = client.http.call("GET", path)
        return answer.status == 200 and answer.is_json and key in answer.table()
    except LlmopsError:
        return False


def _again(client: Any, error: CallFailed) -> Answer | None:
    """The same question once more, for the headers of its answer."""
    asked = re.search(r": GET (\S+) ", str(error))
    if asked is None or not hasattr(client, "http"):
        return None
    try:
        answer: Answer = client.http.call("GET", asked[1])
    except LlmopsError:
        return None
    return answer


KINDS: tuple[tuple[str, Callable[[str, str, str], bool]], ...] = (
    ("key", lambda kind, _said, _: kind in {"http-401", "http-403", "auth"}),
    ("server-error", lambda kind, _said, _: kind.startswith("http-5")),
    ("wrong-address", lambda kind, said, _: kind == "http-404" and "lack something" in said),  # neither list nor answer
    (
        "wrong-address",  # it knows no path of the component, or does not speak as it does
        lambda kind, _, level: (
            level in {"", "reachable"} and (kind[:6] in {"http-3", "http-4"} or kind == "bad-answer")
        ),
    ),
)
"""The kind of a failure: the first whose rule fits the failed call's kind, its words and the level reached."""

ADVICE: dict[str, Callable[[Any, CallFailed, str], str]] = {
    "tls": _tls,
    "proxy": lambda client, *_: _through(client),
    "unresolved": _resolved,
    "refused": _started,
    "timeout": _silent,
    "connection": _broken,
    "server-error": _failing,
    "wrong-address": _who,
    "no-model": _model,
    "absent": _placed,
    "no-token": lambda *_: "It lists the model and generates nothing with it: its own log says why.",
    "throttled": lambda *_: 'Wait, or give the component its limit, e.g. rate_limit = "100/h".',
}
"""What to do, by kind; keys are a matter of their own."""
