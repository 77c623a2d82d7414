"""Checks of the checks: each must fail where its dependency is replaced by an address at which nobody listens."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.clients.client import connect
from pytest_llmops.errors import Vacuous
from pytest_llmops.operate.looking import Looking
from pytest_llmops.target.addresses import DIRECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.operate.findings import Finding
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.component import Component
    from pytest_llmops.target.load import Target


@dataclass(frozen=True, slots=True)
class AtDeadAddresses:
    """What the checks of health said where nobody is there.

    Attributes:
        findings: one a check: of each component that has an address, of its health, its models, its alerts.
    """

    findings: tuple[Finding, ...]

    @property
    def made(self) -> int:
        """How many checks were made.

        Raises:
            Vacuous: none: the target has nothing with an address.
        """
        if not self.findings:
            raise Vacuous("the target has no component with an address, so no check could be tried at a dead one.")
        return len(self.findings)

    @property
    def blind(self) -> list[str]:
        """The checks that did not fail, a sentence each: one that could not be made is no failure either."""
        return [f"{one.title} is {one.state}: {one.reason}" for one in self.findings if one.state != "failed"]


def looked_at_dead(target: Target, ledger: Ledger) -> AtDeadAddresses:
    """What the checks of health say where nobody is there: each of them is made, and has to fail.

    Nothing of the target is changed: it is our clients that are pointed at a port of this machine which is closed.

    Args:
        target: with addresses.
        ledger: where calls are counted.
    """
    with _closed_port() as port:
        dead = _pointed_at(target, port)
        clients = {name: connect(dead, name, ledger) for name in dead.table.components.configured()}
        try:
            return AtDeadAddresses(tuple(Looking(dead, clients.__getitem__).look_all_the_same()))
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
    moved = {name: _moved(part, port) if part.addressed else None for name, part in parts.configured().items()}
    components = parts.replaced(moved)
    return replace(target, table=target.table.model_copy(update={"components": components}))


def _moved(part: Component, port: int) -> Component:
    scheme = urlsplit(part.url or "").scheme
    scheme = scheme if scheme in part.schemes and scheme != "unix" else part.schemes[0]
    proxy = {"proxy": DIRECT} if "http" in part.schemes else {}
    return part.model_copy(update={"url": f"{scheme}://127.0.0.1:{port}", **proxy})
