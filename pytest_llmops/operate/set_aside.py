"""Files that are set aside before they go: they come back, until just these are deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.control.aside import AsideDriver
from pytest_llmops.errors import StepFailed
from pytest_llmops.target.settings import Aside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmops.control.change import Change

ASIDE = ".llmops-aside"
"""Below a root: where files lie between being set aside and deleted."""


class SetAside:
    """Files that were set aside; what an earlier run left in the same folder is nobody's to delete.

    Args:
        change: sets them aside, and puts them back.
        what: they are, for people and the journal.
        root: of their names.
        folder: below it, where they lie meanwhile.
        names: of the files.

    Raises:
        StepFailed: another file of such a name lies there already; nothing was done.
        ControlError: one cannot be moved; those before it were, and come back.
    """

    def __init__(self, change: Change, what: str, root: Path, folder: str, names: Sequence[str]) -> None:
        self._change = change
        self._what = what
        self._table = Aside(driver="aside", root=str(root.resolve()), folder=folder)
        self._names = names
        change.also(what, self._table)
        before = change.status(what).kept["aside"]
        if twice := sorted({*before} & {*names}):
            raise StepFailed(
                f"{what}: {twice[0]} lies in {self._table.root}/{folder} already, of an earlier run that could not put "
                f"it back. Look which of the two is needed, and take the other away."
            )
        change.set(what, aside=sorted({*before, *names}))

    def delete(self) -> None:
        """Delete them for good; it cannot be taken back from here on.

        Raises:
            OSError: one cannot be deleted; says which.
        """
        self._change.keep(self._what)
        AsideDriver(self._table, self._change.target).delete(self._names)
