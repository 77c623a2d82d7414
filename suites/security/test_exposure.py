"""What stands open to anybody, and what answers give away by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.served import Certificates
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.security.disclosure import Disclosure
    from pytest_llmops.security.exposure import Exposure


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="llm:deletes-open")
def test_nobody_else_deletes_models(exposure: Exposure) -> None:
    """The model server does not delete models for who shows no key."""
    found = exposure.models()
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="vectors:open")
def test_nobody_else_reads_or_deletes_vectors(exposure: Exposure) -> None:
    """Qdrant lists and deletes collections for nobody who shows no key."""
    found = exposure.vectors()
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="redis:open")
def test_nobody_else_is_served_by_the_cache(exposure: Exposure) -> None:
    """Redis serves nobody who shows no password."""
    found = exposure.cache()
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:docs")
@pytest.mark.usefixtures("api")
def test_documentation_of_routes_is_not_public(exposure: Exposure) -> None:
    """No page that documents the API's routes is served to anybody."""
    found = exposure.docs()
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:debug")
@pytest.mark.usefixtures("api")
def test_nothing_for_debugging_is_public(exposure: Exposure) -> None:
    """No debugger, dump or forgotten file is served to anybody."""
    found = exposure.debug()
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:no-metrics")
@pytest.mark.usefixtures("api")
def test_metrics_are_not_public(exposure: Exposure) -> None:
    """The metrics page is served to nobody without a key, unless the target is declared to leave it open."""
    found = exposure.metrics()
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:no-headers")
@pytest.mark.procedure(fault="api:tells-version")
def test_headers_tell_browsers_to_be_careful(disclosure: Disclosure) -> None:
    """Answers carry the headers that browsers heed, and name no version of the server's software."""
    found = disclosure.headers()
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:cors-any")
def test_pages_of_others_may_not_read_answers(disclosure: Disclosure) -> None:
    """No page of nobody's may read answers as who is logged in, or as who is inside where no key is asked for."""
    found = disclosure.origins()
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:debug")
def test_errors_say_nothing_of_the_code(disclosure: Disclosure) -> None:
    """An unknown path, an unknown method and a broken body are answered without a stack trace."""
    found = disclosure.errors()
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:down")
@pytest.mark.usefixtures("api")
def test_nothing_goes_over_the_network_in_clear(disclosure: Disclosure) -> None:
    """Every endpoint on another machine is reached by TLS."""
    found = disclosure.in_clear()
    assert not found, "; ".join(found)


@pytest.mark.generic
@pytest.mark.monthly
@pytest.mark.procedure(fault="api:down")
@pytest.mark.usefixtures("api")
def test_old_tls_is_refused(certificates: Certificates, record: Record) -> None:
    """Every certificate verifies, and no endpoint shakes hands by a version of TLS below 1.2."""
    first = certificates.served()[0]
    record("tls_days_left", first.days_left, "days", of=first.component)
    old = certificates.old_versions()
    assert not old, "; ".join(old)
