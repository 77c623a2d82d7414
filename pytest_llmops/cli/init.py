"""``llmops init``: look at what answers, and write the llmops.toml for it."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmops.errors import ConfigError
from pytest_llmops.target import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.probe.addresses import Address
    from pytest_llmops.probe.proposal import Discovery

GIVEN_DEADLINE_S = 10.0
LOCAL_DEADLINE_S = 2.0
ENVIRONMENTS = ("staging", "production", "development")


@click.command()
@click.option(
    "--url", "urls", multiple=True, help="Where to look: http(s)://, redis(s):// or host:port. Again for more."
)
@click.option("--name", help="The target's name in the file (default: local, or its environment).")
@click.option(
    "--key-env",
    metavar="VAR",
    default="",
    help="Environment variable with the key. It is sent to every address that answers 401 or 403, as Bearer, X-API-Key "
    "and Basic in turn; over plain http to another machine only where that is the only --url.",
)
@click.option("--ca", type=click.Path(path_type=Path), help="Certificates that sign those of https and rediss.")
@click.option("--insecure", is_flag=True, help="Take any certificate; never for production.")
@click.option("--environment", type=click.Choice(ENVIRONMENTS), help="What kind of target it is.")
@click.option("--output", type=click.Path(path_type=Path), default=FILE_NAME, show_default=True, help="What to write.")
def init(
    urls: tuple[str, ...],
    name: str | None,
    key_env: str,
    ca: Path | None,
    insecure: bool,
    environment: str | None,
    output: Path,
) -> None:
    """Find out what answers, and write a commented llmops.toml for it.

    Without --url the usual ports of this machine are tried. Only GET and PING are sent, and of a service's own routes
    only those of health, metrics and documentation, or one that does not take GET: nothing that costs or changes.
    """
    from pytest_llmops.cli import new_file
    from pytest_llmops.cli.init_report import report
    from pytest_llmops.probe import addresses, discovery, file
    from pytest_llmops.probe.asking import Settings
    from pytest_llmops.target.proxies import loopback

    new_file.may_write(output, "--output")
    places = [addresses.read(url) for url in urls] or addresses.local()
    here = all(loopback(place.url) for place in places)
    environment = environment or ("development" if here else "staging")
    name = _checked_name(name or ("local" if here else environment))
    root = output.resolve().parent
    with tempfile.TemporaryDirectory(prefix="llmops-init-") as scratch:
        settings = Settings(
            name=name,
            root=root,
            scratch=Path(scratch),
            environ=os.environ,
            key_env=_checked_variable(key_env),
            several=len({place.url for place in places}) > 1,
            tls=_tls(ca, root, insecure=insecure),
            deadline_s=GIVEN_DEADLINE_S if urls else LOCAL_DEADLINE_S,
        )
        found = discovery.look(places, settings)
        if not found.found:
            raise ConfigError(settings.secrets.clean(nothing_found(found, places, given=bool(urls))))
        raw = file.text(found, name, environment)
        text = settings.secrets.clean(raw)
        _checked_text(text, name, output, settings.scratch)
    new_file.write(output, text, "--output")
    report(found, name, output, settings, echoed=text != raw)


def nothing_found(found: Discovery, places: Sequence[Address], *, given: bool) -> str:
    """What to say where no address is anything known: what was tried, why it was nothing, and what to do."""
    from pytest_llmops.probe.words import one_line

    told = [one for one in found.unknown if given or not one.silent]
    reasons = "".join(f"\n  {one_line(one.url)}  {one_line(one.reason)}" for one in told)
    if given:
        return (
            f"nothing was found to write of, and no file was written:{reasons}\n"
            f"Give the address of a model server, Qdrant, Redis or an HTTP service: llmops init --url host:port."
        )
    ports = " ".join(place.url.rpartition(":")[2] for place in places)
    answered = f" What answers there is nothing known:{reasons}\n" if told else " Nothing listens there.\n"
    return (
        f"nothing was found on the usual ports of this machine ({ports}), and no file was written.{answered}"
        f"Start your system, or say where it is: llmops init --url https://rag.example --url host:6333. "
        f"Without any, pytest -m daily --llmops-target sandbox runs on the embedded one."
    )


def _checked_text(text: str, name: str, output: Path, scratch: Path) -> None:
    """Read it as the suites will.

    Raises:
        ConfigError: what was found does not make a file that can be read; the text is printed.
    """
    from pytest_llmops.target.load import load

    trial = scratch / output.name
    trial.write_text(text, encoding="utf-8")
    try:
        load(trial, name, output.resolve().parent, {})
    except ConfigError as error:
        click.echo(text, nl=False)
        raise ConfigError(
            f"what was found makes no file that can be read, and none was written: {error}\n"
            f"The text is printed above: mend it, and keep it as {output}."
        ) from None


def _checked_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise ConfigError(f"--name {name!r} is no name for a target; take letters, digits, - and _, e.g. 'staging'.")
    return name


def _checked_variable(name: str) -> str:
    if name and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ConfigError("--key-env takes the name of an environment variable, e.g. RAG_KEY, never the key itself.")
    return name


def _tls(ca: Path | None, root: Path, *, insecure: bool) -> dict[str, Any]:
    if ca is None:
        return {"verify": False} if insecure else {}
    if insecure:
        raise ConfigError("--ca and --insecure exclude each other: one checks certificates, the other does not.")
    if not ca.is_file():
        raise ConfigError(f"--ca {ca} does not exist; give the file with the certificates that sign the server's.")
    return {"ca": os.path.relpath(ca.resolve(), root)}
