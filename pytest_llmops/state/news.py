"""What each place that is told of a target's checks was told last: only what is red there is kept."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from pytest_llmops.errors import NewsError
from pytest_llmops.state.folder import file_name, state_folder
from pytest_llmops.state.new_folder import new_folder
from pytest_llmops.state.whole import put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "news"
SCHEMA = 1
"""Raised when an older version would misread a newer file."""


@dataclass(frozen=True, slots=True)
class Red:
    """A check as a place was told that it is red.

    Attributes:
        severity: ``critical``, ``normal`` or ``minor``.
        kind: ``failed``, ``regression``, ``unreachable`` or ``error``.
        said: why, in a line.
        since: when the place was first told, seconds since the epoch.
        severe_since: when the severity became this one.
        seen: the end of the last run that made the check.
    """

    severity: str
    kind: str
    said: str
    since: float
    severe_since: float
    seen: float


@dataclass
class Told:
    """All of a target.

    Attributes:
        salt: what names of places are made with.
        places: by place, what is red of what it was told, by check.
    """

    salt: str = field(default_factory=lambda: os.urandom(16).hex())
    places: dict[str, dict[str, Red]] = field(default_factory=dict)

    def name(self, place: str, url: str) -> str:
        """What a place is called here: by its channel, and by its URL without saying it."""
        digest = blake2b(url.encode(), key=bytes.fromhex(self.salt), digest_size=8).hexdigest()
        return f"{place} {digest}"

    def forget(self, oldest: float) -> None:
        """Leave out checks that no run has made since, and places that know of nothing else.

        Args:
            oldest: seconds since the epoch.
        """
        left = {
            place: {check: red for check, red in checks.items() if red.seen >= oldest}
            for place, checks in self.places.items()
        }
        self.places = {place: checks for place, checks in left.items() if checks}


class News:
    """The file of a target.

    Args:
        state: the state folder.
        target: its name.
    """

    def __init__(self, state: Path, target: str) -> None:
        self.file = state / FOLDER / f"{file_name(target)}.json"

    @contextmanager
    def alone(self, within_s: float) -> Iterator[None]:
        """Keep others from it meanwhile: no two runs tell the same.

        Args:
            within_s: how long to wait for another run.

        Raises:
            NewsError: another one took longer, or the folder cannot be made.
        """
        try:
            state_folder(self.file.parent.parent)
            new_folder(self.file.parent, 0o700)
            lock = FileLock(self.file.with_name(f"{self.file.name}.lock"), timeout=within_s)
            lock.acquire()
        except Timeout:
            raise NewsError(f"another run is telling; waited {within_s:.0f} s. The next run tells it.") from None
        except OSError as error:
            raise NewsError(f"{self.file.parent} cannot be written ({error.strerror}): nothing was told.") from None
        try:
            yield
        finally:
            lock.release()

    def read(self) -> Told:
        """What is known; nothing where nothing was told yet.

        Raises:
            NewsError: the file is damaged, or of a newer version.
        """
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Told()
        except (OSError, ValueError) as error:
            raise self._damaged(str(error)) from None
        if isinstance(found, dict) and isinstance(found.get("schema"), int) and found["schema"] > SCHEMA:
            raise NewsError(
                f"{self.file} was written by a newer version (schema {found['schema']}, this one reads {SCHEMA}): "
                "nothing was told. Install that version."
            )
        try:
            return _read(found)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._damaged(f"{type(error).__name__}: {error}") from None

    def write(self, told: Told) -> None:
        """Write all of it, in one step.

        Raises:
            NewsError: it cannot be written.
        """
        places = {place: {check: asdict(red) for check, red in checks.items()} for place, checks in told.places.items()}
        text = json.dumps({"schema": SCHEMA, "salt": told.salt, "places": places}, indent=1)
        try:
            put(self.file, text, lasting=True)
        except OSError as error:
            raise NewsError(
                f"{self.file} cannot be written ({error.strerror}): the next run tells the same once more."
            ) from None

    def _damaged(self, why: str) -> NewsError:
        return NewsError(
            f"{self.file} is damaged ({why}): nothing was told, and it was left as it is. Look at it; once it is "
            "deleted, the next run tells of everything that is red."
        )


NUMBERS = frozenset({"since", "severe_since", "seen"})


def _read(found: Any) -> Told:
    if found["schema"] != SCHEMA or len(bytes.fromhex(found["salt"])) == 0:
        raise ValueError("no schema or no salt")
    places = {
        str(place): {str(check): _red(red) for check, red in checks.items()}
        for place, checks in found["places"].items()
    }
    return Told(found["salt"], places)


def _red(found: Any) -> Red:
    values = {one.name: found[one.name] for one in fields(Red)}
    for name, value in values.items():
        if not isinstance(value, (int, float) if name in NUMBERS else str):
            raise TypeError(f"{name} is {value!r}")
    return Red(**values)
