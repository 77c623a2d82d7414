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


def _is_variable(name: str) -> str:
    if name and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):  # it may be the key itself, so it is not quoted
        raise ValueError("takes the name of an environment variable, e.g. RAG_KEY, never the key itself")
    return name


JmesPath = Annotated[str, AfterValidator(_compiles)]
Regex = Annotated[str, AfterValidator(_matches)]
Timezone = Annotated[str, AfterValidator(_is_zone)]
"""Of times without one: a name such as ``America/Vancouver``; ``local`` is this machine's."""

Variable = Annotated[str, AfterValidator(_is_variable)]
"""The name of the environment variable that holds a secret."""


class Table(BaseModel):
    """A table of the file: no unknown keys, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
