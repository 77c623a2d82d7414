"""What a fault proxy does with what goes through it, in a word and a number."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_llmops.errors import ConfigError, did_you_mean

PASS, REFUSE, BLACKHOLE = "pass", "refuse", "blackhole"
DELAY, RESET, BANDWIDTH = "delay", "reset", "bandwidth"

NUMBERS = {DELAY: "seconds, above 0", RESET: "bytes, a whole number", BANDWIDTH: "kB a second, above 0"}
"""The modes that take a number, and what it is."""

MODES = {
    PASS: "all passes",
    DELAY: "whatever is answered arrives so many seconds later",
    RESET: "once so many bytes were answered the connection is reset",
    REFUSE: "connections are refused, and those that are open are reset",
    BLACKHOLE: "connections are accepted, and nothing passes",
    BANDWIDTH: "answers pass at so many kB a second",
}


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode.

    Attributes:
        text: as it was told, ``delay 2``.
        kind: its word.
        number: seconds, bytes or kB (1000 bytes) a second; 0 where it takes none.
    """

    text: str
    kind: str
    number: float = 0.0


def mode_of(text: str) -> Mode:
    """Read a mode.

    Raises:
        ConfigError: it is none; says which there are.
    """
    kind, _, number = text.partition(" ")
    known = ", ".join(f"{name} N" if name in NUMBERS else name for name in MODES)
    if kind not in MODES:
        raise ConfigError(f"{text!r} is no mode of a proxy.{did_you_mean(kind, MODES)} There are: {known}.")
    if kind not in NUMBERS:
        if number:
            raise ConfigError(f"the mode {kind} takes no number, found {text!r}.")
        return Mode(text, kind)
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    right = value >= 0 and value % 1 == 0 if kind == RESET else 0 < value < math.inf
    if not right:
        raise ConfigError(f"the mode {kind} takes {NUMBERS[kind]}: '{kind} 2'; found {text!r}.")
    return Mode(text, kind, value)
