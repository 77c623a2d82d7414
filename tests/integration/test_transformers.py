"""``transformers serve``, on demand: it takes 1.2 GB that no other test needs.

python3 -m venv there && there/bin/pip install torch==2.13.0 && there/bin/pip install 'transformers[serving]'
TRANSFORMERS_PYTHON=$PWD/there/bin/python pytest -m acceptance tests/integration/test_transformers.py
"""

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

PYTHON = os.environ.get("TRANSFORMERS_PYTHON", "")

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not PYTHON, reason="TRANSFORMERS_PYTHON names no Python with transformers[serving]"),
]
FILE = """
[targets.local]
profile = "openai-compatible"
[targets.local.components.openai]
url = "{url}/v1"
model = "{model}"
max_tokens = 8
"""


@pytest.fixture
def server(tmp_path):
    """A server of a tiny model, and the model's name."""
    model = tmp_path / "tiny"
    subprocess.run([PYTHON, Path(__file__).with_name("tiny_transformer.py"), model], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(PYTHON).with_name("transformers"), "serve", model, "--device", "cpu", "--port", str(port)]
    environ = {**os.environ, "HF_HUB_OFFLINE": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environ, **quiet) as process:
        until = time.monotonic() + 60
        with socket.socket() as trying:
            while trying.connect_ex(("127.0.0.1", port)):
                assert time.monotonic() < until
                assert process.poll() is None
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", model
        process.terminate()


def test_a_model_by_name_is_measured_though_its_list_is_broken(person, server):
    url, model = server
    person.file.write_text(FILE.format(url=url, model=model))
    run = person.daily()
    assert run.status == 1, run.out
    red = {name: check["reason"].splitlines()[0] for name, check in run.checks.items() if check["outcome"] != "passed"}
    assert "gives no embeddings" in red.pop("test_embedding_latency")
    assert set(red) == {"test_enough_models", "test_configured_models_are_listed", "test_model_list_comes_in_time"}
    assert set(red.values()) == {"openai: GET /models answered 500: Internal Server Error"}  # offline it asks the Hub
    assert run.metrics["generation_latency.error_rate"]["value"] == 0
    assert run.metrics["generation_latency.ttft"]["value"] > 0
    assert "from the stream" in run.metrics["tokens_per_second"]["reason"]
    (found,) = run.whole["preflight"]
    assert found["level"] == "generates"
