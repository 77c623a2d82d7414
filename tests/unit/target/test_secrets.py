import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.secrets import REDACTED, Redactor, Secret, userinfo, without_userinfo

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


def test_a_password_in_a_url_is_noted_and_held_for_redaction(read):
    target = read(WITH_PASSWORD)
    assert target.notes == (
        "llmops.toml: [targets.staging.components.ollama] url holds a password; name it in auth instead",
    )
    assert target.secrets() == {"ollama": ["eve:hunter/2", "hunter/2"]}
    assert target.redactor().clean(f"GET {target.component('ollama').url}") == (
        "GET https://eve:[redacted]@models.staging.example/ollama"
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


@given(secret=secrets, before=st.text(max_size=9), after=st.text(max_size=9))
@example(secret='pa"ss\\w', before="", after="")
@example(secret="päss wörd", before="", after="")
@example(secret="key==", before="=", after="=")
def test_no_form_of_a_secret_is_left(secret, before, after):
    url_safe = base64.urlsafe_b64encode(secret.encode()).decode()
    forms = {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(secret.encode()).decode(),
        url_safe,
        url_safe.rstrip("="),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }
    assume(not any(form in REDACTED for form in forms))
    redactor = Redactor([secret])
    for form in forms:
        assume(form not in before + REDACTED + after)
        text = before + form + after
        assert redactor.finds(text)
        cleaned = redactor.clean(text)
        assert REDACTED in cleaned
        assert form not in cleaned


@given(text=st.text(alphabet="abc ", max_size=60))
def test_text_without_secrets_stays_as_it_is(text):
    redactor = Redactor(["hunter22", "abc"])
    assert redactor.clean(text) == text
    assert not redactor.finds(text)


def test_a_secret_within_another_leaves_no_remainder():
    redactor = Redactor(["hunter"])
    redactor.add(["hunter-and-more"])
    assert redactor.clean("hunter-and-more, hunter") == "[redacted], [redacted]"
