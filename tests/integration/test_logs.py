"""Logs as real programs write them: rotated by Python's own handlers, by logrotate, mixed by a server that fails."""

import gzip
import json
import logging
import logging.handlers
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target, load
from pytest_llmops.target.models import Budget, TargetTable

from ..held import held_port

STANDARD = r"(?P<time>\S+ \S+) - (?P<logger>\S+) - (?P<level>[A-Z]+) - (?P<message>.*)"
LOGROTATE = shutil.which("logrotate") or shutil.which("logrotate", path="/usr/sbin:/sbin")


@pytest.fixture
def logs(tmp_path):
    """A client of one log."""

    def logs(**source):
        table = TargetTable.model_validate({"components": {"logs": {"sources": {"app": source}}}})
        return connect(Target("here", table, tmp_path), "logs", Ledger(tmp_path / "ledger", Budget()))

    return logs


def speaking(handler):
    """A logger that writes to this handler alone."""
    logger = logging.getLogger("shop")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel("INFO")
    return logger


@pytest.fixture
def logger(tmp_path):
    """A logger whose file is rotated at 4 kB, older parts compressed."""
    handler = logging.handlers.RotatingFileHandler(tmp_path / "app.log", maxBytes=4000, backupCount=50)
    handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
    handler.namer = lambda name: f"{name}.gz"

    def rotate(source, to):
        Path(to).write_bytes(gzip.compress(Path(source).read_bytes()))
        Path(source).unlink()

    handler.rotator = rotate
    yield speaking(handler)
    handler.close()


def test_rotated_and_compressed_parts_are_one_log(logs, logger, tmp_path):
    for number in range(200):
        logger.info("order %d is on its way", number)
    try:
        json.loads("{")
    except ValueError:
        logger.exception("order 200 is damaged")
    logger.warning("the last")
    app = logs(files=["app.log*"], line=STANDARD, timezone="local")
    found = app.entries("app")
    assert len(list(tmp_path.glob("app.log.*.gz"))) >= 2
    assert len(found) == 202
    assert [e.message for e in found[:200]] == [f"order {n} is on its way" for n in range(200)]
    assert (found[200].message, found[200].exception[:25]) == ("order 200 is damaged", "json.decoder.JSONDecodeEr")
    assert found.at_least("error").types()[0].says.startswith("json.decoder.JSONDecodeError")
    assert 0 <= app.newest_age_s("app") < 60
    assert len(app.rotated("app")) == len(list(tmp_path.glob("app.log.*.gz")))
    assert app.archive("app").exists()


def test_a_log_is_followed_while_it_is_rotated(logs, tmp_path):
    handler = logging.handlers.RotatingFileHandler(tmp_path / "app.log", maxBytes=2000, backupCount=50)
    handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
    logger = speaking(handler)
    logger.info("before")

    def write():
        for number in range(100):
            logger.info("order %d", number)
            time.sleep(0.0005)

    writer = threading.Thread(target=write)
    found = logs(files=["app.log*"], line=STANDARD, timezone="local").follow("app", 1.5, during=writer.start)
    writer.join()
    handler.close()
    assert [e.message for e in found] == [f"order {n}" for n in range(100)]


SERVER = """
import json, logging, sys
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
import uvicorn

async def query(request):
    said = {"event": "pipeline.request.received", "level": "info", "timestamp": "2026-11-29T09:30:15Z"}
    print(json.dumps(said), flush=True)
    if request.query_params.get("route"):
        raise NotImplementedError(request.query_params["route"])
    return PlainTextResponse("ok")

uvicorn.run(Starlette(routes=[Route("/query", query)]), port=int(sys.argv[1]))
"""


def test_a_servers_traceback_among_json_is_an_error(tmp_path):
    log = tmp_path / "stdout.log"
    with held_port() as port, log.open("wb") as out:
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], stdout=out, stderr=subprocess.STDOUT)
        try:
            statuses = [_status(f"http://127.0.0.1:{port}/query"), _status(f"http://127.0.0.1:{port}/query?route=sql")]
        finally:
            server.terminate()
            server.wait(60)
    table = load(None, "sandbox:enterprise-pipeline", tmp_path).table.components.logs.sources["app"]
    source = {**table.model_dump(exclude={"command", "of_last"}), "files": ["stdout.log"]}
    whole = TargetTable.model_validate({"components": {"logs": {"sources": {"app": source}}}})
    app = connect(Target("here", whole, tmp_path), "logs", Ledger(tmp_path / "ledger", Budget()))
    errors = app.entries("app", level="error")
    assert statuses == [200, 500]
    assert [e.exception for e in errors] == ["NotImplementedError: sql"]
    assert errors.types()[0].says == "NotImplementedError"
    assert app.entries("app").reading.unreadable == 0


def _status(url, within_s=60.0):
    deadline = time.monotonic() + within_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.mark.skipif(LOGROTATE is None, reason="logrotate is not installed")
def test_logrotate_itself(tmp_path):
    log = tmp_path / "logs" / "app.log"
    log.parent.mkdir(mode=0o755)
    log.write_text("2026-11-29 09:30:15,000 - shop - INFO - well\n")
    entry = tmp_path / "entry"
    entry.write_text(f"{log} {{\n  daily\n  rotate 30\n  missingok\n  create 644\n}}\n")
    entry.chmod(0o644)
    log.parent.chmod(0o755)
    rotation = {"entry": "entry", "trial": "trial", "directives": ["daily", "rotate 30", "compress"], "of": ["app"]}
    state = str(tmp_path / "state")
    commands = {
        "entry": {"argv": ["cat", "entry"]},
        "trial": {"argv": [LOGROTATE, "--debug", "--state", state, "entry"], "exit": [0, 1]},
    }
    source = {"files": ["logs/app.log*"], "line": STANDARD}
    components = {"logs": {"sources": {"app": source}, "rotation": rotation}, "app_command": {"commands": commands}}
    table = TargetTable.model_validate({"components": components})
    app = connect(Target("here", table, tmp_path), "logs", Ledger(tmp_path / "ledger", Budget()))
    assert (app.rotation().lacking, app.rotation().complaints, app.rotation().left_out) == (["compress"], [], [])
    subprocess.run([LOGROTATE, "--force", "--state", state, str(entry)], check=True)
    assert [file.name for file in app.rotated("app")] == ["logs/app.log.1"]
    entry.write_text(f"{log} {{\n  dayly\n}}\n")
    assert [line for line in app.rotation().complaints if "dayly" in line]
