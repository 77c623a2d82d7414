"""Certificates: private authorities, our own, and those that are wrong."""

import datetime as dt

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import ConfigError

PLACE = "llmops.toml: [targets.staging.components.api]"


def untrusted(why):
    return "tls", f"api: GET /x failed in TLS: the certificate of the server does not verify: {why}."


def test_an_authority_of_ones_own(secured, http, ca):
    api = http(url=secured(lambda _: {"by": "itself"}).url, tls={"ca": ca})
    assert api.call("GET", "/x").json() == {"by": "itself"}


def test_an_authority_that_nobody_knows(secured, http, failure):
    assert failure(http(url=secured(lambda _: {}).url)) == untrusted("unable to get local issuer certificate")


def test_a_certificate_for_another_name(secured, http, ca, failure):
    url = secured(lambda _: {}, "other.example").url
    assert failure(http(url=url, tls={"ca": ca})) == untrusted(
        "IP address mismatch, certificate is not valid for '127.0.0.1'"
    )
    assert failure(http(url=url.replace("127.0.0.1", "localhost"), tls={"ca": ca})) == untrusted(
        "Hostname mismatch, certificate is not valid for 'localhost'"
    )


def test_a_certificate_that_has_expired(secured, http, ca, failure):
    past = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    url = secured(lambda _: {}, not_before=past, not_after=past + dt.timedelta(days=1)).url
    assert failure(http(url=url, tls={"ca": ca})) == untrusted("certificate has expired")


def test_without_verification_any_certificate_will_do(secured, http):
    past = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    url = secured(lambda _: {"by": "anybody"}, "other.example", not_before=past, not_after=past).url
    assert http(url=url, tls={"verify": False}).call("GET", "/x").json() == {"by": "anybody"}


def test_the_probe_says_what_to_do(secured, client):
    found = preflight(client("qdrant", url=secured(lambda _: {}).url), 5.0)
    assert found.kind == "tls"
    assert "does not verify: unable to get local issuer certificate" in found.reason
    assert "tls = { ca = … }" in found.advice
    assert "tls = { verify = false }" in found.advice


@pytest.fixture
def ours(authority, tmp_path):
    """Our certificate and its key, each in a file and both in one."""
    issued = authority.issue_cert("eve@client.example")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"hunter22"),
    )
    (tmp_path / "locked.pem").write_bytes(locked)
    (tmp_path / "text.pem").write_text("no certificate")
    authority.issue_cert("other.example").private_key_pem.write_to_path(tmp_path / "other.pem")


@pytest.mark.parametrize("files", [{"cert": "cert.pem", "key": "key.pem"}, {"cert": "both.pem"}], ids=["two", "one"])
def test_a_server_that_asks_for_our_certificate(secured, http, ca, ours, authority, files):
    server = secured(lambda _: {"by": "itself"}, clients=authority)
    assert http(url=server.url, tls={"ca": ca, **files}).call("GET", "/x").json() == {"by": "itself"}
    assert http(url=server.url, tls={"verify": False, **files}).call("GET", "/x").json() == {"by": "itself"}


def test_a_server_that_asks_for_a_certificate_and_gets_none(secured, http, ca, authority, failure):
    server = secured(lambda _: {}, clients=authority)
    assert failure(http(url=server.url, tls={"ca": ca})) == (
        "tls",
        "api: GET /x failed in TLS: a certificate of ours (tls.cert) is required by the server.",
    )


def test_a_server_that_does_not_know_who_signed_our_certificate(secured, http, ca, ours, failure):
    server = secured(lambda _: {}, clients=trustme.CA())
    assert failure(http(url=server.url, tls={"ca": ca, "cert": "both.pem"})) == (
        "tls",
        "api: GET /x failed in TLS: the server does not accept our certificate (tls.cert): unknown ca.",
    )


def test_a_server_without_tls(serve, http, failure):
    assert failure(http(url=serve(lambda _: {}).url.replace("http://", "https://"))) == (
        "tls",
        "api: GET /x failed in TLS: the server speaks no TLS there (WRONG_VERSION_NUMBER).",
    )


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"ca": "no.pem"}, "tls.ca: there is no file {root}/no.pem; paths are relative to llmops.toml."),
        ({"cert": "no.pem"}, "tls.cert: there is no file {root}/no.pem; paths are relative to llmops.toml."),
        (
            {"cert": "cert.pem", "key": "no.pem"},
            "tls.key: there is no file {root}/no.pem; paths are relative to llmops.toml.",
        ),
        ({"ca": "text.pem"}, "tls.ca: {root}/text.pem holds no certificate in PEM form."),
        (
            {"cert": "cert.pem"},
            (
                "tls.cert: a certificate and its private key are needed in PEM form: not both in {root}/cert.pem; "
                "name tls.key."
            ),
        ),
        (
            {"cert": "text.pem", "key": "key.pem"},
            (
                "tls.cert: a certificate and its private key are needed in PEM form: no certificate in "
                "{root}/text.pem, or no private key in {root}/key.pem."
            ),
        ),
        (
            {"cert": "cert.pem", "key": "other.pem"},
            "tls.key: {root}/other.pem is not the key of the certificate in {root}/cert.pem.",
        ),
        (
            {"cert": "cert.pem", "key": "locked.pem"},
            (
                "tls.key: the key in {root}/locked.pem has a password, and nobody is there to type it; write one "
                "without (openssl pkey -in locked.pem -out FILE) that only you can read."
            ),
        ),
    ],
)
def test_files_that_cannot_be_used(http, ours, tmp_path, tls, said):
    with pytest.raises(ConfigError) as caught:
        http(url="https://rag.example", tls=tls)
    assert str(caught.value) == f"{PLACE} {said.format(root=tmp_path)}"


def test_what_this_machine_trusts_is_trusted(secured, http, ca, tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / ca))
    assert http(url=secured(lambda _: {"by": "itself"}).url).call("GET", "/x").json() == {"by": "itself"}
