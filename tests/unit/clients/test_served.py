"""The certificates that endpoints show, of real handshakes on this machine."""

import datetime as dt
import socket
import ssl
import threading
import warnings

import pytest
import trustme

from pytest_llmops.clients.served import Certificates
from pytest_llmops.errors import CallFailed, Unsupported

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def secure(tmp_path):
    """Servers that shake hands and hang up: ``secure(certificate, oldest)`` is a port."""
    authority, opened = trustme.CA(), []
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def secure(certificate, oldest=ssl.TLSVersion.TLSv1_2):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if oldest < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = oldest
        certificate(authority).configure_cert(context)
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=shake, args=(listener, context))
        opened.append((listener, thread))
        thread.start()
        return listener.getsockname()[1]

    yield secure
    for listener, thread in opened:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def shake(listener, context):
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        try:
            with context.wrap_socket(plain, server_side=True) as shaken:
                shaken.recv(1)
        except (ssl.SSLError, OSError):
            plain.close()


def lasting(days, name="127.0.0.1"):
    return lambda authority: authority.issue_cert(name, not_after=NOW + dt.timedelta(days=days))


TRUSTED = {"tls": {"ca": "ca.pem"}, "deadline": "60 s"}


def test_the_one_that_expires_first_is_the_first(secure, target, ledger):
    parts = {
        "qdrant": {"url": f"https://127.0.0.1:{secure(lasting(90))}", **TRUSTED},
        "api": {"url": f"https://127.0.0.1:{secure(lasting(20))}", **TRUSTED},
        "ollama": {"url": "http://127.0.0.1:9"},
    }
    first, second = Certificates(target(**parts), ledger).served()
    assert (first.component, second.component) == ("api", "qdrant")
    assert 19.9 < first.days_left < 20.1
    assert first.names == ("127.0.0.1",)
    assert "trustme" in first.issuer
    assert ledger.answered("api") == 1


@pytest.mark.parametrize(
    ("certificate", "tls", "said"),
    [
        (lasting(-1), TRUSTED, "certificate has expired"),
        (lasting(9, "other.example"), TRUSTED, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        (lasting(9), {"deadline": "60 s"}, "unable to get local issuer certificate"),
    ],
    ids=["expired", "name", "chain"],
)
def test_one_that_does_not_hold(secure, target, ledger, certificate, tls, said):
    found = target(api={"url": f"https://127.0.0.1:{secure(certificate)}", **tls})
    with pytest.raises(CallFailed) as caught:
        Certificates(found, ledger).served()
    assert caught.value.kind == "tls"
    assert str(caught.value) == f"api: the certificate of the server does not verify: {said}."


def test_nobody_is_there(target, ledger, closed_port):
    with pytest.raises(CallFailed) as caught:
        Certificates(target(api={"url": f"https://127.0.0.1:{closed_port}"}), ledger).of("api")
    assert (caught.value.kind, str(caught.value)) == ("refused", "api: was refused: nothing listens there.")


def test_somebody_says_nothing(target, ledger):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(CallFailed) as caught:
            Certificates(target(api={"url": url, "deadline": "50 ms"}), ledger).of("api")
    assert (caught.value.kind, str(caught.value)) == ("timeout", "api: no TLS handshake within 50 ms.")


def test_old_versions_of_tls_are_seen(secure, target, ledger):
    old = {"url": f"https://127.0.0.1:{secure(lasting(9), ssl.TLSVersion.TLSv1)}", **TRUSTED}
    new = {"url": f"https://127.0.0.1:{secure(lasting(9))}", **TRUSTED}
    assert Certificates(target(api=old, qdrant=new), ledger).old_versions() == [
        "api shakes hands by TLSv1; let it want TLS 1.2",
        "api shakes hands by TLSv1.1; let it want TLS 1.2",
    ]
    assert (ledger.answered("api"), ledger.answered("qdrant")) == (2, 2)


def test_whose_certificate_does_not_hold_is_still_asked_for_old_versions(secure, target, ledger):
    expired = {"url": f"https://127.0.0.1:{secure(lasting(-1), ssl.TLSVersion.TLSv1_1)}", **TRUSTED}
    [said] = Certificates(target(api=expired), ledger).old_versions()
    assert said == "api shakes hands by TLSv1.1; let it want TLS 1.2"


def test_no_endpoint_that_could_shake_hands(target, ledger):
    with pytest.raises(Unsupported, match="has no endpoint that is reached by TLS"):
        Certificates(target(api={"url": "http://api.example"}), ledger).old_versions()


def test_nothing_to_look_at(target, ledger):
    plain = target(api={"url": "http://api.example"})
    with pytest.raises(Unsupported) as none:
        Certificates(plain, ledger).served()
    assert str(none.value) == "target staging has no endpoint with a certificate to look at."
    careless = target(api={"url": "https://api.example", "tls": {"verify": False}})
    with pytest.raises(Unsupported) as any_will_do:
        Certificates(careless, ledger).served()
    assert str(any_will_do.value) == (
        "target staging has no endpoint with a certificate to look at; any will do for api (tls.verify = false)."
    )
    behind = target(api={"url": "https://api.example", "proxy": "http://proxy.example:3128"})
    with pytest.raises(Unsupported) as hidden:
        Certificates(behind, ledger).served()
    assert str(hidden.value) == "api: a proxy stands between, so its certificate is not seen from here."
