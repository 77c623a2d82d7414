"""Runs that could not be written to the history: kept as files, and imported by whoever can write next."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import HistoryError
from pytest_llmops.state.folder import state_folder
from pytest_llmops.state.history.writing import keep
from pytest_llmops.state.new_folder import new_folder
from pytest_llmops.state.whole import put

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmops.state.history.place import Place

FOLDER = "unwritten"
NOT_KEPT = "not in the history: "


def kept_or_put_aside(place: Place, result: Mapping[str, Any]) -> list[str]:
    """Keep a run; where that cannot be, put it aside. Never raises.

    Returns:
        What is to be said: nothing where all is well.
    """
    try:
        keep(place, result)
    except Exception as error:  # noqa: BLE001 (whatever is wrong with a history is no verdict on a target)
        return [f"{NOT_KEPT}{_words(place, error)} {_put_aside(place, result)}"]
    return import_all(place)


def import_all(place: Place) -> list[str]:
    """Keep all runs that were put aside; a file that cannot be read stays, and stops no other. Never raises.

    Returns:
        What is to be said.
    """
    imported, broken = 0, []
    for file in waiting(place):
        try:
            imported += keep(place, json.loads(file.read_text(encoding="utf-8")))
            file.unlink(missing_ok=True)
        except FileNotFoundError:  # another process was quicker
            continue
        except (HistoryError, OSError) as error:
            broken.append(f"{file} is not in the history yet: {_words(place, error)}")
            break
        except Exception as error:  # noqa: BLE001 (whatever it holds: it is one file, and no reason to stop)
            why = f"{type(error).__name__}: {error}"
            broken.append(f"{file} is no run that can be read ({why}); it was left there. Look at it, or delete it.")
    said = [f"{imported} earlier run{'s' if imported > 1 else ''} imported into the history"] if imported else []
    return said + broken


def waiting(place: Place) -> list[Path]:
    """The files of the runs that were put aside, oldest first."""
    try:
        return sorted((place.folder / FOLDER).glob("*.json"))
    except OSError:
        return []


def put_aside(place: Place, result: Mapping[str, Any]) -> Path:
    """Write a run to a file that is there whole even if the machine fails now.

    Raises:
        OSError: it cannot be written.
    """
    folder = state_folder(place.folder) / FOLDER
    new_folder(folder, 0o700)
    name = f"{int(result['started'])}-{re.sub(r'[^0-9A-Za-z]', '', str(result['id']))}"
    return put(folder / f"{name}.json", json.dumps(result), lasting=True)


def _put_aside(place: Place, result: Mapping[str, Any]) -> str:
    try:
        file = put_aside(place, result)
    except (OSError, TypeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        return f"Nor could it be put aside in {place.folder / FOLDER} ({why}): this run is in the reports alone."
    return f"The run is kept as {file}, and the next one that can write imports it."


def _words(place: Place, error: Exception) -> str:
    if isinstance(error, HistoryError):
        return str(error)
    return f"{place.shown}: {place.redactor.clean(f'{type(error).__name__}: {error}').splitlines()[0]}."
