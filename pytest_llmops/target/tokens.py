"""Tokens that logging in brought: as secret as what they were given for, so whoever redacts has to know them."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmops.errors import LlmopsError

if TYPE_CHECKING:
    from pathlib import Path


class Tokens:
    """The tokens of one deployment.

    Args:
        folder: where the processes of a run tell each other; without one they are known to this process alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Tokens({len(self._known)} known)"

    def add(self, token: str) -> None:
        """Let all know a token, before it is used.

        Raises:
            LlmopsError: other processes cannot be told.
        """
        name = hashlib.sha256(token.encode()).hexdigest()
        self._known[name] = token
        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = self._folder / f".{name}.{os.getpid()}"
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(token)
            part.replace(self._folder / name)
        except OSError as error:
            raise LlmopsError(
                f"{self._folder} cannot be written to ({error}), so other processes of this run would not know the "
                "token that logging in brought, and could not take it out of what they show."
            ) from None

    def values(self) -> list[str]:
        """All that any process has got by now."""
        if self._folder is not None:
            with suppress(OSError):  # nobody has got one, or the run is over
                for name in os.listdir(self._folder):  # noqa: PTH208 (asked for each text that is shown)
                    if name not in self._known and not name.startswith("."):
                        self._known[name] = (self._folder / name).read_text(encoding="utf-8")
        return list(self._known.values())
