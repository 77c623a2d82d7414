"""The files of the application: laid below the sandbox's own folder when it starts."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.sandbox.texts import Texts
    from pytest_llmops.target.embedded import Laid


def lay(stack: Stack) -> None:
    """Lay the files of all groups, each in the case that the faults say.

    A path is a template, too. With ``{n}`` in it each copy is a file of its own; one that ends with ``/`` is a folder.

    Raises:
        ConfigError: a time in a text cannot be read.
    """
    now = time.time()
    stack.root.mkdir(parents=True, exist_ok=True)
    folders: list[tuple[Path, Laid]] = []
    for path, laid in _chosen(stack).items():
        for name, text in _each(stack.texts, path, laid, now):
            file = stack.root / name
            if name.endswith("/"):
                file.mkdir(parents=True, exist_ok=True)
                folders.append((file, laid))
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            _dress(file, laid, now)
    for folder, laid in reversed(folders):  # last: a file that is laid in it makes it new
        _dress(folder, laid, now)


def _each(texts: Texts, path: str, laid: Laid, now: float) -> Iterator[tuple[str, str]]:
    """The files of one entry, by path, with what they hold; the oldest copy, of the highest number, comes first."""
    copies = [
        (texts.written(path, number=number, at=now), texts.written(laid.text or "", number=number, at=now))
        for number in range(laid.copies, 0, -1)
    ]
    if "{n}" in path:
        yield from copies
    else:
        yield copies[0][0], "".join(text for _, text in copies)


def _chosen(stack: Stack) -> dict[str, Laid]:
    """Path to what lies there; without text it is not there."""
    found: dict[str, Laid] = {}
    for group, cases in stack.sandbox.files.items():
        if "missing" in stack.asked_of(group) and "missing" not in cases:
            continue
        for case in ("ok", *stack.asked_of(group)):
            found |= cases.get(case, {})
    return {path: laid for path, laid in found.items() if laid.text is not None or path.endswith("/")}


def _dress(path: Path, laid: Laid, now: float) -> None:
    path.chmod(int(laid.mode, 8))
    os.utime(path, (now - laid.age, now - laid.age))


def note_process(stack: Stack, part: str, process: int) -> None:
    """Write a part's process id to ``run/PART.pid``, where an operator looks for it."""
    folder = stack.root / "run"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{part}.pid").write_text(f"{process}\n", encoding="ascii")
