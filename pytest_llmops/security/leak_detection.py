"""What was found where others read it, in words that may be shown, and what was looked through for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_llmops.detect import canary, pii, secrets, stack_trace
from pytest_llmops.detect.finding import Finding
from pytest_llmops.detect.overlaps import apart
from pytest_llmops.errors import Vacuous

Detector = Callable[[str], list[Finding]]

PERSON, SECRET, TRACE, PLANTED = "person", "secret", "stack trace", "planted value"
"""Families of leaks."""

_DETECTORS: dict[str, Detector] = {PERSON: pii.find, SECRET: secrets.find, TRACE: stack_trace.find}

AROUND = 40
"""Characters that are shown before and after a finding."""

KEPT = 10
"""Findings of one text that are kept; one is enough to act on."""


@dataclass(frozen=True, slots=True)
class Leak:
    """One finding.

    Attributes:
        where: the answer, log, page or trace in which it stands.
        family: person, secret, stack trace or planted value.
        kind: in the words of its detector: ``email``, ``aws-key``, ``python-trace``; ``own-secret``: the target's.
        excerpt: what stands around it; the datum itself, and any other, by its kind and length alone.
    """

    where: str
    family: str
    kind: str
    excerpt: str

    def __str__(self) -> str:
        return f"{self.where} holds a {self.family}, {self.kind}: {self.excerpt!r}"


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked through.

    Attributes:
        what: in a word: ``answers``, ``logs``.
        places: how many texts in which something stands.
        leaks: what they hold and should not.
        unread: what could not be read, and why.
        declared: persons where the target declares that it does not redact.
        redacted: logs that hold the question in which a person was named, and not the person.
    """

    what: str
    places: int
    leaks: tuple[Leak, ...]
    unread: tuple[str, ...] = ()
    declared: tuple[Leak, ...] = ()
    redacted: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The findings in a sentence each, the first few."""
        more = f" (and {len(self.leaks) - 5} more)" if len(self.leaks) > 5 else ""
        return "; ".join(str(one) for one in self.leaks[:5]) + more

    def whole(self) -> None:
        """Hold that there was something to look through, and that all of it was read.

        Raises:
            Vacuous: something could not be read, or nothing stood anywhere.
        """
        if self.unread:
            said = "; ".join(self.unread)
            raise Vacuous(f"{self.what}: not all could be read, so no leak there would be seen: {said}")
        if not self.places:
            raise Vacuous(f"{self.what}: there was nothing to look through, so that nothing leaks says nothing.")


class Detection:
    """Finds what leaks in a text.

    Args:
        own: the target's own secrets, which are found whatever they look like.
        planted: values that were planted.
    """

    def __init__(self, own: Iterable[str], planted: Iterable[str] = ()) -> None:
        self._own = [value for value in own if len(value) >= 2 * canary.SHORTEST]
        self._planted = list(planted)

    def leaks(self, where: str, text: str, families: Sequence[str], expected: Collection[str] = ()) -> list[Leak]:
        """What a text holds of some families, the first few of each; what is shown of it is without any.

        Args:
            where: the text stands.
            text: what is looked through.
            families: what counts.
            expected: kinds that are there to be in it.
        """
        found = {family: self._of(family, text) for family in (PLANTED, SECRET, PERSON, TRACE)}
        hidden = apart(one for family in (PLANTED, SECRET, PERSON) for one in found[family])
        return [
            Leak(where, family, one.kind, _excerpt(text, one, hidden))
            for family in families
            for one in [one for one in found[family] if one.kind not in expected][:KEPT]
        ]

    def kinds(self, text: str) -> list[str]:
        """The kinds of all that a text holds of persons and secrets."""
        return sorted({one.kind for family in (SECRET, PERSON) for one in self._of(family, text)})

    def clean(self, text: str) -> str:
        """A text in which persons and secrets stand by kind and length alone."""
        hidden = apart(one for family in (PLANTED, SECRET, PERSON) for one in self._of(family, text))
        return _shown(text, 0, len(text), hidden)

    def _of(self, family: str, text: str) -> list[Finding]:
        if family == PLANTED:
            return canary.find(text, self._planted)
        found = _DETECTORS[family](text)
        if family == SECRET:
            own = [replace(one, kind=f"own-secret ({one.kind})") for one in canary.find(text, self._own)]
            return apart([*own, *found])
        return found


def _excerpt(text: str, found: Finding, hidden: Sequence[Finding]) -> str:
    """What stands around a finding; whatever may not be shown is replaced by what may be shown of it."""
    start, end = max(0, found.start - AROUND), min(len(text), found.end + AROUND)
    return " ".join(_shown(text, start, end, hidden).split())


def _shown(text: str, start: int, end: int, hidden: Sequence[Finding]) -> str:
    parts, at = [], start
    for one in hidden:
        if one.end <= start or one.start >= end:
            continue
        parts += [text[at : max(at, one.start)], f"[{one.shown}]"]
        at = max(at, one.end)
    parts.append(text[at:end])
    return "".join(parts)
