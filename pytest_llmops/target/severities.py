"""How bad an incident is, in the words of the system's runbook, and what makes it so."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from pytest_llmops.errors import nearest
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.news import ALERTMANAGER, RANKS, Alerts, News, Rank
from pytest_llmops.target.prompts import PromptText
from pytest_llmops.target.table import Table, Variable
from pytest_llmops.target.thresholds import LimitField

Level = Literal["critical", "warning", "target"]

KINDS = ("all_down", "any_down", "unhealthy", "dependencies", "models_missing", "figure", "alerts", "flag", "otherwise")


def _zoned(value: dt.datetime) -> dt.datetime:
    if value.tzinfo is None:
        said = value.isoformat()
        raise ValueError(f"{said} has no zone; write for example {said}Z or {said}+01:00")
    return value


Zoned = Annotated[dt.datetime, AfterValidator(_zoned)]


class Condition(Table):
    """One thing that makes an incident of this severity; exactly one of `KINDS`."""

    says: str = Field(min_length=1, description="The runbook's words for it.")
    all_down: list[str] = Field([], description="Components of which not one can be reached; '*' is all required ones.")
    any_down: list[str] = Field([], description="Components of which at least one cannot be reached; '*' as above.")
    unhealthy: list[str] = Field([], description="Services of which one's health route says that it is not well.")
    dependencies: list[str] = Field([], description="Dependencies that a health body names, e.g. 'api.qdrant'.")
    models_missing: list[str] = Field([], description="Model servers that lack a model which the target names.")
    figure: str | None = Field(None, description="A figure that breaches its threshold, at this level or a worse one.")
    level: Level = "critical"
    breach: LimitField | None = Field(None, description="The severity's own limit of the figure, e.g. '> 25 %'.")
    rise: float | None = Field(
        None, gt=0, description="By how many % the figure is above the median of what runs of 30 days recorded."
    )
    alerts: str | None = Field(None, description="A regular expression of the severity label of alerts that fire.")
    flag: str | None = Field(None, description="What only a person can know: raised in incident.flags.")
    otherwise: bool = Field(False, description="Whatever else was found that no other condition speaks of.")

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        given = [name for name in KINDS if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"a condition is exactly one of {', '.join(KINDS)}; found {', '.join(given) or 'none'}")
        if self.breach is not None and self.figure is None:
            raise ValueError("breach goes with figure: the figure whose limit it is")
        if self.rise is not None and (self.figure is None or self.breach is not None):
            raise ValueError("rise goes with figure, and without breach: it is the figure's own past that is its limit")
        return self


class Severity(Table):
    """How bad an incident is. The file lists them from the worst on."""

    name: str = Field(min_length=1, description="As the runbook calls it, e.g. 'P0'.")
    title: str = Field("", description="A word for it, e.g. 'Critical'.")
    meaning: str = Field("", description="The runbook's definition.")
    response: Seconds = Field(ge=0, description="Within which somebody must have answered; 0 is at once.")
    procedure: str = Field("", description="The catalogue's step; signing it off answers the incident.")
    when: list[Condition] = Field([], description="What makes an incident of this severity: any of these.")


class Reported(PromptText):
    """What somebody asked when it went wrong, and when that was."""

    at: Zoned | None = Field(None, description="When, with its zone, e.g. 2026-11-29T09:30:00Z.")


class Incident(Table):
    """What is done while something is wrong, and what the report says."""

    status: str = Field("INVESTIGATING", description="The report's status.")
    next_steps: list[str] = Field([], description="The report's next steps; a person completes them.")
    contact: str = Field("", description="Whom the report names.")
    acknowledged_by: str = Field("", description="A step of the catalogue that answers an incident of any severity.")
    reviewed_by: str = Field("", description="A step of the catalogue that says that the review was written.")
    flags: list[str] = Field([], description="What a person has found, e.g. 'security-breach'.")
    commands: list[str] = Field([], description="Commands of the application whose output the bundle keeps.")
    summary: str = Field("", description="A command of the application whose output the report shows.")
    reported: list[Reported] = Field(
        [],
        description="What somebody asked when it went wrong, when, and words that a right answer holds: asked again.",
    )
    log_lines: int = Field(500, gt=0, description="How many of a log's newest lines the bundle keeps.")


class Channel(Table):
    """One way to people."""

    url_env: Variable = Field(
        min_length=1, description="The environment variable with its apprise URLs, which are secret."
    )
    severities: list[str] = Field([], description="Only these go there, by their names; empty: all.")


class Notify(Table):
    """Who is told, and how (needs the extra ``[notify]``)."""

    urls_env: Variable | None = Field(
        None, description="Environment variable with the apprise URLs of the channel 'default'."
    )
    channels: dict[str, Channel] = {}
    test_every: Seconds = Field(6 * 86400.0, gt=0, description="A channel that took a message later gets no test one.")
    news: News = Field(News(), description="What runs tell of checks that became red, worse, or well again.")
    alertmanager: Alerts | None = Field(None, description="An Alertmanager that is told, too.")

    @field_validator("channels")
    @classmethod
    def _names_are_free(cls, value: dict[str, Channel]) -> dict[str, Channel]:
        if DEFAULT in value:
            raise ValueError(f"{DEFAULT!r} is the channel of urls_env; call this one otherwise")
        if ALERTMANAGER in value:
            raise ValueError(f"{ALERTMANAGER!r} is the table of an Alertmanager; call this channel otherwise")
        return value

    @model_validator(mode="after")
    def _news_goes_somewhere(self) -> Self:
        known = self.places
        if self.news.when == "always" and not known:
            raise ValueError("news.when = 'always' and nobody to tell; name channels (urls_env), or an alertmanager")
        for severity, names in self.news.routes.items():
            for name in names:
                if name not in known:
                    near = nearest(name, known)
                    raise ValueError(
                        f"news.routes.{severity} names {name!r}, which is no channel of this target.{near}"
                    )
        return self

    @property
    def places(self) -> list[str]:
        """All that news may be sent to, by name."""
        return [*self.all_channels, *([ALERTMANAGER] if self.alertmanager else [])]

    def takes(self, place: str) -> frozenset[Rank]:
        """Of which severities of checks a place is told.

        What no route speaks of goes everywhere, but for channels that take only some severities of incidents: there
        only what is critical.
        """
        channel = self.all_channels.get(place)
        usual: tuple[Rank, ...] = ("critical",) if channel and channel.severities else RANKS
        routes = self.news.routes
        return frozenset(rank for rank in RANKS if (place in routes[rank] if rank in routes else rank in usual))

    @property
    def all_channels(self) -> dict[str, Channel]:
        """By name, the one of ``urls_env`` first."""
        first = {DEFAULT: Channel(url_env=self.urls_env)} if self.urls_env else {}
        return first | self.channels

    @property
    def variables(self) -> list[str]:
        """Every environment variable that is named here."""
        return [channel.url_env for channel in self.all_channels.values()]


DEFAULT = "default"


def misrouted(severities: list[Severity], notify: Notify, incident: Incident) -> str:
    """What is named among severities and nowhere defined, as a sentence; empty where all is well."""
    names = [severity.name for severity in severities]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"severities must differ by name; twice here: {', '.join(twice)}"
    for channel, table in notify.channels.items():
        unknown = [name for name in table.severities if name not in names]
        if unknown:
            known = ", ".join(names) or "none"
            return f"notify.channels.{channel}.severities names {unknown[0]!r}; the severities are: {known}"
    flags = {condition.flag for severity in severities for condition in severity.when if condition.flag}
    unknown = [flag for flag in incident.flags if flag not in flags]
    if unknown:
        known = ", ".join(sorted(flags)) or "none"
        return f"incident.flags names {unknown[0]!r}, which makes no severity; those that do: {known}"
    return ""
