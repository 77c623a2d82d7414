"""Redis, recognised by PING: answered, or refused for want of a password."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed
from pytest_llmops.probe.proposal import Found, Key, Section
from pytest_llmops.probe.servers import access

if TYPE_CHECKING:
    from pytest_llmops.probe.addresses import Address
    from pytest_llmops.probe.asking import Settings


def redis(settings: Settings, address: Address) -> Found | CallFailed:
    """Redis at an address, or what became of PING there."""
    url = address.url if address.speaks_redis else address.as_redis
    variable = settings.variable("redis", "PASSWORD")
    given = bool(settings.environ.get(variable))
    withheld = "" if address.login else settings.withheld(url)
    password = Key({"basic": variable}, variable, "the password, or user:password", given, withheld=withheld)
    key = password if address.login else None
    failed = _ping(settings, url, key, address.login)
    if failed is not None and failed.kind == "auth" and key is None:
        key = password
        failed = _ping(settings, url, key) if given and not withheld else failed
    if failed is not None and failed.kind != "auth":
        return failed
    if key is not None and (given or address.login) and not withheld:
        key = replace(key, accepted=failed is None)
    says = "Redis, asks for its password" if failed else "Redis, answers PING"
    return Found("redis", url, says, (Section((), tuple(access(settings, url, key))),), key)


def _ping(settings: Settings, url: str, key: Key | None, login: str = "") -> CallFailed | None:
    """What became of PING; None where it was answered."""
    from pytest_llmops.clients.redis import Redis

    target = settings.target("redis", url, key.auth if key else None, login)
    client = Redis(target, "redis", settings.ledger(url))
    try:
        client.ping()
    except CallFailed as error:
        return error
    finally:
        client.close()
    return None
