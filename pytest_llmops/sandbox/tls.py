"""The API's end of TLS, where a fault has it reached so: an authority of this run, and a certificate by it."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_llmops.sandbox.ports import HOST

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.sandbox.stack import Stack

OLD = "api:tls-old"
ENDS_DAYS = {"api:tls-ended": -1, "api:tls-ending": 3, OLD: 90}
"""The faults by which TLS is spoken, and in how many days the certificate ends; of several the first says it."""


def spoken(stack: Stack, name: str) -> bool:
    """Whether a part is reached by TLS."""
    return name == "api" and any(fault in stack.faults for fault in ENDS_DAYS)


def authority(stack: Stack) -> Path:
    """The file that names who signs the API's certificate."""
    return stack.directory / "authority.pem"


def lay(stack: Stack) -> None:
    """Make authority and certificate where TLS is spoken."""
    days = next((days for fault, days in ENDS_DAYS.items() if fault in stack.faults), None)
    if days is None:
        return
    import trustme

    signs, ends = trustme.CA(), datetime.now(UTC) + timedelta(days=days)
    signs.cert_pem.write_to_path(str(authority(stack)))
    signs.issue_cert(HOST, not_after=ends).private_key_and_cert_chain_pem.write_to_path(str(_chain(stack)))


def context(stack: Stack) -> ssl.SSLContext | None:
    """How the API shakes hands, down to TLS 1.0 where the fault says so; None where it speaks in clear."""
    if not spoken(stack, "api"):
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(_chain(stack))
    if OLD in stack.faults:
        made.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made.minimum_version = ssl.TLSVersion.TLSv1
    return made


def _chain(stack: Stack) -> Path:
    return stack.directory / "api.pem"
