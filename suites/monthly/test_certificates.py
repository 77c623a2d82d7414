"""The certificates of the endpoints: whole chains, right names, and time left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.served import Certificates
    from pytest_llmops.plugin.recording import Record


@pytest.mark.generic
@pytest.mark.weekly
@pytest.mark.procedure("aegis-rag.monthly.ssl-certificates", fault="api:tls-ended")
@pytest.mark.procedure("aegis-rag.monthly.ssl-certificates", fault="api:tls-ending")
def test_certificates_hold_long_enough(certificates: Certificates, record: Record) -> None:
    """Every endpoint that is reached by TLS shows a certificate that verifies, and none expires soon."""
    first = certificates.served()[0]
    record("tls_days_left", first.days_left, "days", of=first.component)
