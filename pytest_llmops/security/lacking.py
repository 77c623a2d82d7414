"""What a target is declared to lack: unsupported by name, once it was seen to be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmops.target.load import Target
    from pytest_llmops.target.security import Subject


def excuse(target: Target, where: str, subject: Subject, wrong: Sequence[object]) -> None:
    """Let pass what the system is declared not to have; do nothing where it is not declared, or nothing is wrong.

    Args:
        target: the deployment.
        where: in whose name it is said.
        subject: of ``security.lacks``.
        wrong: what is wrong for want of it.

    Raises:
        Unsupported: it is declared, and something is wrong.
    """
    why = target.table.security.lacks.get(subject)
    if why is not None and wrong:
        raise Unsupported(f"{where}: this system has no {subject}: {why}; {'; '.join(map(str, wrong))}.")


def unless_lacking(target: Target, component: str, subject: Subject, has: Callable[[], str]) -> None:
    """Go on only where the target is not declared to lack something.

    Args:
        target: the deployment.
        component: whose lack it is.
        subject: the word in ``security.lacks``.
        has: what shows that the target has it all the same, in words; empty where nothing does.

    Raises:
        Unsupported: it is declared to lack it, and nothing shows the contrary.
        CallFailed: it is declared so, and that is not true (kind ``untrue``).
    """
    why = target.table.security.lacks.get(subject)
    if why is None:
        return
    if contrary := has():
        said = f"{component}: security.lacks.{subject} says {why!r}, but {contrary}: take it out of the profile."
        raise CallFailed(component, "untrue", said)
    raise Unsupported(f"{component}: this system has no {subject.replace('_', ' ')}: {why}.")
