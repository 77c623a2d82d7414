"""Regular expressions of matchers, which are RE2's: what Python reads in the same way; the rest is refused."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from pytest_llmops.promql.refusal import PromqlError

_ESCAPED_SIGN = re.compile(r"\\[^\w]", re.ASCII)
_FLAGS_FIRST = re.compile(r"\A\(\?[ims]+\)")
_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")

_LETTERS = re.compile(r"\\(?![afnrtvdDwWsSbBAx])\w|\\x\{|\[:\^?\w+:\]", re.ASCII)
r"""``\pL \z \Q \x{…} [:alpha:]``, which Python lacks; ``\Z \u \N``, which RE2 lacks; ``\1``, which means two things."""

_OPERATORS = re.compile(r"\(\?(?!:|P<|[ims]+(?:-[ims]+)?:|-[ims]+:)[^)]?|[*+?}]\+|\{,")
"""Looking around, conditions, comments, Python's flags; possessive repetition; ``{,3}``, a text in RE2."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """A matcher's pattern; it has to fit a value as a whole.

    Raises:
        PromqlError: it is none; or Python has no such thing, or reads it in another way.
    """
    known = _FLAGS_FIRST.sub("", _ESCAPED_SIGN.sub("..", pattern))
    if strange := _LETTERS.search(known) or _OPERATORS.search(_CLASS.sub("x", known)):
        raise PromqlError(f"{strange[0]!r} in the pattern {pattern!r} is not known here")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            return re.compile(pattern, re.DOTALL | re.ASCII)
    except (re.error, FutureWarning, OverflowError) as error:
        raise PromqlError(f"the pattern {pattern!r} cannot be read: {error}") from None
