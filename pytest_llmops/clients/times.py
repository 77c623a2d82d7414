"""Times that commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands


def epoch_in(app: AppCommands, name: str, *args: str) -> float:
    """The newest of the times that a command prints, in seconds since the epoch where each line begins.

    As ``stat -c %Y`` prints them, and ``find`` with ``%T@``.

    Raises:
        CallFailed: as `AppCommands.run`; ``bad-answer``: a line begins with no number, or there is none.
    """
    lines = [line.split() for line in app.text(name, *args).splitlines() if line.strip()]
    try:
        return max(float(words[0]) for words in lines)
    except ValueError:
        said = app.quoted("; ".join(" ".join(words) for words in lines))
        raise CallFailed(
            app.component, "bad-answer", f"{app.component}: {name}: printed no time in epoch seconds: {said}."
        ) from None
