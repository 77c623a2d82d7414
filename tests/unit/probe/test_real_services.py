import sys
import threading
import time
from textwrap import dedent

import pytest
import uvicorn

from pytest_llmops.clients.api import Api
from pytest_llmops.clients.client import connect
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.control.embedded import Sandbox
from pytest_llmops.probe import file
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load


@pytest.fixture
def target(tmp_path, look):
    """Looks at addresses, writes the file, and loads it: as ``llmops init`` and then the suites do."""

    def target(*urls, environ=None, **more):
        found = look(*urls, environ=environ, **more)
        path = tmp_path / "llmops.toml"
        path.write_text(file.text(found, "here", "development"), encoding="utf-8")
        return load(path, None, tmp_path, environ or {})

    return target


@pytest.fixture
def client(tmp_path):
    """The client of a component, as the suites have it."""
    made = []

    def client(target, component):
        made.append(connect(target, component, Ledger(tmp_path / "ledger", target.table.budget)))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def run(closed_port):
    """Serves an ASGI application."""
    started = []

    def run(app):
        server = uvicorn.Server(uvicorn.Config(app, port=closed_port, log_level="error"))
        thread = threading.Thread(target=server.run)
        started.append((server, thread))
        thread.start()
        while not server.started:
            time.sleep(0.005)
        return f"http://127.0.0.1:{closed_port}"

    yield run
    for server, thread in started:
        server.should_exit = True
        thread.join()


def test_a_litestar_service_can_be_asked_by_what_was_written(run, target, client, tmp_path):
    (tmp_path / "harbour_app.py").write_text(
        dedent(
            """
            from dataclasses import dataclass
            from typing import Annotated

            from litestar import Litestar, get, post
            from litestar.connection import ASGIConnection
            from litestar.exceptions import NotAuthorizedException
            from litestar.handlers import BaseRouteHandler
            from litestar.openapi import OpenAPIConfig
            from litestar.openapi.spec import Components, SecurityScheme
            from litestar.params import Body

            @dataclass
            class Question:
                question: str
                top_k: int
                language: str = "en"

            @dataclass
            class Source:
                id: str
                title: str

            @dataclass
            class Reply:
                answer: str
                sources: list[Source]

            def guard(connection: ASGIConnection, _: BaseRouteHandler) -> None:
                if connection.headers.get("X-API-Key") != "sesame":
                    raise NotAuthorizedException()

            @get("/health", sync_to_thread=False)
            def health() -> dict[str, object]:
                return {"status": "ok", "services": {"db": {"status": "up"}}}

            @post("/ask", guards=[guard], security=[{"key": []}], sync_to_thread=False, status_code=200)
            def ask(data: Annotated[Question, Body()]) -> Reply:
                return Reply(f"{data.top_k} on {data.question}", [Source("faq", "FAQ")])

            scheme = SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header")
            config = OpenAPIConfig("Harbour", "1.0", components=Components(security_schemes={"key": scheme}))
            app = Litestar([health, ask], openapi_config=config)
            """
        )
    )
    sys.path.insert(0, str(tmp_path))
    try:
        from harbour_app import app
    finally:
        sys.path.remove(str(tmp_path))
    here = target(run(app), environ={"HERE_API_KEY": "sesame"})
    api = client(here, "api")
    assert isinstance(api, Api)
    assert api.health().healthy
    assert api.dependencies().dependencies == {"db": "up"}
    assert (api.query("Why?").text, api.query("Why?").sources) == ("3 on Why?", ("faq",))


def test_a_service_behind_a_mount(run, target, client):
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Mount, Route

    text = {"type": "string"}
    schema = {
        "openapi": "3.1.0",
        "info": {"title": "Mounted", "version": "3"},
        "servers": [{"url": "/rag"}],
        "paths": {
            "/healthz": {"get": {}},
            "/search": {
                "get": {
                    "parameters": [{"name": "query", "in": "query", "required": True, "schema": text}],
                    "responses": {"200": {"content": {"application/json": {"schema": text}}}},
                }
            },
        },
    }

    async def search(request):
        return JSONResponse(f"found {request.query_params['query']}")

    inner = [
        Route("/openapi.json", lambda _: JSONResponse(schema)),
        Route("/healthz", lambda _: PlainTextResponse("ok")),
        Route("/search", search),
    ]
    url = run(Starlette(routes=[Mount("/rag", routes=inner)]))
    here = target(f"{url}/rag/docs")
    assert (here.component("api").url, here.component("api").routes["query"].path) == (f"{url}/rag", "/search")
    assert client(here, "api").query("Why?").text == "found Why?"
    assert client(here, "api").health().healthy


def test_the_sandbox(target, client, tmp_path):
    stack = Sandbox(load(None, "sandbox", tmp_path, {}), directory=tmp_path / "stack")
    try:
        at = stack.facts["components"]
        named = {
            "API_KEY": "OPERATOR_KEY",
            "OLLAMA_API_KEY": "OLLAMA_KEY",
            "QDRANT_API_KEY": "QDRANT_KEY",
            "REDIS_PASSWORD": "REDIS_LOGIN",
        }
        keys = {f"HERE_{ours}": stack.facts["environ"][f"LLMOPS_SANDBOX_{its}"] for ours, its in named.items()}
        here = target(at["api"], at["ollama"], at["qdrant"], at["redis"], environ=keys)
        assert set(here.table.components.configured()) == {"api", "ollama", "qdrant", "redis"}
        assert here.component("ollama").model.startswith("harbour-small")
        assert here.component("qdrant").collection == "documents"
        api = client(here, "api")
        assert api.health().healthy
        assert set(api.dependencies().dependencies) == {"vectors", "llm", "cache"}
        assert "process_resident_memory_bytes" in api.metrics().names
        for component in ("ollama", "qdrant", "redis"):
            assert preflight(client(here, component), 10).ok
    finally:
        stack.stop()


LLAMA = """
import os, sys
import xllamacpp
from pytest_llmops.sandbox import tiny_model

tiny_model.write("tiny.gguf", 1, 64, 1, "tiny")
asked = xllamacpp.CommonParams()
asked.model.path, asked.hostnames, asked.port, asked.n_ctx, asked.ui = "tiny.gguf", ["127.0.0.1"], 0, 256, False
asked.api_keys = sys.argv[1:]
server = xllamacpp.Server(asked)
os.write(1, f"\\nat {server.listening_address}\\n".encode())  # in one piece, between whatever it logs
os.read(0, 1)
"""


@pytest.mark.parametrize("key", [(), ("sesame",)])
def test_llama_cpp(start, target, client, tmp_path, key):
    pytest.importorskip("xllamacpp")
    process = start(sys.executable, "-c", LLAMA, *key)
    said = [process.stdout.readline()]
    while not said[-1].startswith("at "):
        assert said[-1], said
        said.append(process.stdout.readline())
    here = target(f"{said[-1].split()[1]}/v1", environ={"K": "sesame"}, key_env="K")
    assert (here.table.profile, here.component("openai").model) == ("openai-compatible", "tiny.gguf")
    assert (here.component("openai").auth is not None) == bool(key)
    assert preflight(client(here, "openai"), 20).level == "generates"


def test_prometheus(start, target, closed_port, tmp_path):
    (tmp_path / "prometheus.yml").write_text("{}")
    start(
        "prometheus", "--config.file=prometheus.yml", f"--web.listen-address=127.0.0.1:{closed_port}",
        "--storage.tsdb.path=data", until="Server is ready to receive web requests",
    )  # fmt: skip
    here = target(f"127.0.0.1:{closed_port}/graph")
    assert here.component("prometheus").url == f"http://127.0.0.1:{closed_port}"


def test_alertmanager(start, target, closed_port, tmp_path):
    (tmp_path / "alertmanager.yml").write_text("{route: {receiver: none}, receivers: [{name: none}]}")
    start(
        "prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=data",
        f"--web.listen-address=127.0.0.1:{closed_port}", "--cluster.listen-address=", until="Listening on",
    )  # fmt: skip
    here = target(f"127.0.0.1:{closed_port}")
    assert here.component("alertmanager").url == f"http://127.0.0.1:{closed_port}"
