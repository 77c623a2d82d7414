import base64
import html
import json
import re
from urllib.parse import quote, quote_plus
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.secrets import REDACTED, Redactor, Secret, shown, userinfo, without_userinfo

KEYS = """
[targets.staging]
profile = "rag"
[targets.staging.components.api]
url = "https://rag.staging.example"
auth = { header = "X-API-Key", env = "STAGING_KEY", roles = { operator = "OPERATOR_KEY" } }
"""
WITH_PASSWORD = """
[targets.staging]
profile = "ollama"
[targets.staging.components.ollama]
url = "https://eve:hunter%2F2@models.staging.example/ollama"
"""
secrets = st.text(st.characters(codec="utf-8"), min_size=4, max_size=40)


def test_secrets_are_looked_up_by_name(read):
    target = read(KEYS, environ={"STAGING_KEY": "s3cret-user", "OPERATOR_KEY": "s3cret-operator"})
    assert target.secrets() == {"api": ["s3cret-user", "s3cret-operator"]}
    assert target.redactor().clean("key s3cret-user, key s3cret-operator") == "key [redacted], key [redacted]"


def test_a_secret_that_is_not_set_names_variable_and_table(read):
    target = read(KEYS, environ={"STAGING_KEY": "s3cret-user", "OPERATOR_KEY": ""})
    with pytest.raises(ConfigError) as caught:
        target.secrets()
    assert str(caught.value) == (
        "llmops.toml: [targets.staging.components.api] takes its secret from the environment variable OPERATOR_KEY, "
        "which is not set. Set it (export OPERATOR_KEY=…) and run again."
    )


def test_all_secrets_that_are_not_set_are_named_at_once(read):
    with pytest.raises(ConfigError) as caught:
        read(f"{KEYS}[targets.staging.components.redis]\nurl = 'redis://x'\nauth = {{ bearer = 'PW' }}").secrets()
    assert str(caught.value) == (
        "llmops.toml: [targets.staging] takes secrets from environment variables that are not set: "
        "STAGING_KEY (components.api), OPERATOR_KEY (components.api), PW (components.redis). "
        "Set them (export STAGING_KEY=… OPERATOR_KEY=… PW=…) and run again."
    )


def test_those_that_are_set_are_taken_out_even_if_others_are_not(read):
    target = read(KEYS, environ={"STAGING_KEY": "s3cret-user"})
    assert target.redactor().clean("key s3cret-user") == "key [redacted]"


def test_a_login_is_taken_out_as_it_is_sent(read):
    target = read(
        KEYS.replace('header = "X-API-Key", env', "basic"),
        environ={"STAGING_KEY": "eve:s3cret-pw", "OPERATOR_KEY": "op:s3cret-op"},
    )
    coded = [base64.b64encode(pair).decode() for pair in (b"eve:s3cret-pw", b"op:s3cret-op")]
    assert target.secrets() == {"api": ["eve:s3cret-pw", "op:s3cret-op", "s3cret-pw", "s3cret-op"]}
    assert target.redactor().clean(f"Basic {coded[0]}, Basic {coded[1]}, s3cret-op") == (
        "Basic [redacted], Basic [redacted], [redacted]"
    )


def test_a_login_of_a_proxy_is_taken_out_too(read):
    text = "[targets.staging.components.api]\nurl = 'https://rag.example'\n"
    own = read(f"{text}proxy = 'http://eve:hunter%2F2@proxy.example:3128'")
    assert own.notes == (
        (
            "llmops.toml: [targets.staging.components.api] proxy holds a password; "
            "set HTTPS_PROXY in the environment instead"
        ),
    )
    assert own.secrets() == {"api": ["eve:hunter/2", "hunter/2"]}
    assert "hunter" not in repr([own, own.table, own.component("api"), own.proxy("api")])
    environs = read(text, environ={"HTTPS_PROXY": "http://eve:hunter2@proxy.example:3128"})
    assert (environs.notes, environs.secrets()) == ((), {"api": ["eve:hunter2", "hunter2"]})
    assert environs.redactor().clean("eve:hunter2@proxy") == "[redacted]@proxy"


def test_a_password_in_a_url_is_noted_and_held_for_redaction(read):
    target = read(WITH_PASSWORD)
    assert target.notes == (
        "llmops.toml: [targets.staging.components.ollama] url holds a password; name it in auth instead",
    )
    assert target.secrets() == {"ollama": ["eve:hunter/2", "hunter/2"]}
    assert target.redactor().clean(f"GET {target.component('ollama').url}") == (
        "GET https://[redacted]@models.staging.example/ollama"
    )


def test_no_repr_shows_a_secret(read):
    keyed = read(KEYS, environ={"STAGING_KEY": "s3cret-user", "OPERATOR_KEY": "s3cret-operator"})
    with_password = read(WITH_PASSWORD)
    shown = repr([keyed, keyed.table, keyed.redactor(), with_password, with_password.config])
    assert "s3cret" not in shown
    assert "hunter" not in shown
    assert repr(Secret("STAGING_KEY")) == "Secret(env='STAGING_KEY')"


def test_userinfo_is_decoded_and_taken_out():
    url = "https://eve:p%40ss@rag.example:8443/v1?x=1"
    assert userinfo(url) == "eve:p@ss"
    assert without_userinfo(url) == "https://rag.example:8443/v1?x=1"
    assert userinfo("https://rag.example") == ""


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("https://rag.example/v1", "https://rag.example/v1"),
        ("https://eve:hunter22@rag.example/v1?key=k#top", "https://rag.example/v1"),
        ("eve:hunter22@rag:8000", "rag:8000"),
        ("eve:hun://ter22@rag:8000", "rag:8000"),
        ("http://eve:hun@ter22@rag:8000", "http://rag:8000"),
        ("http://eve:hun/ter22@rag:8000", "http://rag:8000"),
        ("http://eve:hun#ter22@rag:8000", "http://…"),
        ("http://rag/?mail=eve@rag.example&key=hunter22", "http://…"),
        ("eve:hun?ter22@rag:8000", "…"),
        ("", ""),
    ],
)
def test_what_is_shown_of_an_address_that_may_be_malformed(url, left):
    assert shown(url) == left


def test_a_login_of_a_malformed_proxy_of_the_environment_is_taken_out_too(read):
    target = read(
        "[targets.staging.components.api]\nurl = 'http://rag.example'\n",
        environ={"HTTP_PROXY": "http://user:hun#ter22@[proxy"},
    )
    assert target.secrets() == {"api": ["user:hun#ter22", "hun#ter22"]}
    assert target.redactor().clean("user:hun#ter22@proxy") == "[redacted]@proxy"
    with pytest.raises(ConfigError) as caught:
        target.proxy("api")
    assert str(caught.value) == (
        "the environment's HTTP_PROXY is no proxy; write for example http://proxy.example:3128; "
        "in a user or a password write / ? # @ as %2F %3F %23 %40."
    )


def attribute(text):
    """As an attribute of XML is written, without its quotes."""
    return quoteattr(text)[1:-1]


def element(text):
    """As ElementTree writes text and attributes, for example in a JUnit report."""
    node = ET.Element("a", b=text)
    node.text = text
    return ET.tostring(node, "unicode")


def small_percent(text):
    return re.sub("%..", lambda found: found[0].lower(), quote(text, safe=""))


def slashes(text):
    return json.dumps(text).replace("/", "\\/")


WRITERS = {
    "raw": str,
    "json": json.dumps,
    "json as it stands": lambda text: json.dumps(text, ensure_ascii=False),
    "json with slashes": slashes,
    "json in json": lambda text: json.dumps(json.dumps(text)),
    "json in XML": lambda text: escape(json.dumps(text)),
    "HTML in json": lambda text: json.dumps(html.escape(text)),
    "repr": repr,
    "repr of a list": lambda text: repr(["'", text, '"']),
    "repr of both quotes": lambda text: repr(f"'{text}\""),
    "repr in repr": lambda text: repr(repr(text)),
    "ascii": ascii,
    "bytes": lambda text: repr(text.encode()),
    "quote": quote,
    "quote all": lambda text: quote(text, safe=""),
    "quote in small letters": small_percent,
    "quote twice": lambda text: quote(quote(text)),
    "quote_plus": quote_plus,
    "HTML": html.escape,
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "XML": escape,
    "XML attribute": attribute,
    "XML element": element,
}
"""Ways in which text ends up in reports."""

xml_texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=4, max_size=40)


@pytest.mark.parametrize("written", WRITERS)
@given(secret=xml_texts, before=st.text("ab \\\"'&", max_size=9), after=st.text("ab \\\"'&", max_size=9))
@example(secret='pa"ss\\w', before="", after="")
@example(secret='it\'s <b> & "more"/', before="", after="")
@example(secret="päss wörd", before="", after="")
@example(secret="key==", before="=", after="=")
@example(secret="\\\\\\\\x5c", before="\\", after="\\")
@example(secret="😀😀😀😀", before="", after="")
def test_a_secret_is_found_and_gone_however_it_is_written(written, secret, before, after):
    assume(secret == secret.strip())
    write = WRITERS[written]
    redactor = Redactor([secret])
    text = write(before + secret + after)
    assert redactor.finds(text)
    cleaned = redactor.clean(text)
    assert REDACTED in cleaned
    assert not redactor.finds(cleaned.replace(REDACTED, "\0"))


@given(secret=secrets)
@example(secret="pä>?~ss")
def test_a_secret_in_base64_is_found_and_gone(secret):
    assume(secret == secret.strip())
    redactor = Redactor([secret])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for coded in (encode(secret.encode()).decode(), encode(secret.encode()).decode().rstrip("=")):
            for written in (coded, quote(coded, safe=""), json.dumps(coded)[1:-1], slashes(coded)[1:-1]):
                assert redactor.clean(f"Basic {written}.") == f"Basic {REDACTED}."


def test_json_stays_json():
    redactor = Redactor(['"quoted"', "$ecret", "ümlaut", "\\path"])
    found = {"a": '\\"quoted"', "b": "\\$ecret", "c": "\\ümlaut", "d": "C:\\path\\x"}
    for ensure_ascii in (False, True):
        cleaned = json.loads(redactor.clean(json.dumps(found, ensure_ascii=ensure_ascii)))
        assert cleaned == {"a": REDACTED, "b": REDACTED, "c": REDACTED, "d": f"C:{REDACTED}\\x"}


def test_of_a_secret_of_several_lines_each_line_counts():
    lines = ["-----BEGIN KEY-----", "MIIEvQIBADANBg/+kq", "aGVsbG8gd29ybGQh", "-----END KEY-----"]
    redactor = Redactor(["\r\n".join(lines) + "\n"])
    for line in lines:
        assert redactor.clean(f"> {line} <") == "> [redacted] <"
    assert redactor.clean(json.dumps("\n".join(lines))) == '"' + "\\n".join([REDACTED] * 4) + '"'
    assert redactor.clean(json.dumps("\r\n".join(lines))) == f'"{REDACTED}"'


def test_a_secret_that_is_a_word_of_ours_is_replaced_once():
    assert Redactor(["redacted", "red"]).clean("redacted, red") == "[redacted], red"


def test_a_variable_that_is_no_text_is_a_secret_too():
    assert Redactor(["pass\udcff"]).clean("pass\udcff, pass") == "[redacted], pass"


@given(text=st.text(alphabet="abc ", max_size=60))
def test_text_without_secrets_stays_as_it_is(text):
    redactor = Redactor(["hunter22", "abc"])
    assert redactor.clean(text) == text
    assert not redactor.finds(text)


def test_a_secret_within_another_leaves_no_remainder():
    redactor = Redactor(["hunter"])
    redactor.add(["hunter-and-more"])
    assert redactor.clean("hunter-and-more, hunter") == "[redacted], [redacted]"


def test_plain_json_is_redacted_with_its_keys():
    tree = {"said s3cret": [("s3cret", 1, None)], 7: {"n": 1234, "of": "1234"}}
    assert Redactor(["s3cret", "1234"]).inside(tree) == {
        "said [redacted]": [["[redacted]", 1, None]],
        "7": {"n": 1234, "of": "[redacted]"},
    }
