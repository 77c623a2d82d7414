"""What answers at each address, all of them at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.probe import known as known_systems
from pytest_llmops.probe import servers, service
from pytest_llmops.probe.asking import Asker, Silent
from pytest_llmops.probe.keys import ANY, asked_for, in_words, key_for
from pytest_llmops.probe.proposal import Discovery, Found, Unknown
from pytest_llmops.probe.redis_server import redis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.clients.http import Answer
    from pytest_llmops.errors import CallFailed
    from pytest_llmops.probe.addresses import Address
    from pytest_llmops.probe.asking import Settings

AT_ONCE = 16
"""Addresses that are asked at the same time."""


def look(addresses: Sequence[Address], settings: Settings) -> Discovery:
    """Ask all addresses, and sort out what they are.

    Args:
        addresses: where to look; the first of a kind is the one that the file will hold.
        settings: what holds for all of them.

    Raises:
        ConfigError: the certificates of ``settings`` cannot be used.
    """
    with ThreadPoolExecutor(min(AT_ONCE, len(addresses))) as threads:
        results = list(threads.map(lambda address: ask(address, settings), addresses))
    found: dict[str, Found] = {}
    again: list[Found] = []
    for one in results:
        if isinstance(one, Found):
            if one.kind not in found:
                found[one.kind] = one
            elif one.url != found[one.kind].url:
                again.append(one)
    unknown = [one for one in results if isinstance(one, Unknown)]
    return Discovery(tuple(found.values()), tuple(again), tuple(unknown))


def ask(address: Address, settings: Settings) -> Found | Unknown:
    """What one address is."""
    if address.speaks_redis:
        found = redis(settings, address)
        return (
            found if isinstance(found, Found) else Unknown(address.url, _redis_reason(found), found.kind == "refused")
        )
    reason, weak = "", None
    for url in address.trials:
        with Asker(settings, url, address.login) as asker:
            try:
                greeting = asker.greet()
                one = recognise(asker)
                reason = reason or _reason(asker, greeting)
            except Silent as silent:
                return weak or _silent(address, settings, silent)
        one = one and _placed(one, address, url)
        if one is not None and (one.kind != "api" or _strong(one)):
            return one
        weak = weak or one
    return weak or Unknown(address.url, reason)


def recognise(asker: Asker) -> Found | None:
    """What answers at a URL; None where it is nothing known.

    A model server that also has a schema, health and metrics is a model server. One whose schema has a query route
    of its own is a service that happens to speak a model server's API.
    """
    _unlock(asker)
    for known in (servers.qdrant, servers.grafana, servers.alertmanager, servers.prometheus):
        if (found := known(asker)) is not None:
            return found
    serving = servers.ollama(asker) or servers.openai(asker)
    document = service.schema(asker)
    if (document or serving is None) and (profile := known_systems.profile(asker, document)):
        return known_systems.found(asker, profile, document)
    serving = serving or (servers.unlisted(asker, document) if document else None)
    if serving is not None and not (document and service.answers_questions(document)):
        return serving
    api = "Ollama's" if serving and serving.kind == "ollama" else "OpenAI's"
    also = f"it speaks {api} API too; a component `{serving.kind}` with the same url would time that" if serving else ""
    return service.service(asker, document, also)


def _unlock(asker: Asker) -> None:
    """Where any path wants a key, try the one that is set before anything else."""
    shut = asker.shut(servers.MADE_UP)
    if shut is not None:
        key_for(asker, "api", servers.MADE_UP, asked_for(shut) or list(ANY))


def _placed(one: Found, address: Address, url: str) -> Found:
    """With a note, where its address is not the one that was given."""
    if url == address.url:
        return one
    note = f"You gave {address.url}; what is asked of it lies below this url."
    own = one.sections[0]
    return replace(one, sections=(replace(own, notes=(*own.notes, note)), *one.sections[1:]))


def _strong(one: Found) -> bool:
    """Whether a service has a query route, or a profile: then no other trial of the address can know it better."""
    routed = any(section.path == ("routes", "query") and section.on for section in one.sections)
    return routed or bool(one.profile)


def _reason(asker: Asker, greeting: Answer) -> str:
    """Why a URL that answers is nothing known."""
    shut = asker.shut(servers.MADE_UP)
    if shut is not None and asker.login:
        return f"answers {shut.status} to every path: the user and password of the URL were refused"
    if shut is not None:
        schemes = asked_for(shut)
        scheme = schemes[0] if schemes else ("header", "X-API-Key")
        variable = asker.settings.variable("api", "LOGIN" if scheme[0] == "basic" else "API_KEY")
        if withheld := asker.settings.withheld(asker.url):
            return f"answers {shut.status} to every path; {withheld}"
        if asker.settings.environ.get(variable):
            return f"answers {shut.status} to every path, also with the key in {variable}"
        return (
            f"answers {shut.status} to every path: export {variable}=… ({in_words(scheme)}) and run llmops init again"
        )
    if 300 <= greeting.status < 400 and greeting.headers.get("location", "").startswith("http"):
        parts = urlsplit(greeting.headers["location"])
        return f"sends every caller to {parts.scheme}://{parts.netloc.rpartition('@')[2]}: give that as --url"
    if greeting.status == 400 and "https" in greeting.text.lower():
        return "speaks TLS: write https:// in front of it"
    return f"GET / answers {greeting.status}, and no path of a known kind is there"


def _silent(address: Address, settings: Settings, silent: Silent) -> Found | Unknown:
    """An address that does not speak HTTP: perhaps it is Redis."""
    if silent.kind == "connection":
        found = redis(settings, address)
        if isinstance(found, Found):
            return found
        return Unknown(address.url, "answers neither HTTP nor PING; if it speaks TLS, write https:// or rediss://")
    return Unknown(address.url, _with_way_out(str(silent)), silent.kind == "refused")


def _with_way_out(reason: str) -> str:
    """What a person can do about a certificate that does not verify."""
    if "does not verify" not in reason:
        return reason
    return f"{reason}: give --ca FILE (the bundle that signs it) or, never for production, --insecure"


def _redis_reason(failed: CallFailed) -> str:
    return _with_way_out(str(failed).removeprefix("redis: ").rstrip("."))
