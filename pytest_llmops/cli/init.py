"""``llmops init``: look at what answers, and write the llmops.toml for it."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.load import FILE_NAME

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
@click.option("--key-env", metavar="VAR", default="", help="Environment variable with the key, where one is asked for.")
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

    Without --url the usual ports of this machine are tried. Only GET and PING are sent, nothing that costs or changes.
    """
    from pytest_llmops.cli.init_report import report
    from pytest_llmops.probe import addresses, discovery, file
    from pytest_llmops.probe.asking import Settings
    from pytest_llmops.target.proxies import loopback

    _may_write(output)
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
            tls=_tls(ca, root, insecure=insecure),
            deadline_s=GIVEN_DEADLINE_S if urls else LOCAL_DEADLINE_S,
        )
        found = discovery.look(places, settings)
    if not found.found:
        raise ConfigError(nothing_found(found, places, given=bool(urls)))
    _write(output, file.text(found, name, environment))
    report(found, name, output, settings)


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
        f"Without any, pytest -m daily tries the embedded sandbox."
    )


def _may_write(output: Path) -> None:
    """Before anything is asked: a file that exists is somebody's.

    Raises:
        ConfigError: it exists, or its folder does not.
    """
    if output.exists() or output.is_symlink():
        raise ConfigError(f"{output} exists; it was not changed. Give --output another name, or move it away.")
    if not output.parent.is_dir():
        raise ConfigError(f"--output {output}: there is no folder {output.parent}; make it first.")


def _write(output: Path, text: str) -> None:
    """The whole file at once, and only if there is still none."""
    beside = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        os.link(beside, output)  # unlike a rename it fails where a file has come in the meantime
    except FileExistsError:
        _may_write(output)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror}.") from None
    finally:
        beside.unlink(missing_ok=True)


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
