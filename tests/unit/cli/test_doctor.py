import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ANSWERS = {
    "/api/version": {"version": "0.9.1"},
    "/api/tags": {"models": [{"name": "tiny:latest", "digest": "sha256:ab12", "size": 2_100_000_000}]},
    "/api/generate": {"response": "Paris.", "done": True, "eval_count": 2},
    "/api/embed": {"embeddings": [[0.1, 0.2]]},
}


@pytest.fixture
def ollama():
    """The address of a small Ollama server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found = ANSWERS.get(self.path)
            text = json.dumps(found or {"error": "not found"}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self):
            self.do_GET()

        def log_message(self, *words):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def file(tmp_path):
    """Writes the llmops.toml of one target."""

    def file(url, more=""):
        text = f'[targets.here]\nprofile = "ollama"\n[targets.here.components.ollama]\nurl = "{url}"\n{more}'
        (tmp_path / "llmops.toml").write_text(text)

    return file


def shape(said):
    """What was printed, with times and the figures of the suites, which grow, left out."""
    said = re.sub(r" +[\d.]+ (ms|s)\b", " TIME", said)
    return re.sub(r"(?<![\d.])\d+(?= )", "N", said)


def test_a_target_that_is_ready(llmops, file, ollama):
    file(ollama)
    status, said = llmops("doctor")
    lines = said.splitlines()
    assert status == 0, said
    assert lines[0] == "here: profile ollama, llmops.toml"
    assert lines[2] == f"ollama  {ollama}"
    assert [shape(line) for line in lines[3:7]] == [
        "  ok       reachable TIME  server 0.9.1",
        "  ok       model listed TIME  tiny:latest, 2.1 GB, ab12",
        "  ok       generates TIME",
        "  ok       daily answer TIME  N tokens, the first after TIME",
    ]
    (daily,) = [line for line in lines if line.startswith("a daily run")]
    assert re.fullmatch(
        r"a daily run  \d+ checks, \d+ of them timed: about \d+ calls, up to \d+ tokens, [\d.]+ s\. "
        r"At most 2000 calls, 200000 tokens and 600 s of measuring\.",
        daily,
    )
    (baselines,) = [line for line in lines if line.startswith("baselines")]
    assert shape(baselines) == (
        "baselines    none; the next run says of its timed metrics: N no-baseline. "
        "Record one: pytest -m daily --llmops-baseline record"
    )
    assert lines[-1] == "Ready for pytest -m daily; no warnings."
    assert not any(line != line.rstrip() for line in lines)


def test_a_target_that_is_not_ready_says_what_to_do(llmops, file, tmp_path):
    file("http://127.0.0.1:9", 'auth = { bearer = "LLMOPS_NO_SUCH_KEY" }\n')
    status, said = llmops("doctor")
    assert status == 1
    assert said.splitlines()[3] == "  problem  asked                  not asked: $LLMOPS_NO_SUCH_KEY is not set"
    assert said.splitlines()[-4:] == [
        "PROBLEM      A key is not set: LLMOPS_NO_SUCH_KEY.",
        "             export LLMOPS_NO_SUCH_KEY=…",
        "",
        "Not ready: 1 problem, no warnings.",
    ]
    assert " could not be timed)" in said


def test_everything_as_json(llmops, file, ollama, monkeypatch):
    monkeypatch.setenv("MODEL_KEY", "s3cret-kettle")
    file(ollama, 'auth = { bearer = "MODEL_KEY" }\n')
    status, said = llmops("doctor", "--json")
    found = json.loads(said)
    assert status == 0
    assert "s3cret-kettle" not in said
    assert (found["schema"], found["target"], found["can_run"], found["embedded"]) == (1, "here", True, False)
    assert (found["findings"], found["missing_secrets"]) == ([], [])
    assert [(one["component"], one["ok"], one["kind"]) for one in found["components"]] == [("ollama", True, "")]
    assert found["daily"]["calls_by_component"] == {"ollama": found["daily"]["calls"]}
    assert found["baselines"]["runs"] == 0
    assert found["suites"][0]["suite"] == "daily"
    assert set(found) == {
        "schema", "target", "profile", "environment", "file", "embedded", "can_run", "findings", "notes",
        "missing_secrets", "components", "suites", "daily", "budget", "baselines",
    }  # fmt: skip


def test_channels_without_their_package_are_a_warning(llmops, file, ollama, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    file(ollama, '[targets.here.notify]\nurls_env = "CHAT"\n')
    status, said = llmops("doctor", "--json")
    found = [one for one in json.loads(said)["findings"] if "apprise" in one["what"]]
    advice = "Run pip install 'pytest-llmops[notify]'; until then no channel is told of anything."
    warning = {"severity": "warning", "what": "notifications need apprise", "advice": advice, "component": ""}
    assert (status, found) == (0, [warning])


def test_the_embedded_sandbox_is_not_started(llmops):
    status, said = llmops("doctor")
    assert status == 0
    assert said.startswith(
        "sandbox: profile sandbox, no llmops.toml\n"
        "This is the embedded sandbox: each run starts it, so there is nothing to ask now.\n"
    )
    assert " accepted, the newest of " in said
    assert said.splitlines()[-2:] == [
        "For a system of your own write an llmops.toml: llmops init.",
        "Ready for pytest -m daily --llmops-target sandbox; no warnings.",
    ]


def test_a_file_that_cannot_be_read(llmops, tmp_path):
    (tmp_path / "llmops.toml").write_text("[targets.here]\nprofil = 1\n")
    assert llmops("doctor") == (
        1,
        "Error: llmops.toml: [targets.here] has an unknown key 'profil'. Did you mean 'profile'?\n",
    )


def test_baselines_of_other_conditions_are_said(llmops, file, ollama, tmp_path):
    file(ollama)
    folder = tmp_path / "baselines" / "here"
    folder.mkdir(parents=True)
    for path in sorted((ROOT / "baselines" / "sandbox").glob("*.json")):
        (folder / path.name).write_text(path.read_text().replace('"target": "sandbox"', '"target": "here"'))
    status, said = llmops("doctor", "--json")
    found = json.loads(said)["baselines"]
    assert status == 0
    assert (found["runs"], found["newest"] > 1.7e9) == (5, True)
    assert found["states"]["not-comparable"] >= 4
    assert "host_class is " in found["differs"]


def test_a_cold_model_is_said(llmops, file, ollama, monkeypatch):
    monkeypatch.setitem(ANSWERS, "/api/generate", ANSWERS["/api/generate"] | {"load_duration": 41_000_000_000})
    file(ollama)
    status, said = llmops("doctor")
    assert status == 0, said
    (line,) = [line for line in said.splitlines() if " generates " in line]
    assert line.endswith("loading the model took 41 s")
