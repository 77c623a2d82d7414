"""What can go wrong, said so that a person can act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class LlmopsError(Exception):
    """The root of our errors. ``str(error)`` is the whole message: what was found, where, and what to do."""


class ConfigError(LlmopsError):
    """``llmops.toml``, a profile, an option or a marker says something that cannot be carried out."""


class NotInstalled(ConfigError):
    """A package that an extra brings is not installed; says what needs it, and how to install it."""


class BaselineError(LlmopsError):
    """A baseline file is missing, damaged or not ours. It is never overwritten."""


class HistoryError(LlmopsError):
    """The history of earlier runs cannot be read or written. It is never a verdict, and never overwritten."""


class NewsError(LlmopsError):
    """What was told of earlier runs cannot be read or written. It is never a verdict, and never overwritten."""


class CallFailed(LlmopsError):
    """One call to a component failed.

    Attributes:
        component: the component's name in the target (``api``, ``ollama``, …).
        kind: the class of failure, fit for counting. No answer: ``refused``, ``unresolved``, ``proxy``, ``tls``,
            ``timeout``, ``connection``, ``cut-stream``. One that says no: ``auth`` (Redis), ``http-500`` and so on,
            ``throttled``, ``blocked``, ``unsupported``. One that is not what was asked for: ``bad-answer``, ``empty``,
            ``no-token``, ``no-model``, ``no-collection``, ``several``, ``infinite``, ``unhealthy``, ``not-refused``,
            ``stale``, ``unanswered``, ``untrue``, ``other-model``, ``over`` (a drill's limit). What is no service:
            ``absent``, ``gone``, ``damaged``; of a command ``exit-1``, ``signal-9`` and so on; of a page
            ``exception``, ``error-shown``, ``no-answer``; of a stream ``error``.
        body: the whole answer, where it says why; never shown, for the message holds an excerpt.
    """

    def __init__(self, component: str, kind: str, message: str, body: str = "") -> None:
        super().__init__(message)
        self.component = component
        self.kind = kind
        self.body = body


class ControlError(LlmopsError):
    """A component could not be looked at, stopped, started, ….

    Attributes:
        component: the component's name in the target; empty where only the driver knows that it failed.
        kind: ``absent``, ``refused``, ``away`` or ``timeout``.
    """

    def __init__(self, component: str, kind: str, message: str) -> None:
        super().__init__(message)
        self.component = component
        self.kind = kind


class StepFailed(LlmopsError):
    """A step of an operation failed; says which, why, and what stays of those before it."""


class DrillFailed(LlmopsError):
    """A drill did not come to its good end; says which, at what it stopped, and what was seen."""


class NotSteady(DrillFailed):
    """What a drill was about to break did not work before it, so nothing was broken."""


class Unobserved(DrillFailed):
    """No probe noticed a fault: it did nothing, or nobody would learn of it."""


class NotRecovered(DrillFailed):
    """After a fault something did not come back to its steady state in time."""


class JournalError(LlmopsError):
    """The undo journal cannot be written or read; nothing is changed without it. It is never overwritten."""


class Occupied(LlmopsError):
    """Another process is changing the target."""


class LeftChanged(LlmopsError):
    """The target is not as it was before a change: an undo failed, or nobody has carried it out."""


class StillChanged(LeftChanged):
    """A test that changes the target has not begun, for the target is not as it was before an earlier change."""


class OutsideWindow(LlmopsError):
    """No maintenance window is open."""


class Unreachable(LlmopsError):
    """A component did not pass preflight.

    Attributes:
        component: the component's name in the target.
        required: whether that is an error; else the check is left out by name.
    """

    def __init__(self, component: str, message: str, *, required: bool = True) -> None:
        super().__init__(message)
        self.component = component
        self.required = required


class Unsupported(LlmopsError):
    """This system does not have what the procedure needs (DESIGN: an outcome of its own, never a pass)."""


class Vacuous(LlmopsError):
    """The check could be made, but would say nothing: a metric that never moves, a count over nothing."""


class BudgetSpent(LlmopsError):
    """The run's budget, or the target's own rate limit, leaves no call for this."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known words, with a leading blank; empty where nothing is near.

    One that is far less like the word than the nearest is not named beside it.
    """
    from difflib import SequenceMatcher, get_close_matches

    near = get_close_matches(word, list(known), n=3, cutoff=0.6)
    if not near:
        return ""
    alike = [SequenceMatcher(None, name, word).ratio() for name in near]
    named = [name for name, ratio in zip(near, alike, strict=True) if ratio > alike[0] - 0.3]
    return f" Did you mean {' or '.join(map(repr, named))}?"


def nearest(name: str, there: Iterable[str]) -> str:
    """A sentence, with a leading blank, that names what is near; else all that there is."""
    known = list(there)
    return did_you_mean(name, known) or f" It has: {', '.join(known) or 'none'}."


def first_of(names: Sequence[str], most: int) -> str:
    """So many names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def excerpt(text: str, length: int = 80) -> str:
    """The beginning of a text that an error quotes; cut, it ends in ``...``, by which a secret cut in two is known."""
    return text if len(text) <= length else f"{text[:length]}..."
