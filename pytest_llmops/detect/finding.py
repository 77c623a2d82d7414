"""What a detector found in a text: where, of which kind, and as much of it as may be shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        kind: of what, in the words of its detector: ``iban``, ``email``, ``private-key``, ``python-trace``.
        start, end: of the text's characters.
        shown: what may be shown of it: never the secret, nor the person's datum itself.
    """

    kind: str
    start: int
    end: int
    shown: str
