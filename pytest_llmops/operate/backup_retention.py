"""Retention of backups: those beyond the number that is kept go, once the newest one is seen to be whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import StepFailed, Vacuous
from pytest_llmops.operate.set_aside import ASIDE, SetAside

if TYPE_CHECKING:
    from pytest_llmops.clients.backups import Backups
    from pytest_llmops.control.change import Change

NAME = "superseded backups"


def retire(backups: Backups, change: Change) -> list[str]:
    """Delete the backups that newer ones supersede; they are set aside first, and come back unless all goes well.

    Returns:
        The names of those that went, oldest first.

    Raises:
        Vacuous: no backup is superseded.
        CallFailed: there is no backup, or the newest one is damaged.
        ControlError: one cannot be moved.
        StepFailed: the newest backup does not hold what it says, so that no other one goes; or a file of such a
            name lies aside already.
    """
    if wrong := backups.misrecorded():
        raise StepFailed(f"{'; '.join(wrong)}; no older backup goes: make another.")
    old = [path.name for path in backups.superseded()]
    if not old:
        raise Vacuous(f"backups: the {len(backups.all())} that are there are all to be kept, so none goes.")
    aside = SetAside(change, NAME, backups.making.folder, ASIDE, old)
    if left := backups.superseded():
        raise StepFailed(f"{left[0].name} is there still, though newer backups supersede it.")
    aside.delete()
    return old
