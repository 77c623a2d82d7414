"""A question-answering service of another framework: prints its address, and ends when its standard input does.

A line on its standard input is what its health says from then on.
"""

import argparse
import asyncio
import socket
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

import uvicorn
from litestar import Litestar, MediaType, get, post
from litestar.exceptions import NotAuthorizedException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from prometheus_client import CollectorRegistry, Counter, generate_latest

SAYS = {"status": "ok"}
FACTS = {"tea": "Three minutes.", "kettle": "At 100 degrees."}


@dataclass
class Question:
    """What is asked.

    Attributes:
        text: the question.
        language: of the answer.
    """

    text: str
    language: str = "en"


@dataclass
class Reply:
    """What is answered."""

    reply: str
    documents: list[str]


def service(key, delay_s):
    registry = CollectorRegistry()
    counted = Counter("tea_questions", "Questions by status.", ["status"], registry=registry)
    counted.labels("200")

    def keyed(connection, _):
        if connection.headers.get("X-API-Key") != key:
            raise NotAuthorizedException("unknown key")

    @get("/health")
    async def health() -> dict[str, str]:
        return {**SAYS, "time": datetime.now(UTC).isoformat()}

    @post("/ask", guards=[keyed], status_code=200, security=[{"key": []}])
    async def ask(data: Question) -> Reply:
        await asyncio.sleep(delay_s)
        counted.labels("200").inc()
        known = [name for name in FACTS if name in data.text.lower()]
        return Reply(" ".join(FACTS[name] for name in known) or "Nobody here knows.", known or ["nothing"])

    @get("/metrics", media_type=MediaType.TEXT)
    async def metrics() -> str:
        return generate_latest(registry).decode()

    schemes = {"key": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header")}
    described = OpenAPIConfig("Tea", "1.0", components=Components(security_schemes=schemes), path="/schema")
    return Litestar([health, ask, metrics], openapi_config=described)


def listen_to(server):
    for line in sys.stdin:
        SAYS["status"] = line.strip()
    server.should_exit = True


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--key", required=True)
    words.add_argument("--delay", type=float, default=0.1)
    given = words.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(uvicorn.Config(service(given.key, given.delay), log_level="warning"))
    threading.Thread(target=listen_to, args=(server,), daemon=True).start()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201 (whoever starts it reads it)
    server.run([listener])


if __name__ == "__main__":
    main()
