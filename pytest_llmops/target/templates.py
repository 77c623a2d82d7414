"""One template, read both ways: the client fills it in, the sandbox reads the values back out of a request.

A template is JSON with placeholders in its texts. A text that is one placeholder alone (``"{sources}"``) takes the
value as it is; within a longer text (``"User asks: {prompt}"``) it takes its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_llmops.errors import ConfigError, did_you_mean

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def render(template: Any, values: Mapping[str, Any]) -> Any:
    """Fill in a template.

    Raises:
        ConfigError: a placeholder has no value; names it and the nearest known one.
    """
    if isinstance(template, Mapping):
        return {key: render(item, values) for key, item in template.items()}
    if isinstance(template, list):
        return [render(item, values) for item in template]
    if not isinstance(template, str):
        return template
    alone = _PLACEHOLDER.fullmatch(template)
    if alone:
        return _value(alone[1], values)
    return _PLACEHOLDER.sub(lambda found: str(_value(found[1], values)), template)


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        raise ConfigError(
            f"a template asks for {{{name}}}; known here: {', '.join(sorted(values))}.{did_you_mean(name, values)}"
        )
    return values[name]


def placeholders(template: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every word in braces with its place (``body.question``), also one that is no placeholder (``{Prompt}``)."""
    if isinstance(template, Mapping):
        for key, item in template.items():
            yield from placeholders(item, f"{place}.{key}")
    elif isinstance(template, list):
        for index, item in enumerate(template):
            yield from placeholders(item, f"{place}.{index}")
    elif isinstance(template, str):
        yield from ((place, word) for word in re.findall(r"\{(\w+)\}", template))


def read(template: Any, document: Any) -> dict[str, Any]:
    """The values that stand in a document where the template has placeholders; what is missing is left out."""
    found: dict[str, Any] = {}
    if isinstance(template, Mapping) and isinstance(document, Mapping):
        for key, item in template.items():
            if key in document:
                found |= read(item, document[key])
    elif isinstance(template, list) and isinstance(document, list):
        for item, part in zip(template, document, strict=False):
            found |= read(item, part)
    elif isinstance(template, str):
        found |= _read_text(template, document)
    return found


def _read_text(template: str, document: Any) -> dict[str, Any]:
    alone = _PLACEHOLDER.fullmatch(template)
    if alone:
        return {alone[1]: document}
    if not isinstance(document, str):
        return {}
    pattern = "".join(
        f"(?P<{part}>.*)" if index % 2 else re.escape(part) for index, part in enumerate(_PLACEHOLDER.split(template))
    )
    matched = re.fullmatch(pattern, document, re.DOTALL)
    return matched.groupdict() if matched else {}
