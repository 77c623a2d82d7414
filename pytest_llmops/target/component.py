"""What every endpoint of a target has: an address, keys, certificates, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from pytest_llmops.target.addresses import DIRECT, checked_address, checked_proxy
from pytest_llmops.target.control import Control
from pytest_llmops.target.durations import Seconds, seconds
from pytest_llmops.target.secrets import without_userinfo
from pytest_llmops.target.table import Table, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator


UNNAMED = "default"
"""What the role is called of a key of which nothing more is known."""


class Auth(Table):
    """How calls are signed. Values are names of environment variables, never secrets."""

    header: str | None = Field(None, description="Header that carries the key, e.g. 'X-API-Key'; needs env.")
    env: Variable | None = Field(None, description="Environment variable with the key for header.")
    bearer: Variable | None = Field(None, description="Environment variable with the token of 'Authorization: Bearer'.")
    basic: Variable | None = Field(None, description="Environment variable with 'user:password'.")
    login: Variable | None = Field(
        None,
        description="Environment variable with 'user:password' of an account: the token that the route login gives "
        "for it signs calls, as 'Authorization: Bearer'. Of an API alone.",
    )
    role: str = Field(UNNAMED, description="What the role is called whose key the above is; routes name it in roles.")
    roles: dict[str, Variable] = Field({}, description="Role name to environment variable, used in place of the above.")

    @model_validator(mode="after")
    def _one_scheme(self) -> Self:
        if bool(self.header) != bool(self.env):
            raise ValueError("header and env go together: the header's name and the variable with its value")
        if sum(1 for scheme in (self.header, self.bearer, self.basic, self.login) if scheme) != 1:
            raise ValueError("auth takes exactly one of header (with env), bearer, basic, login")
        if self.login and self.roles:
            raise ValueError("login takes no roles: each role would be an account of its own")
        return self

    @property
    def named(self) -> list[str]:
        """Every role that has a key, that of the plain key first."""
        return list(dict.fromkeys((self.role, *self.roles)))

    @property
    def variable(self) -> str:
        """The environment variable of the scheme, those of roles apart."""
        return self.env or self.bearer or self.basic or self.login or ""

    @property
    def pair(self) -> bool:
        """Whether that variable holds ``user:password``."""
        return bool(self.basic or self.login)

    @property
    def variables(self) -> list[str]:
        """Every environment variable that is named here."""
        return [name for name in (self.env, self.bearer, self.basic, self.login, *self.roles.values()) if name]


class Tls(Table):
    """Certificates, as paths relative to the file."""

    ca: str | None = Field(None, description="Bundle that signs the server's certificate.")
    cert: str | None = Field(None, description="Our certificate, for servers that ask for one.")
    key: str | None = Field(None, description="The key of cert.")
    verify: bool = Field(True, description="false: any certificate will do. Said at the start and end of every run.")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if not self.verify and self.ca:
            raise ValueError("verify = false accepts any certificate, so ca would say nothing; leave out one of them")
        if self.key and not self.cert:
            raise ValueError("key goes with cert: the certificate that it belongs to")
        return self


class RateLimit(Table):
    """The target's own limit."""

    calls: int = Field(gt=0)
    per_s: float = Field(gt=0)


class Component(Table):
    """What every endpoint has."""

    addressed: ClassVar[bool] = True
    """Whether it is somewhere only where a url says so."""
    schemes: ClassVar[tuple[str, ...]] = ("http", "https")

    url: str | None = Field(None, description="Address, e.g. 'https://rag.staging.example'.")
    auth: Auth | None = None
    tls: Tls | None = None
    proxy: str | None = Field(
        None, description="Proxy to go through, or 'none'; without it HTTPS_PROXY, HTTP_PROXY and NO_PROXY count."
    )
    required: bool = Field(True, description="false: unreachable is a named skip.")
    rate_limit: Annotated[RateLimit | None, WithJsonSchema({"type": "string", "examples": ["100/h"]})] = Field(
        None, description="The target's own limit, e.g. '100/h'; our calls count."
    )
    deadline: Seconds = Field(30.0, gt=0, description="For one whole call, whatever it does.")
    control: Control | None = Field(None, description="How it is stopped, started and looked at.")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What ``repr`` and ``str`` show: never the user and password of a url."""
        for name, value in super().__repr_args__():
            yield name, without_userinfo(value) if name in {"url", "proxy"} and value else value

    @property
    def encrypted(self) -> bool:
        """Whether its address asks for TLS."""
        return urlsplit(self.url or "").scheme in {"https", "rediss"}

    @field_validator("auth")
    @classmethod
    def _asks_no_route(cls, value: Auth | None) -> Auth | None:
        if value is not None and value.login and "routes" not in cls.model_fields:
            raise ValueError("login asks a route for a token, and this component has no routes")
        return value

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return value if value is None else checked_address(value, cls.schemes)

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, value: str | None) -> str | None:
        return value if value in {None, DIRECT} else checked_proxy(str(value))

    @field_validator("rate_limit", mode="before")
    @classmethod
    def _read_rate(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        count, _, period = value.partition("/")
        if not count.strip().isdigit() or not period.strip():
            raise ValueError(f"{value!r} is not a rate; write for example '100/h' or '30/s'")
        unit = period.strip()
        return {"calls": int(count), "per_s": seconds(unit if unit[0].isdigit() else f"1 {unit}")}
