"""Fault proxies: where each stands, between whom, and where it is told what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.control import Driven, placed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmops.target.components import Components

_PORTS = {"http": 80, "https": 443, "redis": 6379, "rediss": 6379}


def _has_port(text: str) -> str:
    place_of(text)
    return text


def place_of(text: str) -> tuple[str, int]:
    """Host and port of an address without a scheme.

    Raises:
        ValueError: it is none.
    """
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.netloc != text or parts.username is not None:
        raise ValueError(f"{text!r} is no address; write 'HOST:PORT', such as '127.0.0.1:19434'")
    return host, port


Place = Annotated[str, AfterValidator(_has_port)]
"""``HOST:PORT``."""


class Proxied(Driven):
    """A fault proxy between a component and another one that asks it."""

    said: ClassVar = "the proxy at {listen} before {component}"
    driver: Literal["proxy"] = "proxy"
    listen: Place = Field(description="Where it takes connections: whoever asks has this address in its configuration.")
    component: str = Field(min_length=1, description="The component behind it.")
    upstream: Place | None = Field(None, description="Where that is; without it as its url says.")
    asked_by: str = Field("api", min_length=1, description="The component whose calls go through it, and suffer.")
    socket: str = Field(min_length=1, description="Where it is told what to do; relative to llmops.toml.")

    def resolved(self, root: Path, environ: Mapping[str, str]) -> Self:  # noqa: ARG002
        """With the whole path of the socket."""
        return self.model_copy(update={"socket": placed(root, self.socket)})

    def behind(self, components: Components) -> tuple[str, int]:
        """Host and port of whoever answers.

        Raises:
            ConfigError: nobody says where it is.
        """
        if self.upstream:
            return place_of(self.upstream)
        url = getattr(components.configured().get(self.component), "url", None)
        parts = urlsplit(url or "")
        port = parts.port or _PORTS.get(parts.scheme)
        if not parts.hostname or port is None:
            raise ConfigError(f"{self.what}: nothing says where {self.component} is; add upstream = 'HOST:PORT'.")
        return parts.hostname, port
