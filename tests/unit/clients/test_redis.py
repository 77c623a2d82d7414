import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from shutil import which
from threading import Thread

import pytest
import trustme

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.redis import CacheFigures
from pytest_llmops.errors import BudgetSpent, CallFailed, ConfigError, Unsupported, Vacuous


@pytest.fixture
def cache(client):
    """A client of the server on a port of this machine."""

    def cache(port, environ=None, **settings):
        return client("redis", environ, **{"url": f"redis://127.0.0.1:{port}/0", "deadline": "60 s", **settings})

    return cache


def failure(redis):
    with pytest.raises(CallFailed) as caught:
        redis.ping()
    return caught.value.kind, str(caught.value)


def test_a_server_answers_keeps_and_counts(redis_server, cache, ledger):
    redis = cache(redis_server("--maxmemory", "50mb"))
    assert 0 < redis.ping() < 5
    assert redis.keeps("llmops:probe", "wert ü")
    redis._client.get("nobody")
    found = redis.figures()
    assert (found.hits, found.misses, found.evicted) == (0, 1, 0)  # the probe is none of its look-ups
    assert 0 < found.used_bytes < found.max_bytes == 50 * 1024 * 1024
    assert found.hit_rate == 0.0
    assert redis._client.dbsize() == 0  # the probe was removed
    assert ledger.spent().requests == ledger.answered("redis") == 4  # PING, RPUSH, LPOP, INFO


def test_keys_are_found_by_a_pattern(redis_server, cache):
    redis = cache(redis_server())
    redis._client.set("shadow:budget", "1", px=60_000)
    redis._client.set("other", "1")
    assert redis.names("*shadow*") == ["shadow:budget"]
    assert redis.names("*") == ["other", "shadow:budget"]
    assert len(redis.names("*", most=1)) == 1
    assert 50 < redis.ttl_s("shadow:budget") <= 60
    assert (redis.ttl_s("other"), redis.ttl_s("nobody")) == (None, None)


def test_a_hit_rate_of_nothing_says_nothing():
    with pytest.raises(Vacuous) as caught:
        _ = CacheFigures(0, 0, 0, 0, 0).hit_rate
    assert str(caught.value) == "redis: the hit rate says nothing, there were no look-ups yet."


@pytest.mark.parametrize(
    ("auth", "secret"),
    [
        ({"bearer": "KEY"}, "pa:ss/wörd"),
        ({"basic": "KEY"}, "default:pa:ss/wörd"),
        ({"header": "x", "env": "KEY"}, "pa:ss/wörd"),
    ],
    ids=["bearer", "basic", "header"],
)
def test_a_password_may_hold_anything(redis_server, cache, auth, secret):
    port = redis_server("--requirepass", "pa:ss/wörd")
    assert cache(port, {"KEY": secret}, auth=auth).ping() > 0


def test_a_login_in_the_url_is_used_and_never_shown(redis_server, cache):
    port = redis_server("--requirepass", "s3cret")
    redis = cache(port, url=f"redis://:s3cret@127.0.0.1:{port}/0")
    assert redis.ping() > 0
    assert repr(redis) == f"Redis(redis://127.0.0.1:{port}/0)"


def paste(environ):
    """What redis-cli prints when the shown command is pasted into a shell."""
    if which("redis-cli") is None:
        pytest.skip("redis-cli is not installed")
    return subprocess.run(
        ["sh", "-c", last_exchange.get()],
        env={"PATH": os.environ["PATH"], **environ}, capture_output=True, check=True, text=True,
    ).stdout.strip()  # fmt: skip


@pytest.mark.parametrize(
    ("auth", "secret", "begun", "login"),
    [
        ({"bearer": "KEY"}, "pa:ss/wörd", '"$KEY"', ""),
        ({"basic": "KEY"}, "default:pa:ss/wörd", '"${KEY#*:}"', ' --user "${KEY%%:*}"'),
        ({"basic": "KEY"}, "pass", '"$KEY"', ""),
        ({"header": "x", "env": "KEY"}, "pa:ss/wörd", '"$KEY"', ""),
    ],
)
def test_the_last_command_can_be_pasted_into_a_shell(redis_server, cache, auth, secret, begun, login):
    port = redis_server("--requirepass", secret.removeprefix("default:"))
    cache(port, {"KEY": secret}, url=f"redis://127.0.0.1:{port}/3", auth=auth).ping()
    assert last_exchange.get() == f"REDISCLI_AUTH={begun} redis-cli -h 127.0.0.1 -p {port} -n 3{login} PING"
    assert paste({"KEY": secret}) == "PONG"


def test_a_failed_command_is_the_last_one_that_is_shown(redis_server, cache):
    port = redis_server("--rename-command", "RPUSH", "")
    last_exchange.set("curl of something else")
    with pytest.raises(Unsupported):
        cache(port).keeps("llmops:it's", "two words", ttl_s=7)
    begun, _, rest = last_exchange.get().partition(" RPUSH ")
    assert begun == f"redis-cli -h 127.0.0.1 -p {port}"
    key, _, value = rest.partition(" 'two")
    assert key.startswith("'llmops:it'\"'\"'s:")
    assert value == " words'"
    assert "unknown command" in paste({})


def test_a_command_over_tls_and_one_with_a_login_in_the_url(cache, client, closed_port, tmp_path):
    for name in ("ca.pem", "ours.pem"):
        trustme.CA().cert_pem.write_to_path(tmp_path / name)
    url = f"rediss://eve:s3cret@127.0.0.1:{closed_port}"
    failure(cache(closed_port, url=url, tls={"ca": "ca.pem"}))
    assert last_exchange.get() == (
        f'REDISCLI_AUTH="[password of the url]" redis-cli -h 127.0.0.1 -p {closed_port} --tls '
        f'--cacert {tmp_path}/ca.pem --user "[user of the url]" PING'
    )
    failure(cache(closed_port, url=f"rediss://127.0.0.1:{closed_port}", tls={"verify": False}))
    assert last_exchange.get() == f"redis-cli -h 127.0.0.1 -p {closed_port} --tls --insecure PING"
    failure(client("redis", url=f"unix://{tmp_path}/no.sock?db=2"))
    assert last_exchange.get() == f"redis-cli -s {tmp_path}/no.sock -n 2 PING"


def test_a_server_that_asks_for_a_password(redis_server, cache):
    port = redis_server("--requirepass", "s3cret")
    kind, said = failure(cache(port))  # the rest is the server's own wording, which differs between versions
    assert (kind, said.partition(": PING was refused: ")[0]) == ("auth", "redis")
    assert not said.endswith("..")
    assert failure(cache(port, {"KEY": "wrong"}, auth={"bearer": "KEY"})) == (
        "auth",
        "redis: PING was refused: invalid username-password pair or user is disabled.",
    )


def test_a_command_that_the_server_does_not_know(redis_server, cache):
    redis = cache(redis_server("--rename-command", "RPUSH", ""))
    with pytest.raises(Unsupported) as caught:
        redis.keeps("llmops:probe", "x")
    assert str(caught.value) == "redis: the server knows no RPUSH."


def test_nothing_listens(cache, closed_port):
    assert failure(cache(closed_port)) == ("refused", "redis: PING was refused: nothing listens there.")


def test_a_server_that_says_nothing(cache):
    with socket.create_server(("127.0.0.1", 0)) as server:
        redis = cache(server.getsockname()[1], deadline="200 ms")
        assert failure(redis) == ("timeout", "redis: PING gave no answer within 200 ms.")


def test_a_server_that_answers_something_else(cache):
    def answers():
        connection, _ = server.accept()
        with connection:
            while said := connection.recv(4096):
                answer = b"+HELLO\r\n" if b"PING" in said else b"-ERR unknown command\r\n"
                connection.sendall(answer * said.count(b"*"))

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=answers, daemon=True).start()
        port = server.getsockname()[1]
        assert failure(cache(port, url=f"redis://127.0.0.1:{port}/0?protocol=2")) == (
            "bad-answer",
            "redis: PING was answered, but not with PONG; is it a Redis that answers there?",
        )


def test_a_command_counts_while_it_is_under_way(cache, ledger):
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as another:
        pinged = another.submit(failure, cache(server.getsockname()[1]))
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1)
            assert (ledger.spent().requests, ledger.answered("redis")) == (1, 0)
        assert pinged.result()[0] == "connection"


def test_every_command_needs_the_budget(cache, closed_port, ledger):
    redis = cache(closed_port)
    failure(redis)
    assert (ledger.spent().requests, ledger.answered("redis")) == (1, 0)
    ledger.charge("redis", requests=ledger.budget.requests)
    with pytest.raises(BudgetSpent):
        redis.ping()


def test_a_name_that_does_not_resolve(client):
    assert failure(client("redis", url="redis://no-such-host.invalid:6379")) == (
        "unresolved",
        "redis: PING was not sent: the name no-such-host.invalid does not resolve.",
    )


@pytest.fixture(scope="session")
def redis_knows_tls(tmp_path_factory):
    """Skips where redis-server was built without TLS."""
    if which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    command = ["redis-server", "--port", "0", "--tls-port", "1", "--tls-cert-file", "no.pem"]
    said = subprocess.run(
        command, capture_output=True, check=False, text=True, cwd=tmp_path_factory.mktemp("redis")
    ).stdout
    if "Failed to load certificate" not in said and "Failed to configure TLS" not in said:
        pytest.skip("redis-server was built without TLS")


@pytest.fixture
def secured(redis_knows_tls, redis_server, closed_port, tmp_path):
    """Starts a Redis server with TLS alone; ``ours.pem`` is a certificate that it takes."""
    ca = trustme.CA()
    its = ca.issue_cert("127.0.0.1")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    its.cert_chain_pems[0].write_to_path(tmp_path / "its-cert.pem")
    its.private_key_pem.write_to_path(tmp_path / "its-key.pem")
    ca.issue_cert("eve@client.example").private_key_and_cert_chain_pem.write_to_path(tmp_path / "ours.pem")

    def secured(clients="no"):
        files = ("--tls-cert-file", "its-cert.pem", "--tls-key-file", "its-key.pem", "--tls-ca-cert-file", "ca.pem")
        return redis_server("--port", "0", "--tls-port", str(closed_port), "--tls-auth-clients", clients, *files)

    return secured


def test_tls_with_an_authority_of_ones_own_and_without_verification(secured, cache):
    port = secured()
    assert cache(port, url=f"rediss://127.0.0.1:{port}/0", tls={"ca": "ca.pem"}).ping() > 0
    assert cache(port, url=f"rediss://localhost:{port}/0", tls={"verify": False}).ping() > 0


def test_a_certificate_that_is_not_to_be_trusted(secured, cache):
    port = secured()
    said = "redis: PING failed in TLS: the certificate of the server does not verify: "
    assert failure(cache(port, url=f"rediss://127.0.0.1:{port}/0")) == (
        "tls",
        f"{said}self-signed certificate in certificate chain.",
    )
    assert failure(cache(port, url=f"rediss://localhost:{port}/0", tls={"ca": "ca.pem"})) == (
        "tls",
        f"{said}Hostname mismatch, certificate is not valid for 'localhost'.",
    )


def test_a_redis_that_asks_for_our_certificate(secured, cache, tmp_path):
    port = secured(clients="yes")
    url = f"rediss://127.0.0.1:{port}/0"
    assert cache(port, url=url, tls={"ca": "ca.pem", "cert": "ours.pem"}).ping() > 0
    files = f"--cacert {tmp_path}/ca.pem --cert {tmp_path}/ours.pem --key {tmp_path}/ours.pem"
    assert last_exchange.get() == f"redis-cli -h 127.0.0.1 -p {port} --tls {files} PING"
    kind, said = failure(cache(port, url=url, tls={"ca": "ca.pem"}))  # it closes before or after the first command
    assert kind in {"tls", "connection"}
    assert said in {
        "redis: PING failed in TLS: a certificate of ours (tls.cert) is required by the server.",
        (
            "redis: PING failed in TLS: the server ended it without a word; "
            "a certificate of ours (tls.cert) may be required."
        ),
        "redis: PING broke off: Connection closed by server; a certificate of ours (tls.cert) may be required.",
    }


def test_files_of_tls_that_cannot_be_used(cache, tmp_path):
    with pytest.raises(ConfigError) as caught:
        cache(6379, url="rediss://127.0.0.1:6379", tls={"ca": "no.pem"})
    assert str(caught.value) == (
        f"llmops.toml: [targets.staging.components.redis] tls.ca: there is no file {tmp_path}/no.pem; "
        "paths are relative to llmops.toml."
    )
