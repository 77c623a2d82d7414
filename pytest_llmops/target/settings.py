"""Settings that an operation may change: one value each, where it stands, and how it is written."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from pytest_llmops.target.ballast import BallastFile
from pytest_llmops.target.control import Driven, Words, in_address, placed
from pytest_llmops.target.cuts import CutRule
from pytest_llmops.target.fault_proxies import Proxied
from pytest_llmops.target.paths import Below
from pytest_llmops.target.secrets import without_userinfo
from pytest_llmops.target.table import Regex

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmops.target.component import Component

VALUE = "{value}"
"""Stands in a write command for the value."""

VALUES = "{values}"
"""The same for a value of several words, such as packages: each becomes a word of the command."""


SCRATCH = "llmops-scratch-"
"""What the name of a collection begins with that is ours, and may go."""


class _Valued(Driven):
    """What every setting's table has."""

    root: str = Field(".", description="Where its file lies, or its commands run; relative to llmops.toml.")

    def resolved(self, root: Path, environ: Mapping[str, str]) -> Self:  # noqa: ARG002
        """With the whole path of its root."""
        return self.model_copy(update={"root": placed(root, self.root)})

    def value(self, printed: str) -> str:
        """The value in what a command printed: without the blanks around it."""
        return printed.strip()


SETTING = "setting:"
"""What the name of a command of the sandbox begins with that prints a setting, or sets it to the words behind it."""


class InFile(_Valued):
    """A value that stands in a text file of any format; the rest of the file is left as it is."""

    said: ClassVar = "{pattern!r} of {file}"
    driver: Literal["file"]
    file: Below = Field(description="Below root, e.g. 'config/settings.json' or '.env'.")
    pattern: Regex = Field(
        description="Matches once, line by line, and its one group is the value: '^LLM_PROVIDER=(.*)$'."
    )

    @field_validator("pattern")
    @classmethod
    def _has_one_group(cls, value: str) -> str:
        if re.compile(value).groups != 1:
            raise ValueError(f"{value!r} needs exactly one group: the value")
        return value


class ByProgram(_Valued):
    """A value that one command prints and another one sets: a checkout, a ConfigMap, installed packages."""

    driver: Literal["program"]
    read: Words = Field(min_length=1, description="Prints the value, and nothing else.")
    write: Words = Field(min_length=1, description="Sets it: {value} stands for it, {values} for each of its words.")

    @model_validator(mode="after")
    def _is_handed_the_value(self) -> Self:
        if not any(VALUE in word for word in self.write) and VALUES not in self.write:
            raise ValueError(f"write is never handed the value; have {VALUE} or {VALUES} among its words")
        return self

    @property
    def what(self) -> str:
        """What is acted on, for people."""
        return f"what {shlex.join(self.read)!r} prints"

    def value(self, printed: str) -> str:
        """The value in what a command printed: no blanks around it; of several words, one between two of them."""
        return " ".join(printed.split()) if VALUES in self.write else super().value(printed)

    def writing(self, value: str) -> list[str]:
        """The words of the command that sets a value."""
        return [
            part for word in self.write for part in (value.split() if word == VALUES else [word.replace(VALUE, value)])
        ]


class Aside(_Valued):
    """Files of an application that are set aside before they are deleted; no file of ours describes one."""

    said: ClassVar = "files set aside in {folder}"
    driver: Literal["aside"]
    folder: Below = Field(description="Below root, where they lie until then.")


class Laid(_Valued):
    """A folder of ours beside an application's files, for as long as they are needed; no file of ours describes one."""

    said: ClassVar = "files laid in {folder}"
    driver: Literal["laid"]
    folder: Below = Field(description="Below root; it is made, and goes with all that lies in it.")


class Behind(Driven):
    """What is changed by a component's own API; no file of ours describes one."""

    said: ClassVar = "{component}"
    component: str
    endpoint: dict[str, Any] = Field(description="The component's table, so that it can be reached by this alone.")

    def secrets(self, environ: Mapping[str, str]) -> list[str]:
        """What the component is asked with, and a password in its address."""
        table = self.endpoint.get("auth") or {}
        auth = {word for word in (*table.values(), *(table.get("roles") or {}).values()) if isinstance(word, str)}
        address = in_address(str(self.endpoint.get("url") or ""))
        return [environ[variable] for variable in sorted(auth) if environ.get(variable)] + address


def endpoint_of(part: Component) -> dict[str, Any]:
    """A component's table as a journal has it: without its control, and without user and password of its address.

    Whoever takes the change back has these from ``llmops.toml``.
    """
    table = part.model_dump(mode="json", exclude={"control"})
    return {**table, "url": without_userinfo(part.url)} if part.url else table


class Tag(Behind):
    """A name of a model on an Ollama server, and the build that it stands for."""

    said: ClassVar = "model {model} of {component}"
    driver: Literal["tag"]
    model: str = Field(min_length=1)
    keeps: str = Field("", description="The setting that comes back by this one; it stays until that has.")


class Loaded(Behind):
    """A model of an Ollama server: whether it is in memory."""

    said: ClassVar = "model {model} in the memory of {component}"
    driver: Literal["loaded"]
    model: str = Field(min_length=1)


class Configured(Behind):
    """The configuration of a collection on a Qdrant server."""

    said: ClassVar = "configuration of the collection {collection} of {component}"
    driver: Literal["collection"]
    collection: str = Field(min_length=1)
    keys: list[str] = Field(description="What of it is changed, and kept: 'hnsw_config.ef_construct'.")


class Scratch(Behind):
    """A collection of a Qdrant server that is there for a while, under a name of ours."""

    said: ClassVar = "scratch collection {collection} of {component}"
    driver: Literal["scratch"]
    collection: str = Field(pattern=f"^{SCRATCH}")
    like: dict[str, Any] = Field(description="What it is made with, as a PUT takes it.")


class Snapshotted(Behind):
    """A snapshot of a collection of a Qdrant server that is there for a while, and the copy of it that is here."""

    driver: Literal["snapshot"]
    collection: str = Field(min_length=1)
    snapshot: str = Field("", description="Its name; empty before the server has told it.")
    before: list[str] = Field([], description="Those that were there before it.")
    since: float = Field(0.0, description="By the server's clock, when it was asked for, in seconds since the epoch.")
    until: float = Field(0.0, description="By the same clock, when it is there at the latest.")
    copy_path: str = Field("", description="Where the copy lies.")
    journalled: bool = Field(False, description="Whether a journal says that it may be there.")

    @property
    def what(self) -> str:
        """What is acted on, for people."""
        return f"snapshot {self.snapshot or 'to come'} of the collection {self.collection} of {self.component}"


class AsideKeys(Behind):
    """Keys of a Redis cache that are set aside before they are deleted."""

    driver: Literal["aside-keys"]
    cache: list[str] = Field(min_length=1)
    spare: list[str] = []

    @property
    def what(self) -> str:
        """What is acted on, for people."""
        return f"keys {', '.join(self.cache)} of {self.component}"


class Planted(Driven):
    """What a synthetic person may have left in a target; no file of ours describes one."""

    said: ClassVar = "synthetic person {seed}"
    driver: Literal["planted"]
    seed: str = Field(min_length=1, description="Of the person: all of it follows from that.")
    endpoints: dict[str, dict[str, Any]] = Field(description="Tables of the components that it is taken out of.")
    journalled: bool = Field(False, description="Whether a journal says that something may be there.")
    deletes: bool = Field(False, description="Whether the API was seen to delete by its route.")

    def secrets(self, environ: Mapping[str, str]) -> list[str]:
        """What the components are asked with, and passwords in their addresses."""
        tables = [Behind(component=name, endpoint=table) for name, table in self.endpoints.items()]
        return [value for table in tables for value in table.secrets(environ)]


class PlantedDocument(Behind):
    """A document among those that an API answers from, which no system would miss."""

    said: ClassVar = "document {document} of {user} in {component}"
    driver: Literal["planted-document"]
    document: str = Field(min_length=1)
    user: str = Field(min_length=1)
    text: str = Field(min_length=1)
    question: str = Field(min_length=1, description="Whose answer names it as a source, where it is there.")


class Canary(Behind):
    """A place in a store that a drill writes to, and nobody else."""

    said: ClassVar = "canaries {name} of {component}"
    driver: Literal["canary"]
    name: str = Field(min_length=1, description="A key of Redis, a collection of Qdrant.")


Setting = Annotated[InFile | ByProgram, Field(discriminator="driver")]
"""A setting's table, as the file has it."""

Valued = Annotated[
    InFile
    | ByProgram
    | Aside
    | Laid
    | Tag
    | Loaded
    | Configured
    | Scratch
    | Snapshotted
    | AsideKeys
    | Planted
    | PlantedDocument
    | Canary
    | Proxied
    | BallastFile
    | CutRule,
    Field(discriminator="driver"),
]
"""Whatever has a value that is set and taken back."""
