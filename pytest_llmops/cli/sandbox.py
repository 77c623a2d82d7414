"""``llmops sandbox``: the embedded stack, started apart."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli import new_file
from pytest_llmops.control.embedded import ENGINES, Sandbox, fault_table, placed
from pytest_llmops.target import profiles
from pytest_llmops.target.load import BUILT_IN, load

if TYPE_CHECKING:
    from pytest_llmops.target.load import Target


@click.command()
@click.option("--profile", default="sandbox", show_default=True, help="Which system it stands in for.")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=ENGINES[0],
    show_default=True,
    help="What generates its answers. llama.cpp is real inference, on small models of random weights.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    help="How it is sick, e.g. llm:slow=1.6 or api:down,llm:down. May be given again.",
)
@click.option("--list-faults", is_flag=True, help="Print the faults that the profile knows, and end.")
@click.option("--write", type=click.Path(path_type=Path), help="Write the llmops.toml that points at it.")
def sandbox(profile: str, engine: str, faults: tuple[str, ...], list_faults: bool, write: Path | None) -> None:
    """Start the embedded stack and keep it until Ctrl-C."""
    if write is not None:
        new_file.may_write(write, "--write")
    profiles.read(profile, "--profile")
    target = load(None, BUILT_IN if profile == BUILT_IN else f"{BUILT_IN}:{profile}", Path.cwd())
    if list_faults:
        click.echo(fault_table(target), nl=False)
        return
    stack = Sandbox(target, faults, engine)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        here = placed(target, stack.facts)
        wide = max(map(len, stack.facts["components"]), default=0)
        for name, url in stack.facts["components"].items():
            click.echo(f"{name:<{wide}} {url}")
        for variable, value in here.environ.items():
            if target.environ.get(variable) != value:
                click.echo(f"export {variable}={value}")
        if write is not None:
            new_file.write(write, _file(here, knows=stack.facts["knows"]), "--write")
            click.echo(f"written: {write}")
        left = f"nothing behind but {write}" if write is not None else "nothing behind"
        click.echo(f"Ready in {stack.facts['ready_s']:.1f} s. Ctrl-C ends it and leaves {left}.")
        stop.wait()
    finally:
        stack.stop()


def _file(target: Target, *, knows: bool) -> str:
    """The ``llmops.toml`` of a target that runs; prompts only where nothing is expected of the answers."""
    head = f'[targets.sandbox]\nprofile = "{target.table.profile}"\nenvironment = "sandbox"\n'
    components = target.table.components
    tables = []
    for name, part in components.configured().items():
        place = ".".join(filter(None, (components.group_of(name), name)))
        said = [f"{key} = {_quoted(value)}\n" for key in ("url", "root") if (value := getattr(part, key, None))]
        said += [f"tls.ca = {_quoted(part.tls.ca)}\n"] if part.tls and part.tls.ca else []
        tables += [f"\n[targets.sandbox.components.{place}]\n", *said] if said else []
        if part.control is not None:
            how = part.control.model_dump(mode="json").items()
            tables += [
                f"\n[targets.sandbox.components.{place}.control]\n",
                *(f"{key} = {_quoted(of)}\n" for key, of in how),
            ]
    for name, command in (components.app_command.commands if components.app_command else {}).items():
        place = f"targets.sandbox.components.app_command.commands.{name}"
        tables.append(f"\n[{place}]\nargv = {_quoted(command.argv)}\ndeadline = {command.deadline}\n")
    for name, setting in target.table.settings.items():
        placed_at = setting.model_dump(mode="json", include={"root", "read", "write", "deadline"}).items()
        tables += [
            f"\n[targets.sandbox.settings.{_quoted(name)}]\n",
            *(f"{key} = {_quoted(value)}\n" for key, value in placed_at),
        ]
    below = {"audit": target.table.security.audit, "erasure": target.table.security.erasure}
    tables += [
        f"\n[targets.sandbox.security.{name}]\nroot = {_quoted(table.root)}\n"
        for name, table in below.items()
        if table is not None
    ]
    for name, proxy in target.table.proxies.items():
        tables.append(
            f"\n[targets.sandbox.proxies.{name}]\nlisten = {_quoted(proxy.listen)}\nsocket = {_quoted(proxy.socket)}\n"
        )
    for name, disk in target.table.ballast.items():
        tables.append(f"\n[targets.sandbox.ballast.{name}]\nroot = {_quoted(disk.root)}\n")
    if not knows:
        tables += [
            f"\n[[targets.sandbox.prompts]]\nid = {_quoted(prompt.id)}\ntext = {_quoted(prompt.text)}\n"
            for prompt in target.workload
        ]
    return "".join(['default_target = "sandbox"\n\n', head, *tables])


def _quoted(value: str | float | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)
