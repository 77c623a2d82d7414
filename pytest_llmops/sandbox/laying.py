"""The files of the application: laid below the sandbox's own folder when it starts."""

from __future__ import annotations

import gzip
import os
import time
from typing import TYPE_CHECKING

from pytest_llmops.sandbox.packing import pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.target.embedded import Laid


def lay(stack: Stack) -> None:
    """Lay the files of all groups, each in the case that the faults say.

    A path is a template, too, and may name the ``{collection}``. With ``{n}`` in it each copy is a file of its own; one
    that ends with ``/`` is a folder.

    Raises:
        ConfigError: a time in a text cannot be read.
    """
    stack.root.mkdir(parents=True, exist_ok=True)
    for disk in stack.ballast.values():
        (stack.root / disk.folder).mkdir(parents=True, exist_ok=True)
    write(stack, _chosen(stack))


def write(stack: Stack, files: Mapping[str, Laid]) -> None:
    """Write files below the stack's folder, by path; what has no text, link or files is removed. Archives come last."""
    now = time.time()
    folders: list[tuple[Path, Laid]] = []
    packs = [path for path, laid in files.items() if laid.packs is not None]
    for path in [*(path for path in files if path not in packs), *packs]:
        laid = files[path]
        for name, text in _each(stack, path, laid, now):
            file = stack.root / name
            if laid.packs is not None:
                pack(laid.packs, stack.root, name, now - laid.age, stack.texts.written(laid.packs.base, at=now))
                _dress(file, laid, now)
                continue
            if name.endswith("/"):
                file.mkdir(parents=True, exist_ok=True)
                folders.append((file, laid))
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            if laid.link is not None:
                file.symlink_to(laid.link)
                os.utime(file, (now - laid.age, now - laid.age), follow_symlinks=False)
            elif laid.snapshot:
                from pytest_llmops.sandbox import vectors_part

                file.write_bytes(vectors_part.snapshot(stack.collection))
                _dress(file, laid, now)
            elif laid.text is not None:
                file.write_bytes(gzip.compress(text.encode()) if file.suffix == ".gz" else text.encode())
                _dress(file, laid, now)
    for folder, laid in reversed(folders):  # last: a file that is laid in it makes it new
        _dress(folder, laid, now)


def _each(stack: Stack, path: str, laid: Laid, now: float) -> Iterator[tuple[str, str]]:
    """The files of one entry, by path, with what they hold; the oldest copy, of the highest number, comes first."""
    texts, values = stack.texts, {"collection": stack.collection}
    copies = [
        (texts.written(path, values, number=number, at=now), texts.written(laid.text or "", number=number, at=now))
        for number in range(laid.copies, 0, -1)
    ]
    if "{n}" in path:
        yield from copies
    else:
        yield copies[0][0], "".join(text for _, text in copies)


def _chosen(stack: Stack) -> dict[str, Laid]:
    """Path to what lies there; without text, link or files it is not there."""
    found: dict[str, Laid] = {}
    for group, cases in stack.sandbox.files.items():
        if "missing" in stack.asked_of(group) and "missing" not in cases:
            continue
        for case in ("ok", *stack.asked_of(group)):
            found |= cases.get(case, {})
    return {path: laid for path, laid in found.items() if _is_something(path, laid)}


def _is_something(path: str, laid: Laid) -> bool:
    held = laid.text is not None or laid.link is not None or laid.packs is not None or laid.snapshot
    return held or path.endswith("/")


def _dress(path: Path, laid: Laid, now: float) -> None:
    path.chmod(int(laid.mode or ("755" if path.is_dir() else "644"), 8))
    os.utime(path, (now - laid.age, now - laid.age))


def pid_file_of(stack: Stack, name: str) -> Path:
    """The file that names a process, where an operator looks for it: ``run/NAME.pid``, or as the profile says."""
    process = stack.sandbox.processes.get(name)
    return stack.root / (process.pid_file if process and process.pid_file else f"run/{name}.pid")


def output_of(stack: Stack, name: str) -> Path:
    """The file that has the standard output of a process."""
    return stack.directory / "output" / f"{name}.log"


def log_of(stack: Stack, name: str) -> Path:
    """The file that an operator reads of a process: its own log, where the profile says that it has one."""
    process = stack.sandbox.processes.get(name)
    return stack.root / stack.texts.written(process.log) if process and process.log else output_of(stack, name)
