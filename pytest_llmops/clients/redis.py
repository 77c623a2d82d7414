"""A Redis server."""

from __future__ import annotations

import socket
import ssl
import time
import uuid
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import redis

from pytest_llmops.clients.certificates import causes, trouble, trusted
from pytest_llmops.clients.connecting import not_connected
from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.reproduction import as_redis_cli
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.target.component import Tls
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.secrets import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.client import Level
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target


ELSEWHERE = "elsewhere"
"""The kind of a failure: a node of a cluster was asked for what another one keeps."""

KEYS = 100
"""So many are drawn at most until one is the asked node's own: of ten nodes one has none of them once in 38,000."""


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """What the server has counted since its start.

    Attributes:
        hits, misses: key look-ups that found something, or nothing.
        used_bytes: memory of the data set.
        max_bytes: its limit, 0 for none.
        evicted: keys that were thrown out for want of memory.
    """

    hits: int
    misses: int
    used_bytes: int
    max_bytes: int
    evicted: int

    @property
    def hit_rate(self) -> float:
        """Hits among look-ups, in %.

        Raises:
            Vacuous: there were no look-ups.
        """
        if not self.hits + self.misses:
            raise Vacuous("redis: the hit rate says nothing, there were no look-ups yet.")
        return 100.0 * self.hits / (self.hits + self.misses)


class Redis:
    """A Redis server.

    Args:
        target: the deployment.
        component: its name there.
        ledger: where calls are counted.
    """

    def __init__(self, target: Target, component: str, ledger: Ledger) -> None:
        self.target = target
        self.component = component
        self.part = target.component(component)
        self.ledger = ledger
        given = self.part.url or ""
        self.address = without_userinfo(given)
        auth = self.part.auth
        if auth and (variable := auth.variable):
            secret = target.secret(variable, component)
            user, password = secret.split(":", 1) if auth.basic and ":" in secret else ("", secret)
            given = _with_login(self.address, user, password)
        self._client = self._connected(given)
        self._place = self._client.connection_pool.connection_kwargs

    def __repr__(self) -> str:
        return f"Redis({self.address})"

    def _connected(self, address: str) -> Any:
        """The library's client. A command is one short exchange, so the socket's own timeout is the whole call's."""
        return redis.Redis.from_url(
            address,
            socket_timeout=self.part.deadline,
            socket_connect_timeout=self.part.deadline,
            retry=None,
            **_tls_settings(self.target, self.component),
        )

    @property
    def library(self) -> Any:
        """The library's own client, for whoever sends what has no method here; through `send` alone."""
        return self._client

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: PING is answered."""
        return [("reachable", self.ping)]

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def ping(self) -> float:
        """Send PING; seconds to the answer.

        Raises:
            CallFailed: none came, or it is not PONG.
        """
        start = time.perf_counter()
        if not self.send("PING", self._client.ping):
            raise CallFailed(
                self.component,
                "bad-answer",
                f"{self.component}: PING was answered, but not with PONG; is it a Redis that answers there?",
            )
        return time.perf_counter() - start

    def serves_anybody(self) -> bool:
        """Whether PING is answered to who shows no password.

        Raises:
            CallFailed: no answer came.
        """
        anybody = self._connected(self.address)
        try:
            return bool(self.send("PING", anybody.ping))
        except CallFailed as error:
            if error.kind == "auth" or "DENIED" in str(error):  # protected mode says the latter
                return False
            raise
        finally:
            anybody.close()

    def figures(self) -> CacheFigures:
        """What INFO says of look-ups and memory.

        Raises:
            Unsupported: the server knows no INFO (some hosted ones, fakeredis).
        """
        found = self.send("INFO", self._client.info)
        return CacheFigures(
            hits=int(found.get("keyspace_hits", 0)),
            misses=int(found.get("keyspace_misses", 0)),
            used_bytes=int(found.get("used_memory", 0)),
            max_bytes=int(found.get("maxmemory", 0)),
            evicted=int(found.get("evicted_keys", 0)),
        )

    def keeps(self, key: str, value: str, ttl_s: int = 30) -> bool:
        """Whether a value that is put there is there when it is taken away again.

        It is put into a list: unlike GET, LPOP is counted neither as a hit nor as a miss, so the server's own hit rate
        (`figures`) stays that of who uses it.

        Args:
            key: its beginning; a random end keeps runs at the same target apart. Of a cluster's node ends are drawn
                until it is the one that keeps such a key.
            value: what is put there.
            ttl_s: after which it goes of itself.
        """
        for left in reversed(range(KEYS)):
            drawn = f"{key}:{uuid.uuid4().hex}"
            put = self._client.pipeline(transaction=True).rpush(drawn, value).expire(drawn, ttl_s)
            try:
                self.send("RPUSH", put.execute, drawn, value)
            except CallFailed as error:
                if error.kind != ELSEWHERE or not left:
                    raise
            else:
                break
        return bool(self.send("LPOP", lambda: self._client.lpop(drawn), drawn) == value.encode())

    def names(self, pattern: str, most: int = 100) -> list[str]:
        """Names of keys, so many at most, as SCAN comes by them.

        Args:
            pattern: as of SCAN's MATCH, such as ``*shadow*``.
            most: how many are enough.
        """
        found = self.send(
            "SCAN",
            lambda: [*islice(self._client.scan_iter(match=pattern, count=1000), most)],
            "0",
            "MATCH",
            pattern,
        )
        return sorted(name.decode(errors="replace") for name in found)

    def ttl_s(self, key: str) -> float | None:
        """How long a key has to live; None where it has no end, or is not there."""
        left = self.send("PTTL", lambda: self._client.pttl(key), key)
        return left / 1000 if left >= 0 else None

    def send(self, command: str, call: Callable[[], Any], *arguments: str) -> Any:
        """Send a command, counted and with its failures in words.

        Args:
            command: its name, for these words.
            call: sends it.
            arguments: for who does the same by hand.

        Raises:
            CallFailed: it failed.
            Unsupported: the server does not know it.
        """
        self.ledger.admit(self.component, self.part.rate_limit)
        last_exchange.set(as_redis_cli(self.target, self.component, self._place, [command, *arguments]))
        try:
            answer = call()
        except redis.TimeoutError:
            allowed = spoken(self.part.deadline)
            raise CallFailed(
                self.component, "timeout", f"{self.component}: {command} gave no answer within {allowed}."
            ) from None
        except redis.AuthenticationError as error:
            raise CallFailed(
                self.component, "auth", f"{self.component}: {command} was refused: {_bare(error)}."
            ) from None
        except redis.ConnectionError as error:
            kind, words = self._in_words(error)
            raise CallFailed(self.component, kind, f"{self.component}: {command} {words}.") from None
        except redis.exceptions.AskError:  # MOVED, too
            raise CallFailed(
                self.component, ELSEWHERE, f"{self.component}: {command} asks for a key of another node of its cluster."
            ) from None
        except redis.RedisError as error:
            if isinstance(error, redis.ResponseError) and "unknown command" in str(error).lower():
                raise Unsupported(f"{self.component}: the server knows no {command}.") from None
            raise CallFailed(
                self.component, "bad-answer", f"{self.component}: {command} failed: {_bare(error)}."
            ) from None
        self.ledger.answer(self.component)
        return answer

    def _in_words(self, error: Exception) -> tuple[str, str]:
        """The kind of a connection's failure, and what to say of it."""
        tls = self.part.tls
        if said := trouble(error, ours=bool(tls and tls.cert)):
            return "tls", f"failed in TLS: {said}"
        if any(isinstance(cause, socket.gaierror | ConnectionRefusedError) for cause in causes(error)):
            return not_connected(error, self.address)
        unknown = self.part.encrypted and not (tls and tls.cert)
        hint = "; a certificate of ours (tls.cert) may be required" if unknown else ""
        return "connection", f"broke off: {_bare(error)}{hint}"


def _tls_settings(target: Target, component: str) -> dict[str, Any]:
    """``tls`` in the library's own words.

    Raises:
        ConfigError: a file of it cannot be used.
    """
    part = target.component(component)
    if not part.encrypted:
        return {}
    tls = part.tls or Tls()
    trusted(target, component, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # the library asks a person for passwords
    files = {"ssl_ca_certs": tls.ca, "ssl_certfile": tls.cert, "ssl_keyfile": tls.key or tls.cert}
    return {
        "ssl_cert_reqs": "required" if tls.verify else "none",
        "ssl_check_hostname": tls.verify,
        **{option: str(target.root / file) for option, file in files.items() if file},
    }


def _bare(error: Exception) -> str:
    """Its words, without the full stop that ends our own sentence."""
    return str(error).rstrip(".")


def _with_login(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
