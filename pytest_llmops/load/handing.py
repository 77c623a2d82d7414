"""What a generating process is told of a deployment: the tables of what it calls, and where its secrets are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.secrets import userinfo, without_userinfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.target.load import Target

USERINFO = "LLMOPS_LOAD_USER_OF_"
"""The variable that holds ``user:password`` of a url, with the component's name in hexadecimal after it."""


def handed(target: Target, components: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The table of a target as far as these components are called, and the environment that it needs.

    Secrets are named in the table and stand in the environment alone; user and password of a url are taken out of it.

    Args:
        target: with addresses.
        components: who is called.

    Raises:
        ConfigError: a secret is not set, or a component lies behind a proxy.
    """
    wanted, environ = set(components), dict(target.environ)
    for name in wanted:
        part = target.component(name)
        if proxy := target.proxy(name):
            raise ConfigError(
                f"{target.where[:-1]}.components.{name}] lies behind the proxy {proxy}, and load goes straight to a "
                f"component; write proxy = 'none' where it can be reached without."
            )
        for variable in part.auth.variables if part.auth else ():
            target.secret(variable, name)
    plain = target.table.components.model_dump(mode="json")
    components_table: dict[str, Any] = {key: plain[key] for key in wanted & plain.keys()}
    for group in ("services", "workers"):
        components_table[group] = {key: table for key, table in plain[group].items() if key in wanted}
    for name in wanted:
        table = components_table.get(name) or components_table["services"][name]
        pair = userinfo(table["url"] or "")
        table["url"] = without_userinfo(table["url"] or "")
        table["control"] = None
        if pair and not table["auth"]:
            variable = USERINFO + name.encode().hex()
            environ[variable] = pair
            table["auth"] = {"basic": variable}
    settings = {"environment": target.table.environment, "components": components_table}
    return settings, environ
