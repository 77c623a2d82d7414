"""Addresses as people paste them, and those where a component usually listens on a developer's machine."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.secrets import shown, userinfo, without_userinfo

SCHEMES = ("http", "https", "redis", "rediss")

LOCAL_PORTS = (11434, 8000, 8080, 1234, 30000, 4000, 6333, 6379, 9090, 9093, 3000, 5000, 8001, 8002, 8081)
"""Where Ollama, model servers, Qdrant, Redis, Prometheus, Alertmanager, Grafana and HTTP services usually listen."""

PASTED = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/models",
    "/v1",
    "/api/tags",
    "/api/generate",
    "/api/chat",
    "/openapi.json",
    "/docs",
    "/redoc",
    "/metrics",
    "/healthz",
    "/health",
    "/dashboard",
)
"""Ends of a pasted URL that lie below the address which the file wants."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to look.

    Attributes:
        url: scheme, host, port and path; never user and password, and no slash at its end.
        login: ``user:password`` that the URL held; empty where it held none.
    """

    url: str
    login: str = field(default="", repr=False)

    @property
    def speaks_redis(self) -> bool:
        """Whether its scheme says so."""
        return self.url.startswith("redis")

    @property
    def as_redis(self) -> str:
        """The same host and port, spoken to as Redis; the path is left out."""
        parts = urlsplit(self.url)
        return f"{'rediss' if parts.scheme in {'https', 'rediss'} else 'redis'}://{parts.netloc}"

    @property
    def trials(self) -> list[str]:
        """URLs to try in turn: as it was given, without what was pasted too much, and the host alone."""
        parts = urlsplit(self.url)
        path = next((parts.path.removesuffix(end) for end in PASTED if parts.path.endswith(end)), parts.path)
        return list(dict.fromkeys(parts._replace(path=one).geturl() for one in (parts.path, path, "")))


def read(text: str) -> Address:
    """An address from what was typed.

    Args:
        text: ``https://rag.example/base``, ``redis://…``, or ``host:port``, which means http.

    Raises:
        ConfigError: it is none of these; says what is.
    """
    typed = text.strip()
    parts = _split(typed if "://" in typed else f"http://{typed}")
    if parts is None or not _asks_a_host(parts):
        raise ConfigError(f"--url {shown(typed)!r} is no address; write for example {_EXAMPLES}.")
    if parts.scheme not in SCHEMES:
        raise ConfigError(
            f"--url {shown(typed)!r}: {parts.scheme}:// is not spoken here; write for example {_EXAMPLES}."
        )
    plain = parts._replace(query="", fragment="", path=parts.path.rstrip("/")).geturl()
    login = userinfo(plain)
    if login and ":" not in login and parts.scheme.startswith("http"):
        login += ":"  # a user without a password
    return Address(without_userinfo(plain), login)


_EXAMPLES = "https://rag.example, redis://host:6379 or host:8000"
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


def local() -> list[Address]:
    """The usual ports of this machine."""
    return [Address(f"http://127.0.0.1:{port}") for port in LOCAL_PORTS]


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        port = parts.port  # asking for it checks it
    except ValueError:
        return None
    return None if port == 0 else parts


def _asks_a_host(parts: SplitResult) -> bool:
    whole = parts.geturl()
    return bool(_HOST.fullmatch(parts.hostname or "")) and whole.isprintable() and " " not in whole
