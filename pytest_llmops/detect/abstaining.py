"""Sentences of an answer that claim nothing: what the sources do not say, greetings, offers of help."""

from __future__ import annotations

import re

from pytest_llmops.detect.grounding_words import COURTESY, NOT, TOLD

_SAID_SO = {code: (re.compile(NOT[code], re.IGNORECASE), re.compile(TOLD[code], re.IGNORECASE)) for code in NOT}

_COURTESY = re.compile(COURTESY, re.IGNORECASE)


def abstains(sentence: str, tongue: str) -> bool:
    """Whether a sentence says that something is not said, or not known.

    Args:
        sentence: of an answer.
        tongue: ``en``, ``de``, ``fr`` or ``es``.
    """
    not_, told = _SAID_SO[tongue]
    return bool(not_.search(sentence) and told.search(sentence))


def courteous(sentence: str) -> bool:
    """Whether it greets, thanks, offers help, or leads over to what follows."""
    return bool(_COURTESY.search(sentence)) or sentence.rstrip().endswith(("?", "？"))
