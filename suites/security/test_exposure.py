"""What stands open to anybody, and what answers give away by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.served import Certificates
    from pytest_llmops.security.disclosure import Disclosure
    from pytest_llmops.security.exposure import Exposure

pytestmark = [pytest.mark.generic, pytest.mark.monthly]


@pytest.mark.procedure(fault="llm:deletes-open")
def test_nobody_else_deletes_models(exposure: Exposure) -> None:
    """The model server does not delete models for who shows no key."""
    found = exposure.models()
    assert not found, "; ".join(found)


@pytest.mark.procedure(fault="vectors:open")
def test_nobody_else_reads_or_deletes_vectors(exposure: Exposure) -> None:
    """Qdrant lists and deletes collections for nobody who shows no key."""
    found = exposure.vectors()
    assert not found, "; ".join(found)


@pytest.mark.procedure(fault="redis:open")
def test_nobody_else_is_served_by_the_cache(exposure: Exposure) -> None:
    """Redis serves nobody who shows no password."""
    found = exposure.cache()
    assert not found, "; ".join(found)


@pytest.mark.procedure(fault="api:docs")
@pytest.mark.usefixtures("api")
def test_documentation_of_routes_is_not_public(exposure: Exposure) -> None:
    """No page that documents the API's routes is served to anybody."""
    found = exposure.docs()
    assert not found, "; ".join(found)


@pytest.mark.procedure(fault="api:debug")
@pytest.mark.usefixtures("api")
def test_nothing_for_debugging_is_public(exposure: Exposure) -> None:
    """No debugger, dump or forgotten file is served to anybody."""
    found = exposure.debug()
    assert not found, "; ".join(found)


@pytest.mark.procedure(fault="api:open-metrics")
@pytest.mark.procedure(fault="api:open")
@pytest.mark.usefixtures("api")
def test_metrics_are_not_public(exposure: Exposure) -> None:
    """The metrics page is served to nobody without a key, unless the target is declared to leave it open."""
    found = exposure.metrics()
    assert not found, "; ".join(found)


@pytest.mark.procedure(fault="api:no-headers")
@pytest.mark.procedure(fault="api:tells-version")
def test_headers_tell_browsers_to_be_careful(disclosure: Disclosure) -> None:
    """Answers carry the headers that browsers heed, and name no version of the server's software."""
    found = disclosure.headers()
    assert not found, "; ".join(found)


@pytest.mark.procedure(fault="api:cors-any")
def test_pages_of_others_may_not_read_answers(disclosure: Disclosure) -> None:
    """No page of nobody's may read answers as who is logged in, or as who is inside where no key is asked for."""
    found = disclosure.origins()
    assert not found, "; ".join(found)


@pytest.mark.procedure(fault="api:debug")
@pytest.mark.procedure(fault="api:leaks-traces")
def test_errors_say_nothing_of_the_code(disclosure: Disclosure) -> None:
    """An unknown path, an unknown method and a broken body are answered without a stack trace."""
    found = disclosure.errors()
    assert not found, "; ".join(found)


@pytest.mark.procedure(fault="api:in-clear")
def test_nothing_goes_over_the_network_in_clear(disclosure: Disclosure) -> None:
    """Every endpoint on another machine is reached by TLS."""
    found = disclosure.in_clear()
    assert not found, "; ".join(found)


@pytest.mark.procedure(fault="api:tls-old")
def test_old_tls_is_refused(certificates: Certificates) -> None:
    """No endpoint shakes hands by a version of TLS below 1.2; monthly/test_certificates looks at what they show."""
    old = certificates.old_versions()
    assert not old, "; ".join(old)
