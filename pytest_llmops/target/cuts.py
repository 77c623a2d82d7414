"""Cuts: one address of one component, to which the packet filter of this machine may let nothing pass for a while."""

from __future__ import annotations

import secrets
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from pytest_llmops.target.control import Driven, Words
from pytest_llmops.target.fault_proxies import place_of

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

PREFIX = "llmops-"
"""What the comment of a rule begins with that is ours."""


def _is_one_address(text: str) -> str:
    host, _ = place_of(text)
    try:
        found = ip_address(host)
    except ValueError:
        raise ValueError(f"{text!r} names no single address; write its numbers, such as '127.0.0.1:11434'") from None
    if found.is_unspecified or found.is_multicast:
        raise ValueError(f"{text!r} is no address of a single machine; write for example '127.0.0.1:11434'")
    return text


OneAddress = Annotated[str, AfterValidator(_is_one_address)]
"""``127.0.0.1:11434``, ``[::1]:11434``."""


class Cut(Driven):
    """An address and its TCP port to which calls from this machine can be cut off."""

    driver: Literal["cut"] = "cut"
    component: str = Field(min_length=1, description="The component that is reached there.")
    address: OneAddress = Field(description="Where: nothing else is ever cut off. Numbers alone, '127.0.0.1:11434'.")
    via: Words = Field([], description="Words before iptables, e.g. ['sudo', '-n'].")

    @property
    def what(self) -> str:
        """What is acted on, for people."""
        return f"the way to {self.component} at {self.address}"

    @property
    def place(self) -> tuple[IPv4Address | IPv6Address, int]:
        """Address and port."""
        host, port = place_of(self.address)
        return ip_address(host), port

    def named(self) -> CutRule:
        """The same, with a comment for its rule that no other has."""
        return CutRule(**self.model_dump(), rule=f"{PREFIX}{secrets.token_hex(8)}")


class CutRule(Cut):
    """One such rule; no file of ours describes one."""

    rule: str = Field(pattern=rf"^{PREFIX}[0-9a-f]{{16}}$")
