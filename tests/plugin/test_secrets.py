"""Secrets are named and never shown, whatever the server sends back."""

import base64
from urllib.parse import quote

import pytest

KEY = "tr0mbone+kettle/42=="
FORMS = [KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode().rstrip("=")]
AUTH = 'auth = { header = "X-API-Key", env = "TRUMPET" }\n'
TESTS = """
    import base64, os
    from urllib.parse import quote

    def test_that_asserts(llm):
        said = llm.generate("Hello").text
        assert said == "nothing"

    def test_that_prints(llm):
        print("said:", llm.generate("Hello").text, quote(os.environ["TRUMPET"], safe=""))
        assert 0

    def test_that_calls(llm):
        llm.http.call("POST", "/v1/chat/completions", body={"prompt": os.environ["TRUMPET"]}).json()["nothing"]

    def test_that_raises(llm):
        raise RuntimeError(base64.b64encode(os.environ["TRUMPET"].encode()).decode())

    def test_that_shows_objects(llm, llmops_target):
        assert (llm, llmops_target, llm.http) is None
"""


@pytest.fixture
def leaky(project, model):
    model.echoes = ("X-API-Key", "Authorization")
    project.write("test_it.py", TESTS)
    return project


def _written(project):
    """Every file that the run left behind, as text."""
    files = [path for path in project.path.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc", ".toml"}]
    return {str(path.relative_to(project.path)): path.read_text() for path in files}


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_an_echoed_key_is_shown_nowhere(leaky, model, workers):
    leaky.target(model.url, AUTH)
    words = ["--junitxml=junit.xml", "--alluredir=allure", "-rA", "-o", "junit_logging=all", *workers]
    run = leaky.run(*words, environ={"TRUMPET": KEY}, allure=True)
    assert (run.status, len(run.checks)) == (1, 5), run.out
    written = _written(leaky)
    assert {"junit.xml", "reports/run.json"} < set(written)
    assert sum(name.startswith("allure/") and name.endswith("-result.json") for name in written) == 5
    shown = {"the terminal": run.out, **written}
    assert {where: form for where, text in shown.items() for form in FORMS if form in text} == {}
    assert run.out.count("[redacted]") >= 3


def test_a_failed_preflight_shows_none_either(leaky, model):
    leaky.target(model.url, AUTH)
    model.status = 401
    run = leaky.run(environ={"TRUMPET": KEY})
    assert run.whole["preflight"][0]["reason"] == (
        f'openai at {model.url}: POST /v1/chat/completions answered 401: {{"error": "no luck [redacted] "}} '
        "(level reached: model listed)"
    )
    assert KEY not in run.out


def test_a_password_in_the_url_is_neither_shown_nor_welcome(leaky, model):
    leaky.target(model.url.replace("http://", "http://admin:tr0mbone@"))
    run = leaky.run("-k", "asserts or objects")
    assert run.status == 1
    assert "tr0mbone" not in "".join([run.out, *_written(leaky).values()])
    assert (
        "llmops: llmops.toml: [targets.here.components.openai] url holds a password; name it in auth instead"
        in run.lines
    )
