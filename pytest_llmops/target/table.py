"""The root of every table of ``llmops.toml``, and texts that are checked when they are read."""

from __future__ import annotations

import re
from typing import Annotated

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


JmesPath = Annotated[str, AfterValidator(_compiles)]
Regex = Annotated[str, AfterValidator(_matches)]


class Table(BaseModel):
    """A table of the file: no unknown keys, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
