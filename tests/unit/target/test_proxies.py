import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.proxies import Proxy, loopback, proxies_in, proxy_between

ONE, OTHER = "http://one.example:3128", "http://other.example:3128"


@pytest.mark.parametrize(
    ("url", "is_loopback"),
    [
        ("http://127.0.0.1:80", True),
        ("http://127.8.8.8", True),
        ("http://[::1]:80", True),
        ("http://[::ffff:127.0.0.1]:80", True),
        ("http://localhost", True),
        ("http://LOCALHOST.:80", True),
        ("http://rag.localhost", True),
        ("redis://:pw@127.0.0.1:6379/0", True),
        ("http://10.0.0.1", False),
        ("http://[::ffff:10.0.0.1]", False),
        ("http://[fe80::1%25eth0]", False),
        ("http://localhost.example", False),
        ("", False),
    ],
)
def test_which_addresses_are_this_machine(url, is_loopback):
    assert loopback(url) is is_loopback


@pytest.mark.parametrize(
    ("url", "declared", "environ", "found"),
    [
        ("http://rag.example", None, {}, None),
        ("http://rag.example", None, {"HTTP_PROXY": ONE}, (ONE, "HTTP_PROXY")),
        ("http://rag.example", None, {"HTTPS_PROXY": ONE}, None),
        ("https://rag.example", None, {"HTTPS_PROXY": ONE, "HTTP_PROXY": OTHER}, (ONE, "HTTPS_PROXY")),
        ("https://rag.example", None, {"HTTPS_PROXY": OTHER, "https_proxy": ONE}, (ONE, "https_proxy")),
        ("https://rag.example", None, {"HTTPS_PROXY": OTHER, "https_proxy": ""}, None),
        ("https://rag.example", None, {"ALL_PROXY": ONE}, (ONE, "ALL_PROXY")),
        ("https://rag.example", None, {"all_proxy": ONE, "HTTPS_PROXY": OTHER}, (OTHER, "HTTPS_PROXY")),
        ("http://rag.example", None, {"HTTP_PROXY": "one.example:3128"}, (ONE, "HTTP_PROXY")),
        ("http://127.0.0.1", None, {"HTTP_PROXY": ONE}, None),
        ("http://127.0.0.1", ONE, {}, (ONE, "")),
        ("http://rag.example", ONE, {"HTTP_PROXY": OTHER}, (ONE, "")),
        ("http://rag.example", ONE, {"NO_PROXY": "*"}, (ONE, "")),
        ("http://rag.example", "none", {"HTTP_PROXY": OTHER}, None),
    ],
)
def test_which_proxy_is_between(url, declared, environ, found):
    proxy = proxy_between(url, declared, environ)
    assert (proxy and (proxy.url, proxy.variable)) == found


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("value", ["http://user:hun#ter2@proxy", "user:hun#ter2@proxy:1", "ftp://proxy", "http://:1"])
def test_a_variable_that_holds_no_proxy_is_named_and_its_value_is_not(variable, value):
    with pytest.raises(ConfigError) as caught:
        proxy_between("http://rag.example", None, {variable: value})
    assert str(caught.value) == (
        f"the environment's {variable} is no proxy; write for example http://proxy.example:3128; "
        "in a user or a password write / ? # @ as %2F %3F %23 %40."
    )
    assert proxy_between("http://rag.example", "none", {variable: value}) is None
    assert proxy_between("http://127.0.0.1", None, {variable: value}) is None


def test_no_text_of_a_proxy_holds_its_login():
    for url in ("http://user:hunter2@proxy:3128", "user:hunter2@proxy:3128", "http://user:hun/ter2@proxy:3128"):
        proxy = Proxy(url)
        assert str(proxy).removeprefix("http://") == "proxy:3128"
        assert repr(proxy) == "Proxy(variable='')"
        assert proxy.userinfo in {"user:hunter2", "user:hun/ter2", ""}
    assert Proxy("http://user:hun%23ter2@proxy:3128").userinfo == "user:hun#ter2"


@pytest.mark.parametrize(
    ("listed", "spared"),
    [
        ("*", True),
        ("rag.example", True),
        ("RAG.example", True),
        ("other.example, .example", True),
        ("*.example", True),
        ("ag.example", False),
        ("rag.example:8443", True),
        ("rag.example:443", False),
        ("", False),
        (" , ", False),
        (":8443", False),
        ("10.0.0.0/8", False),
    ],
)
def test_names_that_no_proxy_covers(listed, spared):
    environ = {"HTTPS_PROXY": ONE, "NO_PROXY": listed}
    assert (proxy_between("https://rag.example:8443", None, environ) is None) is spared


@pytest.mark.parametrize(
    ("url", "listed", "spared"),
    [
        ("http://10.1.2.3:80", "10.0.0.0/8", True),
        ("http://10.1.2.3:80", "10.1.2.3", True),
        ("http://10.1.2.3", "10.1.2.3:80", True),
        ("http://10.1.2.3:81", "10.1.2.3:80", False),
        ("http://10.1.2.3", "192.168.0.0/16", False),
        ("http://10.1.2.3", "1.2.3", False),
        ("http://[fd00::1]:80", "fd00::/8", True),
        ("http://[fd00::1]:80", "fd00::1", True),
        ("http://[fd00::1]:80", "[fd00::1]:80", True),
        ("http://[fd00::1]:80", "[fd00::1]:81", False),
        ("http://[fd00::1]:80", "fe80::/10", False),
    ],
)
def test_addresses_that_no_proxy_covers(url, listed, spared):
    assert (proxy_between(url, None, {"http_proxy": ONE, "no_proxy": listed}) is None) is spared


def test_whether_other_programs_would_take_a_proxy():
    assert proxies_in({"https_proxy": ONE})
    assert not proxies_in({"https_proxy": "", "NO_PROXY": "*"})
