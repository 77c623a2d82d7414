"""Files below a folder, by globs; never outside of it, whatever a link says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


LOOKS = 5
"""So often a folder is looked into at most, in which others come and go meanwhile."""


def found(
    component: str, root: Path, globs: Collection[str], leave_out: Collection[str] = (), *, folders: bool = False
) -> list[Path]:
    """The files, or folders, that match any of the globs, each once, by name.

    Args:
        component: in whose name is complained.
        root: below which they lie.
        globs: relative to it; ``**`` is any depth.
        leave_out: globs of what is left out.
        folders: whether folders are meant.

    Raises:
        CallFailed: ``absent``: there is no such root; ``refused``: it may not be read, or a link leads out of it.
    """
    there(component, root)
    for left in reversed(range(LOOKS)):
        try:
            matching = _matching(component, root, globs, leave_out, folders=folders)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and left:  # a folder went while it was looked into
                continue
            raise CallFailed(
                component, "refused", f"{component}: {error.filename or root} cannot be read: {error.strerror}."
            ) from error
        break
    return [matching[name] for name in sorted(matching)]


def _matching(
    component: str, root: Path, globs: Collection[str], leave_out: Collection[str], *, folders: bool
) -> dict[str, Path]:
    own = root.resolve()
    matching: dict[str, Path] = {}
    for path in (path for glob in globs for path in root.glob(glob)):
        if any(path.relative_to(root).match(pattern) for pattern in leave_out):
            continue
        if path.is_dir() is folders:
            matching[path.relative_to(root).as_posix()] = _inside(component, path, own)
    return matching


def there(component: str, root: Path) -> None:
    """See that the folder is there and can be read.

    Raises:
        CallFailed: it is not.
    """
    if not root.is_dir():
        raise CallFailed(component, "absent", f"{component}: there is no folder {root}.")
    try:
        next(root.iterdir(), None)
    except OSError as error:
        raise CallFailed(component, "refused", f"{component}: {root} cannot be read: {error.strerror}.") from error


def _inside(component: str, path: Path, root: Path) -> Path:
    if not path.resolve().is_relative_to(root):
        raise CallFailed(
            component,
            "refused",
            f"{component}: {path} is a link that leads out of {root}; name its own folder as root, or leave it out.",
        )
    return path
