"""What ``llmops init`` tells: what was found, what was not, and what comes next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pytest_llmops.probe.words import one_line
from pytest_llmops.target import FILE_NAME
from pytest_llmops.target.secrets import REDACTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.probe.asking import Settings
    from pytest_llmops.probe.proposal import Discovery, Found


def report(found: Discovery, name: str, output: Path, settings: Settings, *, echoed: bool = False) -> None:
    """Print it.

    Args:
        found: what was found.
        name: the target's name.
        output: the file that was written.
        settings: how it was asked.
        echoed: a key that was sent was taken out of the file.
    """
    console = Console(markup=False, highlight=False, emoji=False, soft_wrap=False)
    console.print(Text("Found", style="bold"))
    console.print(_indented(_found(found, settings)))
    left_out = _left_out(found, settings)
    if left_out.row_count:
        console.print(Text("Not in the file", style="bold"))
        console.print(_indented(left_out))
    for words in _warnings(found, settings):
        console.print(Text(f"MIND: {words}", style="yellow"))
    if echoed:
        console.print(Text(f"MIND: what was found holds a key; {REDACTED} stands for it in the file.", style="yellow"))
    console.print(Text(f"\nWritten: {output} (target {name})", style="bold"))
    console.print(Text("\nNext", style="bold"))
    console.print(_indented(_next(found, output)))


def _indented(table: Table) -> Padding:
    return Padding(table, (0, 0, 0, 2), expand=False)


def _grid() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _said(words: str, settings: Settings) -> str:
    """A text of a stranger as it may be shown: one line, without the keys that it was sent."""
    return one_line(settings.secrets.clean(words))


def _found(found: Discovery, settings: Settings) -> Table:
    table = _grid()
    table.add_column(overflow="fold")
    for one in found.found:
        loud = [Text(f"MIND: it {_said(words, settings)}", style="yellow") for words in _loud(one)]
        says = f"{_said(one.says, settings)}{_key(one)}"
        table.add_row(Text(one.kind, style="green"), _said(one.url, settings), Group(says, *loud))
    return table


def _key(one: Found) -> str:
    if one.key is None:
        return ""
    signed = one.key.given and not one.key.withheld and one.key.accepted is not False
    return f", signed with {one.key.variable}" if signed else ", wants a key"


def _loud(one: Found) -> Iterator[str]:
    if one.key is not None and one.key.withheld:
        yield f"wants a key; {one.key.withheld}"
    if one.key is not None and one.key.accepted is False:
        yield f"does not take the key in {one.key.variable}"
    yield from one.loud


def _left_out(found: Discovery, settings: Settings) -> Table:
    table = _grid()
    silent = [one for one in found.unknown if one.silent]
    told = [one for one in found.unknown if not one.silent]
    for again in found.again:
        says = _said(again.says, settings)
        table.add_row(_said(again.url, settings), f"a second {again.kind} ({says}); a target has one of a kind")
    for one in told + silent:
        table.add_row(_said(one.url, settings), _said(one.reason, settings))
    return table


def _warnings(found: Discovery, settings: Settings) -> Iterator[str]:
    if settings.key_env and not any(one.key for one in found.found):
        yield f"--key-env {settings.key_env} was not used: nothing asked for a key."
    encrypted = [one for one in found.found if settings.tls_of(one.url)]
    if settings.tls and not encrypted:
        option = "--ca" if "ca" in settings.tls else "--insecure"
        yield f"{option} was not used: nothing that was found is https or rediss."
    elif settings.tls.get("verify") is False:
        names = ", ".join(one.kind for one in encrypted)
        yield f"--insecure: whoever stands between may read and change what {names} is told. Give --ca instead."


def _next(found: Discovery, output: Path) -> Table:
    table = _grid()
    keys = {one.key.variable: one.key for one in found.found if one.key is not None and not one.key.given}
    for variable, key in keys.items():
        users = ", ".join(one.kind for one in found.found if one.key and one.key.variable == variable)
        table.add_row(Text(f"export {variable}=…", style="cyan"), f"{key.holds}, for {users}")
    usual = output.resolve() == Path.cwd() / FILE_NAME
    table.add_row(Text(f"llmops doctor{'' if usual else f' --config {output}'}", style="cyan"), "does all of it hold?")
    table.add_row(
        Text(f"pytest -m daily{'' if usual else f' --llmops-config={output}'}", style="cyan"), "the daily checks"
    )
    return table
