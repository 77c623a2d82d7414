"""Which suites a scheduler runs, and when: ``[targets.NAME.schedule]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.table import Table
from pytest_llmops.target.times import EXAMPLE, Times
from pytest_llmops.target.windows import timezone

if TYPE_CHECKING:
    import datetime as dt


def _is_zone(value: str | None) -> str | None:
    if value is not None:
        timezone(value)
    return value


class Planned(Table):
    """A suite that is run at times; ``"0 9 * * *"`` is short for ``{ at = "0 9 * * *" }``."""

    at: str = Field(description="Five fields of cron, or words: 'Mon-Fri 09:00', 'first Mon 09:00', '09:00'.")
    timezone: str | None = Field(None, description="Whose clock is meant here, where it is not the schedule's.")
    late: Seconds | None = Field(
        None, gt=0, description="How late a run that was missed may still begin; else until the next is due."
    )
    disruptive: bool = Field(
        False, description="Type the second key into what schedulers read: tests that change the target may do so."
    )

    @field_validator("at")
    @classmethod
    def _says_times(cls, value: str) -> str:
        Times.read(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str | None) -> str | None:
        return _is_zone(value)


def _table(value: object) -> object:
    if isinstance(value, str):
        return {"at": value}
    if value is not None and not isinstance(value, dict | Planned):
        raise ValueError(f"{value!r} says no times; {EXAMPLE}")
    return value


_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "string", "examples": ["0 9 * * *", "first Mon 09:00"]}, Planned.model_json_schema()]
}
Entry = Annotated[Planned | None, BeforeValidator(_table), WithJsonSchema(_SCHEMA)]


class Schedule(Table):
    """When each suite is run by whatever scheduler there is; ``llmops schedule`` writes what that reads."""

    timezone: str | None = Field(
        None, description="Whose clock the times mean, e.g. 'Europe/Berlin'; else the machine's."
    )
    monitor: Entry = None
    daily: Entry = None
    weekly: Entry = None
    monthly: Entry = None
    security: Entry = None
    quality: Entry = None
    load: Entry = None
    dr: Entry = None
    incident: Entry = None
    maintenance: Entry = None
    deploy: Entry = None
    notify: bool = Field(False, description="Planned suites tell what is new, as with --llmops-notify.")
    textfile: str | None = Field(
        None, description="The file PATH.prom that planned suites write, as with --llmops-textfile."
    )
    allure: bool = Field(False, description="Render the Allure report after each planned suite, as llmops report does.")

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str | None) -> str | None:
        return _is_zone(value)

    @field_validator("textfile")
    @classmethod
    def _is_read_by_node_exporter(cls, value: str | None) -> str | None:
        if value is not None and not value.endswith(".prom"):
            raise ValueError(f"node-exporter reads files that end in .prom, and no others; found {value!r}")
        return value

    @property
    def planned(self) -> dict[str, Planned]:
        """The suites that are run at times."""
        found = {name: getattr(self, name) for name in SUITES}
        return {name: one for name, one in found.items() if one is not None}

    @property
    def options(self) -> list[str]:
        """What pytest is given for each planned suite, beside what says which it is."""
        notify = ["--llmops-notify"] if self.notify else []
        return [*notify, *([f"--llmops-textfile={self.textfile}"] if self.textfile else [])]

    def zone(self, suite: str) -> str | None:
        """The name of the zone whose clock a suite's times mean; None for the machine's."""
        return self.planned[suite].timezone or self.timezone

    def times(self, suite: str) -> Times:
        """When a suite is run."""
        name = self.zone(suite)
        zone: dt.tzinfo | None = timezone(name) if name else None
        return Times.read(self.planned[suite].at, zone)


SUITES = tuple(name for name in Schedule.model_fields if name not in {"timezone", "notify", "textfile", "allure"})
"""Those that can be planned: all."""
