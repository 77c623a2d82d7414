"""JSON among lines of noise: management commands print progress into the same output."""

from __future__ import annotations

import json
import re
from typing import Any

_BEGINS = re.compile(r"^[\[{]", re.MULTILINE)


def json_within(text: str) -> Any:
    """The longest JSON object or list in a text that begins a line and ends one.

    A line of progress such as ``[1/20] Warming LLM models...`` begins like a list and is none.

    Raises:
        json.JSONDecodeError: there is none; says why the first that begins like one is none.
    """
    decoder = json.JSONDecoder()
    found: tuple[int, Any] = (0, None)
    wrong: json.JSONDecodeError | None = None
    covered = 0
    for start in (match.start() for match in _BEGINS.finditer(text)):
        if start < covered:
            continue
        try:
            value, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            wrong = error if wrong is None or text[start] == "{" else wrong
            continue
        if text[end:].partition("\n")[0].strip():
            wrong = wrong or json.JSONDecodeError("more follows on its line", text, end)
            continue
        covered = end
        found = max(found, (end - start, value), key=lambda one: one[0])
    if not found[0]:
        raise wrong or json.JSONDecodeError("no line begins with { or [", text, 0)
    return found[1]
