"""What the configuration of a target gives away: secrets in files that are not meant to hold any, by name alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.detect.secrets import find
from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.clients.file_facts import FileFact, Found
    from pytest_llmops.clients.files import Files

ENV, TEXTS = "env_file", "configuration_texts"
"""Sets of ``components.files``: what is meant to hold secrets, and all other configuration."""

SHORTEST = 8
"""Characters from which a value of the one file is looked for in the others: a shorter one is a word of its own."""

_SECRET_NAME = re.compile(r"(?i)(?:(?:key|secret|token|credential)s?|passw[a-z]*|passphrase|pwd|dsn)(?:_|\d|$)")
_OF_NO_SECRET = re.compile(r"(?i)_(?:url|uri|endpoint|name|header|model|file|path)$")
_USERINFO = re.compile(r"://[^/@\s]*:[^/@\s]+@")
_ASSIGNED = re.compile(r"""^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(?:(['"])(.*?)\2|(.*?))(?:\s+#.*|\s*)$""")
_NAMED = re.compile(r"""([A-Za-z_][\w.-]*)['"\]]*\s*[:=]""")
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://\S*$")


@dataclass(frozen=True, slots=True)
class Exposed:
    """A secret that lies where none belongs. What it is, is not kept.

    Attributes:
        file: relative to the root.
        line: of the file, counted from 1.
        name: of the setting that it is the value of; empty where none stands before it.
        why: what it was recognised by.
    """

    file: str
    line: int
    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.name or 'a value without a name'} ({self.why})"


class Configuration:
    """The configuration of a target.

    Args:
        files: with the sets ``env_file`` and ``configuration_texts``.
    """

    def __init__(self, files: Files) -> None:
        self._files = files

    def env_file(self) -> Found:
        """The file that is meant to hold the secrets: ``wrong`` says what is not right with its mode and owner.

        Raises:
            Unsupported: the target has no such set.
            CallFailed: it is not there.
        """
        return self._files.found(ENV)

    def exposed(self) -> list[Exposed]:
        """Secrets in configuration outside of that file: what looks like one, and what is one there, repeated.

        Raises:
            Unsupported: the target has no such sets.
            CallFailed: there is nothing to look through; a file cannot be read.
        """
        others = self._files.found(TEXTS)
        kept = self._kept()
        found = {
            (one.file, one.line): one
            for fact in others.facts
            for text in [self._text(fact)]
            for one in (*_looks_like_one(fact.name, text), *_repeated(fact.name, text, kept))
        }
        return [found[place] for place in sorted(found)]

    def _kept(self) -> dict[str, str]:
        """Secret of the env file to its name."""
        env = self._files.found(ENV, some=False) if self._files.has(ENV) else None
        assigned = [
            (match[1], match[3] or match[4] or "")
            for fact in (env.facts if env else ())
            for match in map(_ASSIGNED.match, self._text(fact).splitlines())
            if match is not None
        ]
        return {value: name for name, value in assigned if len(value) >= SHORTEST and _is_secret(name, value)}

    def _text(self, fact: FileFact) -> str:
        try:
            return fact.path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise CallFailed(
                self._files.component,
                "refused",
                f"{self._files.component}: {fact.name} cannot be read: {error.strerror}.",
            ) from None


def _is_secret(name: str, value: str) -> bool:
    """Whether a setting is named as one, and not as where it is, or what it is called."""
    if not _SECRET_NAME.search(name):
        return False
    return _OF_NO_SECRET.search(name) is None or _USERINFO.search(value) is not None


def _looks_like_one(file: str, text: str) -> Iterator[Exposed]:
    for finding in find(text):
        yield Exposed(file, text.count("\n", 0, finding.start) + 1, _name(text, finding.start), finding.kind)


def _name(text: str, at: int) -> str:
    """The setting whose value begins there, or that begins there itself."""
    line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]
    before = line[: at - text.rfind("\n", 0, at) - 1]
    named = _NAMED.findall(_ADDRESS.sub("", before)) or _NAMED.findall(line)[:1]
    return str(named[-1]) if named else ""


def _repeated(file: str, text: str, kept: dict[str, str]) -> Iterator[Exposed]:
    for number, line in enumerate(text.splitlines(), 1):
        for value, name in kept.items():
            if value in line:
                yield Exposed(file, number, name, "the same as in the env file")
