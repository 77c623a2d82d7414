"""Lines of JSON, CSV and YAML as tables, each with the line at which it begins; no key may be there twice."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

TEXTS = ("context", "expect.numbers.facts", "expect.numbers.required")
"""Columns of a CSV that are a list also where a cell is one text."""

LISTED = (
    *("tags", "expect.exact", "expect.contains", "expect.regex", "expect.sources", "expect.numbers"),
    *("expect.number.unit", *TEXTS),
)
"""Columns of a CSV whose cell may be a list in JSON; ``expect.schema`` may be a table."""


@dataclass(frozen=True, slots=True)
class Row:
    """A table as it was read.

    Attributes:
        line: at which it begins, from 1.
        table: its keys and values.
    """

    line: int
    table: Any


class _Unreadable(Exception):
    """What is wrong with a line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def rows(path: Path, within: Sequence[str] = ()) -> list[Row]:
    """The tables of a file, by its suffix: ``.jsonl``, ``.csv``, ``.yaml`` or ``.yml``.

    Args:
        path: the file.
        within: keys of a YAML document under which its list may stand.

    Raises:
        ConfigError: it cannot be read, or holds no table; names the line.
    """
    if path.suffix not in _READERS:
        raise ConfigError(f"{path}: golden files end in {', '.join(_READERS)}.")
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from None
    try:
        found = list(_READERS[path.suffix](text, within))
    except _Unreadable as error:
        raise ConfigError(f"{path}:{error.line}: {error}.") from None
    if not found:
        raise ConfigError(f"{path} holds no case.")
    return found


def _json_lines(text: str, _within: Sequence[str]) -> Iterator[Row]:
    for at, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield Row(at, _json(line, at))


def _json(text: str, line: int) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _Unreadable(line, f"{excerpt(text.strip())!r} is no JSON ({error})") from None


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(f"the key {key!r} is there twice")
        table[key] = value
    return table


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _csv(text: str, _within: Sequence[str]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header)
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                yield Row(line, _nested(header, cells, line))
            line = reader.line_num + 1
    except csv.Error as error:
        raise _Unreadable(max(1, reader.line_num), f"it is no CSV ({error})") from None


def _check_header(header: Sequence[str]) -> None:
    if len(header) == 1 and ";" in header[0]:
        raise _Unreadable(1, "its columns are separated by semicolons; save it with commas")
    twice = [name for name in header if header.count(name) > 1]
    if twice or not all(header):
        raise _Unreadable(
            1, f"the column {twice[0]!r} is there twice" if twice and all(twice) else "a column has no name"
        )
    inner = [(one, other) for one in header for other in header if other.startswith(f"{one}.")]
    if inner:
        raise _Unreadable(1, f"the column {inner[0][0]!r} is there beside {inner[0][1]!r}; give one of both")


def _nested(header: Sequence[str], cells: Sequence[str], line: int) -> dict[str, Any]:
    """Columns with dots as tables within tables; an empty cell is no value."""
    if len(cells) != len(header):
        raise _Unreadable(line, f"it has {len(cells)} cells, and the header names {len(header)} columns")
    table: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=True):
        if not cell.strip():
            continue
        *outer, key = name.split(".")
        inner = table
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[key] = _cell(name, cell, line)
    return table


def _cell(name: str, cell: str, line: int) -> Any:
    bare = cell.strip()
    listed = name in LISTED or name.endswith(("_of",))
    if (listed and bare.startswith("[") and bare.endswith("]") and '"' in bare) or (
        name == "expect.schema" and bare.startswith("{")
    ):
        return _json(bare, line)
    if name == "tags":
        return [tag.strip() for tag in cell.split(";") if tag.strip()]
    return [cell] if name in TEXTS or name.endswith("_of") else cell


def _yaml(text: str, within: Sequence[str]) -> Iterator[Row]:
    import yaml

    try:
        loader = _yaml_loader()(text)
        root = loader.get_single_node()
        listed = _list_within(root, within) if root is not None else None
        if listed is None:
            return
        for node in listed.value:
            _check_keys(node)
            yield Row(node.start_mark.line + 1, loader.construct_document(node))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _Unreadable(line, f"it is no YAML ({error.problem})") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise _Unreadable(1, f"it is no YAML ({error})") from None


def _list_within(root: Any, within: Sequence[str]) -> Any:
    import yaml

    if isinstance(root, yaml.SequenceNode):
        return root
    if isinstance(root, yaml.MappingNode):
        _check_keys(root)
        for key, node in root.value:
            if key.value in within and isinstance(node, yaml.SequenceNode):
                return node
    named = f", or a table with one under {' or '.join(within)}" if within else ""
    raise _Unreadable(root.start_mark.line + 1, f"it is no list of cases{named}")


def _check_keys(node: Any) -> None:
    """No key of a table, or of one within it, may be there twice: of YAML's own accord the last one would count."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise _Unreadable(key.start_mark.line + 1, f"the key {key.value!r} is there twice")
            seen.add(key.value)
            _check_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _check_keys(one)


def _yaml_loader() -> Any:
    """Reads words as YAML 1.2 does: ``no`` is Norwegian, ``12:30`` and ``007`` are texts, as are dates."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the class's own table, in place of YAML 1.1's

    for tag, pattern, firsts in (
        ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
        ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), firsts)
    return Loader


_READERS: dict[str, Callable[[str, Sequence[str]], Iterator[Row]]] = {
    ".jsonl": _json_lines,
    ".csv": _csv,
    ".yaml": _yaml,
    ".yml": _yaml,
}
