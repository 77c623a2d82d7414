"""``llmops proxy``: a fault proxy, kept beside the target that it belongs to."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_llmops.cli.options import config_option, meant, target_option
from pytest_llmops.errors import ConfigError, nearest


@click.command()
@click.argument("name")
@config_option
@target_option
def proxy(name: str, config: Path | None, target: str | None) -> None:
    """Stand where [targets.TARGET.proxies.NAME] says, and let all pass until a drill says otherwise.

    It stays until Ctrl-C or SIGTERM, and knows nothing of what it was told when it is started again.
    """
    from pytest_llmops.proxy.life import Place, run
    from pytest_llmops.target.fault_proxies import place_of

    here = meant(config, target)
    proxies = here.table.proxies
    if name not in proxies:
        near = nearest(name, proxies)
        raise ConfigError(f"{here.where} has no proxy {name!r}.{near}")
    if here.config.targets.get(here.name, here.table).embedded:
        raise ConfigError(f"{here.name} is embedded: its sandbox starts the proxy {name} by itself.")
    table = proxies[name].resolved(here.root, here.environ)
    place, upstream = Place(*place_of(table.listen)), table.behind(here.table.components)
    said = f"{place.host}:{place.port} -> {table.component} at {upstream[0]}:{upstream[1]}; told at {table.socket}"
    run(upstream, place.take(), place.take, Path(table.socket), lambda: click.echo(f"{said}. Ctrl-C ends it."))
