"""What runs tell of checks whose state is another one than before: to whom, by whose wish, with which links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, field_validator, model_validator

from pytest_llmops.target.addresses import DIRECT, checked_address, checked_proxy
from pytest_llmops.target.component import Auth, Tls
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.proxies import proxy_named
from pytest_llmops.target.secrets import in_userinfo, userinfo
from pytest_llmops.target.table import Table
from pytest_llmops.target.watchers import Alertmanager

if TYPE_CHECKING:
    from collections.abc import Mapping

Rank = Literal["critical", "normal", "minor"]

RANKS: tuple[Rank, ...] = ("critical", "normal", "minor")
"""How bad a check may be that is red, from the worst on, as in ``run.json``."""

ALERTMANAGER = "alertmanager"
"""What routes call the Alertmanager; no channel has this name."""

OWN_LABELS = ("alertname", "target", "check", "severity")


class News(Table):
    """What is sent at the end of a run."""

    when: Literal["asked", "always"] = Field(
        "asked", description="asked: by runs with --llmops-notify; always: by every run on this target."
    )
    routes: dict[Rank, list[str]] = Field(
        {}, description="Severity of a check to channels, 'alertmanager' among them. Left out: all that take it."
    )
    link: str = Field("", description="Where people read the report; {target} and {run} stand for name and id.")
    deadline: Seconds = Field(10.0, gt=0, description="For each message.")

    @field_validator("link")
    @classmethod
    def _names_what_is_known(cls, value: str) -> str:
        try:
            value.format(target="", run="")
        except (KeyError, IndexError, ValueError, AttributeError):
            raise ValueError(f"{value!r} may hold {{target}} and {{run}}, and no other braces") from None
        return value


class Alerts(Table):
    """An Alertmanager that is told of checks that are red."""

    url: str | None = Field(None, description="Its address; left out: the target's own component alertmanager.")
    auth: Auth | None = None
    tls: Tls | None = None
    proxy: str | None = Field(
        None, description="Proxy to go through, or 'none'; without it HTTPS_PROXY, HTTP_PROXY and NO_PROXY count."
    )
    labels: dict[str, str] = Field({}, description="Labels of every alert, beside target, check and severity.")
    expires: Seconds = Field(
        32 * 86400.0, gt=0, description="An alert ends so long after the last run that made its check."
    )

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return value if value is None else checked_address(value, ("http", "https"))

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, value: str | None) -> str | None:
        return value if value in {None, DIRECT} else checked_proxy(str(value))

    @field_validator("labels")
    @classmethod
    def _labels_are_free(cls, value: dict[str, str]) -> dict[str, str]:
        if taken := [name for name in OWN_LABELS if name in value]:
            raise ValueError(f"labels.{taken[0]} is set by each alert itself; call yours otherwise")
        return value

    @model_validator(mode="after")
    def _settings_go_with_url(self) -> Self:
        given = [name for name in ("auth", "tls", "proxy") if getattr(self, name) is not None]
        if self.url is None and given:
            raise ValueError(
                f"{given[0]} goes with url; without one the target's component alertmanager is told, as its table says"
            )
        if self.auth is not None and self.auth.login:
            raise ValueError("login asks a route for a token, and an Alertmanager has none")
        return self

    def secrets(self, environ: Mapping[str, str]) -> list[str]:
        """What is secret of it, as far as it is known: keys, and what its address and its proxy's hold."""
        proxy = proxy_named(self.url, self.proxy, environ) if self.url else None
        found = in_userinfo(userinfo(self.url or "")) + in_userinfo(proxy.userinfo if proxy else "")
        for variable in self.auth.variables if self.auth else ():
            value = environ.get(variable, "")
            pair = bool(self.auth and self.auth.pair)
            found += [part for part in (value, value.partition(":")[2] if pair else "") if part]
        return found

    def component(self) -> Alertmanager | None:
        """It, as a component of a target; None where the target's own is meant."""
        if self.url is None:
            return None
        return Alertmanager(url=self.url, auth=self.auth, tls=self.tls, proxy=self.proxy)
