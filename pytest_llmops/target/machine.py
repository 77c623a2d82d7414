"""What is looked for on the machine: processes by the way that they are found."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from pytest_llmops.target.table import Regex, Table


class Sought(Table):
    """A process of the application, or several."""

    pattern: Regex | None = Field(
        None,
        description="Regular expression that a command line begins with; a word within it would also match editors.",
    )
    pid_file: str | None = Field(None, description="File with the process id, relative to llmops.toml.")
    port: int | None = Field(None, gt=0, lt=65536, description="TCP port on which it listens.")

    @model_validator(mode="after")
    def _is_found_somehow(self) -> Self:
        if self.pattern is None and self.pid_file is None and self.port is None:
            raise ValueError("a process is found by pattern, pid_file or port; give one at least")
        return self
