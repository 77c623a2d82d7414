"""A real Streamlit server, and a person's page on it."""

import contextlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import CallFailed
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

from ..held import held_port

pytestmark = pytest.mark.skipif(find_spec("streamlit") is None, reason="needs pytest-llmops[ui]")

APP = """
import streamlit as st

st.session_state.setdefault("messages", [])
model = st.selectbox("Language Model", ["small", "large"])
if question := st.chat_input("Ask"):
    answer = {"role": "assistant", "content": f"{model}: Paris", "metadata": {"done": True}}
    st.session_state["messages"] += [{"role": "user", "content": question}, answer]
"""
START_S = 180.0


@pytest.fixture(scope="module")
def port():
    with held_port() as port:
        yield port


@pytest.fixture(scope="module")
def ui(tmp_path_factory, port):
    """The client of a page that a real server shows."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "app.py").write_text(APP)
    options = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "server.fileWatcherType": "none",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *words]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
            break
        time.sleep(0.05)
    file = folder / "llmops.toml"
    file.write_text(f'[targets.here.components.ui]\nurl = "http://127.0.0.1:{port}"\napp = "app.py"\n')
    target = load(file, "here", folder)
    client = connect(target, "ui", Ledger(folder / "ledger", target.table.budget))
    yield client
    client.close()
    server.terminate()
    server.wait(60)


def test_its_server_is_well_and_nobody_is_there(ui):
    assert preflight(ui, 60.0).ok
    assert ui.health() < 60
    assert ui.sessions().active == 0


def test_a_question_is_answered_without_a_session_of_anybody(ui):
    turn = ui.ask("What is the capital of France?", model="large")
    assert (turn.text, turn.models, turn.details) == ("large: Paris", ("small", "large"), {"done": True})
    assert ui.sessions().begun == 0


def test_a_path_that_it_does_not_know_is_a_page_and_no_health(ui):
    page = type(ui)(ui.http, ui.config.model_copy(update={"health": "/healthz", "metrics": "/metrics"}))
    with pytest.raises(CallFailed, match=r"/healthz answers 200 '.*', not 200 'ok'") as caught:
        page.health()
    assert caught.value.kind == "bad-answer"
    with pytest.raises(CallFailed, match="/metrics is no page of OpenMetrics"):
        page.sessions()
