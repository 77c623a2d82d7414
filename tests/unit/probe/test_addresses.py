import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.errors import ConfigError
from pytest_llmops.probe.addresses import LOCAL_PORTS, local, read

EXAMPLES = "write for example https://rag.example, redis://host:6379 or host:8000."


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("rag.example", "http://rag.example"),
        ("  https://rag.example/base/ ", "https://rag.example/base"),
        ("http://rag.example:8000/docs#/default/chat", "http://rag.example:8000/docs"),
        ("http://rag.example/a?key=1", "http://rag.example/a"),
        ("redis://cache:6379/2", "redis://cache:6379/2"),
        ("rediss://cache", "rediss://cache"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_what_is_typed_becomes_a_url(typed, url):
    assert (read(typed).url, read(typed).login) == (url, "")


def test_user_and_password_are_kept_apart_and_hidden():
    found = read("https://ann:s3%3Acret@rag.example/x")
    assert (found.url, found.login) == ("https://rag.example/x", "ann:s3:cret")
    assert "s3" not in repr(found)
    assert read("redis://:pw@cache:1").login == ":pw"
    assert read("http://token@rag.example").login == "token:"


@pytest.mark.parametrize(
    "typed", ["", "http://", "host:port", "host:99999", "host:0", "http://a b", "http://[::1", "é"]
)
def test_no_address_is_said_with_what_is_one(typed):
    with pytest.raises(ConfigError) as caught:
        read(typed)
    assert str(caught.value) == f"--url {typed.strip()!r} is no address; {EXAMPLES}"


def test_another_scheme_is_said():
    with pytest.raises(ConfigError) as caught:
        read("ftp://files.example")
    assert str(caught.value) == f"--url 'ftp://files.example': ftp:// is not spoken here; {EXAMPLES}"


def test_a_password_is_not_shown_in_an_error():
    with pytest.raises(ConfigError) as caught:
        read("ftp://ann:secret@files.example")
    assert str(caught.value) == f"--url 'ftp://files.example': ftp:// is not spoken here; {EXAMPLES}"


@pytest.mark.parametrize(
    ("typed", "left"),
    [("ann:hun#ter2@files.example", "…"), ("http://ann:hun/ter2@files.example:1", "http://files.example:1")],
)
def test_a_password_that_ends_the_host_is_not_shown(typed, left):
    with pytest.raises(ConfigError) as caught:
        read(typed)
    assert str(caught.value) == f"--url {left!r} is no address; {EXAMPLES}"


@pytest.mark.parametrize(
    ("typed", "trials"),
    [
        ("http://m:1", ["http://m:1"]),
        ("http://m:1/v1", ["http://m:1/v1", "http://m:1"]),
        ("http://m:1/v1/chat/completions", ["http://m:1/v1/chat/completions", "http://m:1"]),
        ("http://m:1/base/v1/models", ["http://m:1/base/v1/models", "http://m:1/base", "http://m:1"]),
        ("http://m:1/base", ["http://m:1/base", "http://m:1"]),
    ],
)
def test_what_was_pasted_too_much_is_tried_without(typed, trials):
    assert read(typed).trials == trials


def test_as_redis_keeps_host_and_port():
    assert read("host:6379").as_redis == "redis://host:6379"
    assert read("https://host:6379/x").as_redis == "rediss://host:6379"


def test_the_usual_ports_are_those_of_this_machine():
    assert [one.url for one in local()] == [f"http://127.0.0.1:{port}" for port in LOCAL_PORTS]
    assert {11434, 8000, 8080, 1234, 30000, 6333, 6379, 9090, 9093, 3000, 5000, 8001} <= set(LOCAL_PORTS)


@given(st.text())
def test_whatever_is_typed_is_an_address_or_an_error_of_ours(typed):
    try:
        found = read(typed)
    except ConfigError:
        return
    assert found.url.partition("://")[0] in {"http", "https", "redis", "rediss"}
    assert "@" not in found.url.partition("://")[2].partition("/")[0]
