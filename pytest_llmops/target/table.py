"""The root of every table of ``llmops.toml``, and texts that are checked when they are read."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jmespath
from pydantic import AfterValidator, BaseModel, ConfigDict


def _compiles(text: str) -> str:
    try:
        jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(f"{text!r} is not JMESPath ({str(error).splitlines()[0].rstrip('.')})") from None
    return text


def _matches(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression ({error})") from None
    return text


def _is_zone(name: str) -> str:
    if name != "local":
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone; write for example 'Europe/Berlin', or local") from None
    return name


JmesPath = Annotated[str, AfterValidator(_compiles)]
Regex = Annotated[str, AfterValidator(_matches)]
Timezone = Annotated[str, AfterValidator(_is_zone)]
"""Of times without one: a name such as ``America/Vancouver``; ``local`` is this machine's."""


class Table(BaseModel):
    """A table of the file: no unknown keys, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
