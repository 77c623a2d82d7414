"""A Streamlit app: its web server, and one turn of a conversation on its page."""

import sys

import pytest

from pytest_llmops.clients.preflight import preflight
from pytest_llmops.clients.ui import Sessions
from pytest_llmops.errors import CallFailed, ConfigError, NotInstalled, Unsupported, Vacuous
from pytest_llmops.samples import Prompt

PAGE = "<!doctype html>"
SESSIONS = """\
# TYPE session_events counter
session_events_total{type="connect"} 4
session_events_total{type="reconnect"} 1
session_events_total{type="disconnect"} 3
# EOF
"""
ACTIVE = SESSIONS.replace("# EOF", "# TYPE active_sessions gauge\nactive_sessions 1\n# EOF")
APP = """
import os
import streamlit as st
from beside import greeting

st.session_state.setdefault("messages", [])
model = st.selectbox("Language Model", ["small", "large"])
if question := st.chat_input("Ask"):
    said = f"{greeting} {model} {os.environ['BASE']} {os.environ.get('MODEL_KEY')}"
    answer = {"role": "assistant", "content": said, "metadata": {"model": model}}
    st.session_state["messages"] += [{"role": "user", "content": question}, answer]
print("noise")
"""


@pytest.fixture
def ui(serve, client, tmp_path):
    """A function to a client, and its server, which answers health and metrics as given."""

    def ui(health=(200, "ok"), metrics=(200, ACTIVE), **table):
        answers = {"/_stcore/health": health, "/_stcore/metrics": metrics}
        server = serve(lambda request: answers.get(request.path, (200, PAGE)))
        return client("ui", url=server.url, **table), server

    return ui


@pytest.fixture
def page(ui, tmp_path):
    """A function to a client whose page is a script."""

    def page(script, **table):
        (tmp_path / "app.py").write_text(script)
        (tmp_path / "beside.py").write_text("greeting = 'Hello from'\n")
        return ui(app="app.py", root=str(tmp_path), turn="20 s", **table)[0]

    return page


def test_its_web_server_is_well(ui):
    client, server = ui()
    assert preflight(client, 5.0).ok
    assert 0 < client.health() < 5
    assert repr(client) == f"Ui({server.url})"


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        ((503, "unavailable"), "http-503", "ui: GET /_stcore/health answered 503: unavailable"),
        ((200, PAGE), "bad-answer", "ui: GET /_stcore/health answers 200 '<!doctype html>', not 200 'ok'."),
    ],
)
def test_a_page_is_no_health(ui, answer, kind, message):
    with pytest.raises(CallFailed) as caught:
        ui(health=answer)[0].health()
    assert caught.value.kind == kind
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("text", "active"), [(ACTIVE, 1), (SESSIONS, 2)])
def test_sessions_are_counted(ui, text, active):
    found = ui(metrics=(200, text))[0].sessions()
    assert (found.active, found.begun) == (active, 5)


def test_sessions_have_a_mean_length(ui):
    took = "# TYPE session_duration_seconds counter\nsession_duration_seconds_total 600\n# EOF"
    assert ui(metrics=(200, SESSIONS.replace("# EOF", took)))[0].sessions().mean_s == 200.0
    with pytest.raises(Unsupported) as caught:
        _ = ui(metrics=(200, SESSIONS))[0].sessions().mean_s
    assert str(caught.value) == "ui: this Streamlit does not count session_duration_seconds; newer ones do."
    with pytest.raises(Vacuous) as caught:
        _ = Sessions(1, 1, 0, 0.0).mean_s
    assert str(caught.value) == (
        "ui: no session has ended since the page's server was started, so there is no mean of them."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PAGE, "ui: GET /_stcore/metrics is no page of OpenMetrics ("),
        ("# EOF\n", "ui: GET /_stcore/metrics counts no session_events."),
    ],
)
def test_a_page_that_counts_no_sessions_is_said(ui, text, message):
    with pytest.raises(CallFailed) as caught:
        ui(metrics=(200, text))[0].sessions()
    assert str(caught.value).startswith(message)


def test_a_question_is_asked_as_a_person_does(page, monkeypatch):
    monkeypatch.setenv("MODEL_KEY", "s3cret-value")
    client = page(APP, env={"BASE": "{ui}/x"}, auth={"bearer": "MODEL_KEY"}, environ={"MODEL_KEY": "s3cret-value"})
    turn = client.ask(Prompt("one", "Who?"), model="large")
    assert turn.text == f"Hello from large {client.http.url}/x None"
    assert turn.knows("HELLO")
    assert not turn.knows("Paris")
    assert (turn.models, turn.details) == (("small", "large"), {"model": "large"})
    assert turn.took_s > 0
    assert turn.shown_s > 0


def test_several_questions_are_asked_in_one_session(page):
    counting = APP.replace(
        "{model} {os.environ['BASE']} {os.environ.get('MODEL_KEY')}", "{len(st.session_state['messages'])}"
    )
    first, second = page(counting).converse([Prompt("one", "Who?"), "And who else?"])
    assert (first.text, second.text) == ("Hello from 0", "Hello from 2")
    assert first.held_mb > 10
    assert second.held_mb > 10


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        (
            "import streamlit as st\nst.chat_input()\nraise ValueError('boom')",
            "exception",
            "ui: app.py: the page shows exceptions: boom.",
        ),
        (
            "import streamlit as st\nst.error('Ollama is not running')\nst.stop()",
            "error-shown",
            "ui: app.py: the page shows errors: Ollama is not running.",
        ),
        ("import streamlit", "no-answer", "ui: app.py: the page has no field to type a question into."),
        (
            "import streamlit as st\nst.chat_input()",
            "no-answer",
            "ui: app.py: the question was taken, and no answer came.",
        ),
        ("import os\nos._exit(3)", "exception", "ui: app.py ended after "),
    ],
)
def test_a_page_that_is_not_well_is_explained(page, script, kind, message):
    with pytest.raises(CallFailed) as caught:
        page(script).ask("Who?")
    assert caught.value.kind == kind
    assert str(caught.value).startswith(message)


def test_without_a_script_nothing_can_be_asked(ui):
    with pytest.raises(Unsupported) as caught:
        ui()[0].ask("Who?")
    assert str(caught.value) == (
        "ui: the target names no script of the page; give it app = 'app.py', and root where that lies elsewhere."
    )


def test_an_interpreter_without_the_package_is_told_how_to_get_it(page, tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"lacking": "streamlit.testing"}\'\n')
    python.chmod(0o755)
    with pytest.raises(Unsupported) as caught:
        page("", python=str(python)).ask("Who?")
    assert str(caught.value) == (
        f"ui: {python} has no streamlit.testing to show the page with: run {python} -m pip install streamlit."
    )


def test_our_own_interpreter_without_the_package_needs_the_extra(page, tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"lacking": "streamlit.testing"}\'\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(NotInstalled, match=r"to show the page with: run pip install 'pytest-llmops\[ui\]'\.$"):
        page("").ask("Who?")


def test_an_interpreter_that_is_not_there_is_said(page):
    with pytest.raises(CallFailed, match=r"^ui: there is no program '/nowhere/python' to run") as caught:
        page("", python="/nowhere/python").ask("Who?")
    assert caught.value.kind == "absent"


def test_a_variable_of_a_component_that_is_not_there_is_explained(page):
    with pytest.raises(ConfigError) as caught:
        page("", env={"BASE": "{olama}"}).ask("Who?")
    assert "components.ui.env]: a template asks for {olama}; known here: ui." in str(caught.value)


def test_a_variable_of_an_optional_service_without_an_address_is_left_out(page):
    shown = "{model} {os.environ.get('BASE')} {os.environ.get('STANDBY')}"
    script = APP.replace("{model} {os.environ['BASE']} {os.environ.get('MODEL_KEY')}", shown)
    env, where = {"BASE": "{ui}", "STANDBY": "{standby}"}, "http://127.0.0.1:9"
    asked = page(script, env=env, beside={"services": {"standby": {"required": False}}}).ask("Who?")
    assert asked.text.endswith(" None")
    asked = page(script, env=env, beside={"services": {"standby": {"required": False, "url": where}}}).ask("Who?")
    assert asked.text.endswith(f" {where}")
