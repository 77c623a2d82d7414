import socket
import ssl
import threading
from dataclasses import replace

import pytest
import trustme

from pytest_llmops.errors import ConfigError
from pytest_llmops.probe.asking import Silent

OLLAMA = {"/api/version": {"version": "1"}, "/api/tags": {"models": [{"name": "m"}]}}
NONE = "and no path of a known kind is there"


@pytest.fixture
def authority(tmp_path):
    """Signs a certificate for 127.0.0.1: gives the server's settings; the files lie in the folder of the target."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = ca.issue_cert("127.0.0.1")
    issued.configure_cert(context)
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return context


@pytest.fixture
def hangs():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def reason(discovery):
    assert discovery.found == ()
    (unknown,) = discovery.unknown
    return unknown.reason


def test_nobody_there(look, closed_port):
    (unknown,) = look(f"127.0.0.1:{closed_port}").unknown
    assert (unknown.reason, unknown.silent) == ("was refused: nothing listens there", True)
    (unknown,) = look(f"redis://127.0.0.1:{closed_port}").unknown
    assert (unknown.reason, unknown.silent) == ("PING was refused: nothing listens there", True)


def test_somebody_who_is_nothing_known(serve, look):
    assert reason(look(serve({}).url)) == f"GET / answers 404, {NONE}"
    assert reason(look(serve({"/": (500, "oops")}).url)) == f"GET / answers 500, {NONE}"


def test_somebody_who_speaks_tls(serve, look):
    said = (400, "Client sent an HTTP request to an HTTPS server.\n")
    assert reason(look(serve({"*": said}).url)) == "speaks TLS: write https:// in front of it"


def test_somebody_who_sends_every_caller_elsewhere(serve, look):
    server = serve({"*": (308, "", {"Location": "https://ann:pw@rag.example/x"})})
    assert reason(look(server.url)) == "sends every caller to https://rag.example: give that as --url"


def test_somebody_who_hangs(look, hangs):
    assert reason(look(f"127.0.0.1:{hangs}", deadline_s=0.2)) == "gave no whole answer within 200 ms"


def test_somebody_who_hangs_later_is_left_alone_after_two_calls(serve, asker):
    released = threading.Event()
    server = serve({"/": "hello", "*": lambda: released.wait(60) and "late"})
    assert asker(server.url, deadline_s=60.0).greet().status == 200
    one = asker(server.url, deadline_s=0.1)
    assert one.get("/a") is None
    with pytest.raises(Silent) as caught:
        one.get("/b")
    released.set()
    assert str(caught.value) == "GET /b gave no whole answer within 100 ms"


def test_somebody_who_speaks_neither(look):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            for _ in range(2):
                server.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        said = reason(look(f"127.0.0.1:{server.getsockname()[1]}"))
        thread.join()
    assert said == "answers neither HTTP nor PING; if it speaks TLS, write https:// or rediss://"


def test_a_certificate_that_does_not_verify(serve, look, authority):
    server = serve(OLLAMA, tls=authority)
    said = reason(look(server.url))
    assert said.startswith("failed in TLS: the certificate of the server does not verify: ")
    assert said.endswith(": give --ca FILE (the bundle that signs it) or, never for production, --insecure")


@pytest.mark.parametrize(
    ("tls", "comment"),
    [
        ({"ca": "ca.pem"}, "signs the server's certificate; relative to this file"),
        ({"verify": False}, "ANY certificate will do: never for production"),
    ],
)
def test_with_its_authority_or_without_a_check(serve, look, authority, tls, comment):
    server = serve(OLLAMA, tls=authority)
    (found,) = look(server.url, tls=tls).found
    assert found.kind == "ollama"
    entry = next(entry for entry in found.sections[0].entries if entry.key == "tls")
    assert (entry.value, entry.comment) == (tls, comment)


def test_tls_is_not_written_for_plain_http(serve, look):
    (found,) = look(serve(OLLAMA).url, tls={"verify": False}).found
    assert [entry.key for entry in found.sections[0].entries if entry.on] == ["url", "model"]


def test_an_authority_that_is_none(look, tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigError, match=r"tls\.ca: .*ca\.pem holds no certificate in PEM form\.$"):
        look("https://127.0.0.1:1", tls={"ca": "ca.pem"})


def test_the_first_of_a_kind_is_written_and_the_second_named(serve, look):
    first, second = serve(OLLAMA), serve(OLLAMA)
    found = look(first.url, second.url, first.url)
    assert [one.url for one in found.found] == [first.url]
    assert [one.url for one in found.again] == [second.url]


def test_addresses_are_asked_at_the_same_time(serve, look):
    both = threading.Barrier(2, timeout=60)

    def meet():
        both.wait()
        return {"version": "1"}

    table = {**OLLAMA, "/api/version": meet}
    found = look(serve(table).url, serve(table).url)
    assert len(found.found) + len(found.again) == 2


def test_redis(redis_server, look):
    port = redis_server()
    for url in (f"redis://127.0.0.1:{port}/2", f"127.0.0.1:{port}", f"http://127.0.0.1:{port}"):
        (found,) = look(url).found
        assert (found.kind, found.says, found.key) == ("redis", "Redis, answers PING", None)
        assert found.url == (url if url.startswith("redis") else f"redis://127.0.0.1:{port}")


def test_redis_with_a_password(redis_server, look):
    url = f"redis://127.0.0.1:{redis_server('--requirepass', 'sesame')}"
    (found,) = look(url).found
    assert (found.says, found.key.auth) == ("Redis, asks for its password", {"basic": "HERE_REDIS_PASSWORD"})
    assert (found.key.given, found.key.accepted) == (False, None)
    (found,) = look(url, environ={"HERE_REDIS_PASSWORD": "sesame"}).found
    assert (found.says, found.key.accepted) == ("Redis, answers PING", True)
    (found,) = look(url, environ={"HERE_REDIS_PASSWORD": "wrong"}).found
    assert (found.says, found.key.accepted) == ("Redis, asks for its password", False)
    (found,) = look(url.replace("//", "//:sesame@")).found
    assert (found.url, found.says, found.key.accepted) == (url, "Redis, answers PING", True)


def test_one_key_for_several_addresses_is_not_sent_to_redis_on_another_machine(redis_server, look):
    url = f"redis://0.0.0.0:{redis_server('--requirepass', 'sesame')}"  # not a loopback address, and yet nobody else
    (found,) = look(url, environ={"K": "sesame"}, key_env="K", several=True).found
    assert (found.says, found.key.accepted) == ("Redis, asks for its password", None)
    assert found.key.withheld == (
        "K was not tried: the key would go over plain redis; give this address alone to try it"
    )
    (found,) = look(url, environ={"K": "sesame"}, key_env="K").found
    assert (found.says, found.key.accepted) == ("Redis, answers PING", True)


def test_redis_with_tls(start, closed_port, look, authority):
    words = ["--tls-port", closed_port, "--tls-cert-file", "server.pem", "--tls-key-file", "server.pem"]
    more = ["--tls-ca-cert-file", "ca.pem", "--tls-auth-clients", "no", "--bind", "127.0.0.1", "--save", ""]
    start("redis-server", "--port", "0", *words, *more, until="Ready to accept connections")
    url = f"rediss://127.0.0.1:{closed_port}"
    (found,) = look(url, tls={"ca": "ca.pem"}).found
    assert [(entry.key, entry.value) for entry in found.sections[0].entries] == [
        ("url", url),
        ("tls", {"ca": "ca.pem"}),
    ]
    said = reason(look(url))
    assert said.startswith("PING failed in TLS: the certificate of the server does not verify: ")
    assert said.endswith(": give --ca FILE (the bundle that signs it) or, never for production, --insecure")


@pytest.mark.parametrize(
    ("name", "kind", "word", "variable"),
    [
        ("staging", "api", "API_KEY", "STAGING_API_KEY"),
        ("lab-2", "qdrant", "API_KEY", "LAB_2_QDRANT_API_KEY"),
        ("2nd", "api", "LOGIN", "_2ND_API_LOGIN"),
    ],
)
def test_names_of_variables_for_keys(settled, name, kind, word, variable):
    assert replace(settled(), name=name).variable(kind, word) == variable
    assert replace(settled(), name=name, key_env="MINE").variable(kind, word) == "MINE"


def test_what_was_found_at_a_path_is_kept_though_the_host_alone_hangs(serve, look):
    released = threading.Event()
    server = serve({"/app/health": "ok", "/app/": "hello", "/": lambda: released.wait(60) and "late"})
    (found,) = look(f"{server.url}/app", deadline_s=1.5).found
    released.set()
    assert found.url == f"{server.url}/app"
