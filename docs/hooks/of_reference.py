"""The reference as Markdown: what pytest, click and pydantic know of options, markers, fixtures, commands and keys."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from _pytest.config.argparsing import Parser

from pytest_llmops.cli import commands
from pytest_llmops.plugin import FIXTURES, command_line, markers
from pytest_llmops.target.models import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def reference_pages() -> dict[str, str]:
    """Path within the site to Markdown."""
    return {
        "reference/options.md": options(),
        "reference/markers.md": markers_page(),
        "reference/fixtures.md": fixtures(),
        "reference/commands.md": commands_page(),
        "reference/keys.md": keys(),
        "reference/exit-status.md": exit_status(),
    }


def cell(text: str) -> str:
    """Text as it can stand in a table: literal, on one line."""
    literal = re.sub(r"([\\*_<>\[\]|])", r"\\\1", " ".join(text.split()))
    return literal.replace("\\<", "&lt;").replace("\\>", "&gt;")


def code(text: str) -> str:
    """Text as code in a table."""
    return f"`{text}`".replace("|", "\\|")


def options() -> str:
    """What ``pytest --help`` lists of ours."""
    parser = Parser(_ispytest=True)
    command_line.add(parser)
    rows = []
    for option in parser.getgroup("llmops").options:
        known = option.attrs()
        names = ", ".join(option.names())
        values = "|".join(known.get("choices") or ()) or known.get("metavar") or ""
        rows.append(f"| {code(f'{names} {values}'.strip())} | {cell(str(known['help']))} |")
    head = "# Options\n\nOf pytest, by the plugin: `pytest --help` lists them too.\n\n| option | meaning |\n|---|---|\n"
    return head + "\n".join(rows) + "\n"


def markers_page() -> str:
    """What ``pytest --markers`` lists of ours."""
    suites = "\n".join(f"| `{name}` | {cell(meaning)} |" for name, meaning in markers.SUITES.items())
    others = "\n".join(f"| `{form}` | {cell(meaning)} |" for form, meaning in markers.OTHERS.items())
    return (
        "# Markers\n\nThe suites, for `-m`:\n\n| marker | what |\n|---|---|\n"
        f"{suites}\n\nWhat a test says of itself:\n\n| marker | meaning |\n|---|---|\n{others}\n"
    )


def fixtures() -> str:
    """Every public fixture with its docstring, as ``pytest --fixtures`` prints it, by name."""
    found: dict[str, tuple[str, str]] = {}
    for module in FIXTURES:
        for name, value in vars(module).items():
            if type(value).__name__ == "FixtureFunctionDefinition" and not value.name.startswith("_"):
                function = value._get_wrapped_function()  # noqa: SLF001 (pytest has no public way to it)
                scope = value._fixture_function_marker.scope  # noqa: SLF001
                found[value.name or name] = (str(scope), inspect.getdoc(function) or "")
    parts = [f"## `{name}`\n\n*scope: {scope}*\n\n{docstring(text)}\n" for name, (scope, text) in sorted(found.items())]
    return (
        "# Fixtures\n\nEvery test may ask for these. One of yours with the same name replaces ours for your tests, and "
        "rewires nothing else. A call of which a target has no part is *unsupported*, and says what to write.\n\n"
        + "\n".join(parts)
    )


SECTIONS = re.compile(r"^(Args|Attributes|Example|Examples|Raises|Returns|Yields):$")


def docstring(text: str) -> str:
    """A docstring as Markdown: double backquotes become single, sections become words in bold, examples code."""
    lines, within = [], ""
    for line in text.splitlines():
        if head := SECTIONS.match(line):
            within = head[1]
            lines += ["", f"**{within}**", ""]
        elif within.startswith("Example"):
            lines.append(line)
        elif within and re.match(r" {4}[^ ]", line):
            name, colon, meaning = line.strip().partition(": ")
            lines.append(f"- `{name}`: {cell(plain(meaning))}" if colon else f"- {cell(plain(name))}")
        else:
            lines.append(cell_words(plain(line.strip() if within else line)))
    return "\n".join(lines)


def plain(text: str) -> str:
    """With Markdown's code marks."""
    return text.replace("``", "`")


def cell_words(text: str) -> str:
    """Prose: what would be HTML or emphasis outside of code is literal."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<])", r"\\\1", part) for part in parts)


def commands_page() -> str:
    """What ``llmops COMMAND --help`` prints, of each command."""
    parts = [f"## `{name}`\n\n```text\n{text}\n```\n" for name, text in helps("llmops", commands, None)]
    return "# Commands\n\nWhat `--help` of each says.\n\n" + "\n".join(parts)


def helps(name: str, command: click.Command, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    """The command and those below it."""
    context = click.Context(command, info_name=name, parent=parent, max_content_width=100)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            if (found := command.get_command(context, inner)) is not None:
                yield from helps(inner, found, context)


def exit_status() -> str:
    """The table of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^\| exit status .*?(?=\n\n)", text, re.MULTILINE | re.DOTALL)
    if table is None:
        raise ValueError("README.md: there is no table '| exit status'; the page of the reference is made of it")
    return f"# Exit status\n\n{table[0]}\n"


def keys() -> str:
    """Every table of ``llmops.toml`` with its keys, from the JSON Schema that ``llmops schema`` prints."""
    schema = Config.model_json_schema(by_alias=True)
    tables = {"The file": schema, **dict(sorted(schema["$defs"].items()))}
    parts = [table_of(name, table) for name, table in tables.items() if table.get("properties")]
    return (
        "# Keys of `llmops.toml`\n\nFrom the schema that `llmops schema` prints, table by table. "
        "[llmops-toml.md](../llmops-toml.md) shows them at work.\n\n" + "\n".join(parts)
    )


def table_of(name: str, table: dict[str, Any]) -> str:
    """One table."""
    about = cell_words(plain(str(table.get("description", "")).split("\n\n", maxsplit=1)[0].replace("\n", " ")))
    rows = [
        f"| `{key}` | {kind_of(value)} | {default(value)} | {cell(str(value.get('description', '')))} |"
        for key, value in table["properties"].items()
    ]
    return f"## {name}\n\n{about}\n\n| key | kind | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def kind_of(value: dict[str, Any]) -> str:
    """What may stand there, in a word or two; another table is a link to it."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in value:
        return code(repr(value["const"]))
    if "enum" in value:
        return ", ".join(code(repr(word)) for word in value["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in value:
            found = dict.fromkeys(kind_of(one) for one in value[several] if one.get("type") != "null")
            return " or ".join(found)
    if value.get("type") == "array":
        return f"list of {kind_of(value.get('items', {}))}"
    inner = value.get("additionalProperties")
    if isinstance(inner, dict):
        return f"table of {kind_of(inner)}"
    given = value.get("type", "any")
    return " or ".join(given) if isinstance(given, list) else str(given)


def default(value: dict[str, Any]) -> str:
    """What holds where the key is left out; nothing where it has to be given."""
    given = value.get("default")
    return "" if given in (None, [], "") or isinstance(given, dict) else code(str(given))
