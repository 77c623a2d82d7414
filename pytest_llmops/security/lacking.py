"""What a target is declared to lack: unsupported by name, never passed, and red where it is seen that it has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmops.target.load import Target
    from pytest_llmops.target.security import Subject


def unless_lacking(
    target: Target, component: str, subject: Subject, has: Callable[[], str], seen: Sequence[object] = ()
) -> None:
    """Go on only where the target is not declared to lack something.

    Args:
        target: the deployment.
        component: whose lack it is.
        subject: the word in ``security.lacks``.
        has: what shows that the target has it all the same, in words; empty where nothing does.
        seen: what was seen for want of it, to be told with the reason.

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
    told = "; ".join([why.rstrip("."), *map(str, seen)])
    raise Unsupported(f"{component}: this system has no {subject.replace('_', ' ')}: {told}.")
