"""The shown command, pasted into a shell, sends the same call."""

import json
import os
import shlex
import subprocess
from shutil import which
from types import SimpleNamespace

import pytest
import trustme

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.reproduction import as_curl
from pytest_llmops.clients.signing import WRONG, signature

pytestmark = pytest.mark.skipif(not (which("curl") and which("bash")), reason="curl or bash is not installed")

ENVIRON = {"KEY": "s3cret $(date) `id` \"'\\ !key", "PAIR": "eve:s3cret pä$$:w'ord\""}
OWN = {"user-agent", "accept-encoding", "connection", "host"}
"""Headers in which two programs differ."""

AWKWARD = 'it\'s "quoted" $HOME `id` $(id) !! \\ \n two lines, ünï ☃ 🎉 %s @file &amp; {prompt} [1]'

BARE = SimpleNamespace(component=lambda _: SimpleNamespace(tls=None, encrypted=False), proxy=lambda _: None, environ={})
"""A target whose component is reached as it is."""


def paste(environ):
    """Give bash the shown command, as a person at a prompt would."""
    shell = ["bash", "--norc", "--noprofile", "-c", f"set -H -o history\n{last_exchange.get()}"]
    done = subprocess.run(
        shell, env={"PATH": os.environ["PATH"], **environ}, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, f"{last_exchange.get()}\n{done.stderr}"
    return done.stdout


def received(server):
    """What the server was asked, by us and by curl."""
    ours, pasted = (
        (
            request.method,
            request.path,
            request.text,
            {name: value for name, value in request.headers.items() if name not in OWN},
        )
        for request in server.requests
    )
    server.requests.clear()
    return ours, pasted


CALLS = {
    "GET": ("GET", "/x", {}),
    "query": ("GET", "/x y", {"query": {"q": AWKWARD, "n": 3}}),
    "brackets in the path": ("GET", "/x[1]/{a,b}", {}),
    "body": ("POST", "/x", {"body": {"question": AWKWARD, "list": [1, None, True]}}),
    "body of another kind": ("PUT", "/x", {"body": ["@file", "'"]}),
    "empty body": ("POST", "/x", {"body": {}}),
    "no body": ("DELETE", "/x", {}),
    "HEAD": ("HEAD", "/x", {}),
}


def test_a_vector_has_four_digits_of_each_number_and_all_else_is_as_it_was():
    vector = [0.0123456789, -1.0, 0, 12345678, 7.629857865521514e-34] * 4
    few = [0.123456789] * 15
    dates = f"[{', '.join(['2024-01-01'] * 20)}] {[0.5] * 3}"
    curl = as_curl(BARE, "api", "POST", "http://x/", json.dumps({"query": vector, "few": few, "text": dates}), None)
    sent = json.loads(shlex.split(curl)[-1])
    assert sent == {"query": [0.01235, -1, 0, 12345678, 7.63e-34] * 4, "few": few, "text": dates}
    assert "0.01235, -1, 0, 12345678, 7.63e-34, 0.01235" in curl


@pytest.mark.parametrize("call", CALLS)
def test_the_same_call(serve, http, call):
    method, path, more = CALLS[call]
    server = serve(lambda request: (200, "" if request.method == "HEAD" else '{"ok": 1}'))
    http(url=f"{server.url}/base").call(method, path, **more)
    paste({})
    ours, pasted = received(server)
    assert ours == pasted


@pytest.mark.parametrize(
    "auth",
    [{"header": "X-API-Key", "env": "KEY"}, {"bearer": "KEY"}, {"basic": "PAIR"}],
    ids=["header", "bearer", "basic"],
)
@pytest.mark.parametrize("role", [None, WRONG])
def test_the_same_signature(serve, http, auth, role):
    server = serve(lambda _: {})
    http(url=server.url, auth=auth, environ=ENVIRON).call("POST", "/x", body={}, role=role)
    assert "s3cret" not in last_exchange.get()
    paste(ENVIRON)
    ours, pasted = received(server)
    assert ours == pasted
    assert set(signature(http(url=server.url, auth=auth, environ=ENVIRON).target, "api", role).headers.values()) < set(
        ours[3].values()
    )


def test_the_same_trust(secured, http, ca, authority, tmp_path):
    authority.issue_cert("eve@client.example").private_key_and_cert_chain_pem.write_to_path(tmp_path / "our's.pem")
    trusting = secured(lambda _: {"by": "itself"}, clients=authority)
    http(url=trusting.url, tls={"ca": ca, "cert": "our's.pem"}).call("GET", "/x")
    assert paste({}) == '{"by": "itself"}'
    where = shlex.quote(str(tmp_path / "our's.pem"))
    assert last_exchange.get() == (f"curl -sS --cacert {tmp_path}/ca.pem --cert {where} -X GET {trusting.url}/x")
    anybody = secured(lambda _: {"by": "anybody"}, "other.example")
    http(url=anybody.url, tls={"verify": False}).call("GET", "/x")
    assert paste({}) == '{"by": "anybody"}'
    assert last_exchange.get() == f"curl -sS -k -X GET {anybody.url}/x"


def test_our_certificate_and_its_key_in_two_files(secured, http, ca, authority, tmp_path):
    issued = trustme.CA().issue_cert("eve@client.example")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    server = secured(lambda _: {"by": "itself"})
    http(url=server.url, tls={"ca": ca, "cert": "cert.pem", "key": "key.pem"}).call("GET", "/x")
    assert paste({}) == '{"by": "itself"}'
    assert f"--cert {tmp_path}/cert.pem --key {tmp_path}/key.pem" in last_exchange.get()


def test_through_the_same_proxy(serve, secured, relay, http, ca, tmp_path):
    proxy, plain, encrypted = relay(), serve(lambda _: {"by": "plain"}), secured(lambda _: {"by": "TLS"})
    http(url=plain.url, proxy=proxy.url).call("GET", "/x")
    assert last_exchange.get() == f"curl -sS -x {proxy.url} -X GET {plain.url}/x"
    assert paste({}) == '{"by": "plain"}'
    http(url=f"https://rag.example:{encrypted.port}", proxy=proxy.url, tls={"ca": ca}).call("GET", "/x")
    assert paste({}) == '{"by": "TLS"}'
    assert [line.partition(" HTTP")[0] for line in proxy.asked] == [
        *[f"GET {plain.url}/x"] * 2,
        *[f"CONNECT rag.example:{encrypted.port}"] * 2,
    ]


def test_the_login_of_a_proxy_stays_in_its_variable(serve, relay, http):
    proxy, server = relay(login="eve:hunter22"), serve(lambda _: {"by": "plain"})
    url, environ = (
        server.url.replace("127.0.0.1", "rag.example"),
        {"HTTP_PROXY": proxy.url.replace("//", "//eve:hunter22@")},
    )
    http(url=url, environ=environ).call("GET", "/x")
    assert last_exchange.get() == f'curl -sS -x "$HTTP_PROXY" -X GET {url}/x'
    assert paste(environ) == '{"by": "plain"}'
    http(url=url, proxy=environ["HTTP_PROXY"]).call("GET", "/x")
    assert last_exchange.get() == f'curl -sS -x {proxy.url} -U "[user:password of the proxy]" -X GET {url}/x'
    assert len(proxy.asked) == 3


def test_past_a_proxy_of_the_environment(serve, http):
    server, environ = serve(lambda _: {"by": "itself"}), {"http_proxy": "http://127.0.0.1:9"}
    http(url=server.url, environ=environ).call("GET", "/x")
    assert last_exchange.get() == f"curl -sS --noproxy '*' -X GET {server.url}/x"
    assert paste(environ) == '{"by": "itself"}'


def test_through_a_proxy_with_tls(serve, relay, http, ca, authority, tmp_path):
    proxy, server = relay(issued=authority.issue_cert("127.0.0.1")), serve(lambda _: {"by": "itself"})
    http(url=server.url, proxy=proxy.url, tls={"ca": ca}).call("GET", "/x")
    assert last_exchange.get() == (f"curl -sS -x {proxy.url} --proxy-cacert {tmp_path}/ca.pem -X GET {server.url}/x")
    assert paste({}) == '{"by": "itself"}'
