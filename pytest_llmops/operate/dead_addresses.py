"""Checks of the checks: each must fail where its dependency is replaced by an address at which nobody listens."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.clients.client import connect
from pytest_llmops.operate.looking import Looking
from pytest_llmops.target.addresses import DIRECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.operate.findings import Finding
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.component import Component
    from pytest_llmops.target.load import Target


def looked_at_dead(target: Target, ledger: Ledger) -> list[Finding]:
    """What the checks of health say where nobody is there: none of them may say that all is well.

    Nothing of the target is changed: it is our clients that are pointed at a port of this machine which is closed.

    Args:
        target: with addresses.
        ledger: where calls are counted.
    """
    with _closed_port() as port:
        dead = _pointed_at(target, port)
        clients = {name: connect(dead, name, ledger) for name in dead.table.components.configured()}
        try:
            return Looking(dead, clients.__getitem__).look()
        finally:
            for client in clients.values():
                client.close()


@contextmanager
def _closed_port() -> Iterator[int]:
    """A port on which nothing listens, and nothing will: it is held, and connections to it are refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def _pointed_at(target: Target, port: int) -> Target:
    """The target with its addressed components alone, all of them at that port."""
    parts = target.table.components
    moved = {name: _moved(part, port) for name, part in parts.configured().items()}
    services = {name: moved.pop(name) for name in parts.services}
    gone = {name: part if part is not None and part.addressed else None for name, part in moved.items()}
    components = parts.model_copy(update={**gone, "services": services})
    return replace(target, table=target.table.model_copy(update={"components": components}))


def _moved(part: Component, port: int) -> Component:
    scheme = urlsplit(part.url or "").scheme
    scheme = scheme if scheme in part.schemes and scheme != "unix" else part.schemes[0]
    proxy = {"proxy": DIRECT} if "http" in part.schemes else {}
    return part.model_copy(update={"url": f"{scheme}://127.0.0.1:{port}", **proxy})
