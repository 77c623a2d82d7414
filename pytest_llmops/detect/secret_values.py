"""Whether a value that stands where a secret would is one: no placeholder, no reference, no word, no name."""

from __future__ import annotations

import re

_NOT_WRITTEN_OUT = re.compile(
    r"\*{3}|\.\.\.|…|x{5}|#{3}|_{4}|0{10}|\$\{|\$\(|^\$\w|\{\{|^\{|%\(|<|\[redacted|\[filtered|"
    r"(?<![a-z0-9])(?:your|my|the|some|insert|replace|change|redacted|filtered|masked|hidden|"
    r"placeholder|dummy|todo|tbd)(?![a-z0-9])|"
    r"change_?me|your[_-]|replace[_-]|^example|-here$|^env\.|environ|getenv|process\.env",
    re.IGNORECASE,
)
"""What says that a value stands for another, or is hidden."""

_CODE = re.compile(
    r"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$|[\w.]+\(|^[A-Za-z_]\w*\[|^(?:Optional|list|dict|str|bytes)\b|"
    r"^(?:vault|secretsmanager|ssm|arn|op|keyvault|file|env):|^projects/[\w-]+/secrets/"
)
"""Code that yields a value, or the place of one in a store of secrets."""
_SNAKE_CASE = re.compile(r"[a-z]+(?:_(?:[a-z]+[0-9]{0,2}|[0-9]{1,4}))+")
_PATH = re.compile(r"^(?:~|\.{0,2})/[\w./~-]+$|^[A-Z]:\\")
_WORDS = re.compile(r"^[A-Za-z]+(?:[-_ .][A-Za-z]+)*[.!?:]?$")

_SAYS_NOTHING = frozenset(
    {"password", "passwd", "pass", "pwd", "secret", "token", "required", "none", "null", "true", "false"}
)


def is_written_out(value: str) -> bool:
    """Whether a value is given itself, neither masked nor by a placeholder nor by reference."""
    return bool(value) and _NOT_WRITTEN_OUT.search(value) is None and len(set(value[-16:])) > 3


def is_password(value: str, *, plain: bool = False, said: bool = False) -> bool:
    """Whether a value may be a password.

    Args:
        value: what stands where one would.
        plain: it stands in an address, where nothing else than a password stands; a word is one too, unless it only
            says that a password comes there.
        said: it stands in a sentence, where it has to have a digit.
    """
    if not is_written_out(value) or _CODE.search(value) or _PATH.match(value):
        return False
    if value.lower() in _SAYS_NOTHING:
        return False
    if plain:
        return len(value) >= 5
    kinds = sum(re.search(kind, value) is not None for kind in (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]"))
    digit = re.search(r"[0-9]", value) is not None
    mixed = re.search(r"[a-z][A-Z]+[a-z]|[A-Z]{2,}[a-z]", value) is not None
    return len(value) >= 6 and kinds >= 2 and (digit or (not said and mixed)) and not value.isdigit()


def is_token(value: str, *, said: bool = False) -> bool:
    """Whether a value may be a key or a token: 16 characters and more, in which letters and digits are mixed.

    Args:
        value: what stands where one would.
        said: it stands in a sentence, where "the key is" tells of a column or an index as well: no name in snake case.
    """
    if said and _SNAKE_CASE.fullmatch(value):
        return False
    if len(value) < 16 or not is_written_out(value) or _CODE.search(value) or _PATH.match(value) or _WORDS.match(value):
        return False
    if re.match(r"[a-z]+://", value):
        return False
    mixed = re.search(r"[a-z][A-Z]", value) is not None and re.search(r"[A-Z]{2}", value) is not None
    return re.search(r"[A-Za-z]", value) is not None and (re.search(r"[0-9]", value) is not None or mixed)
