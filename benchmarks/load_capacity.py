"""The capacity that the search finds, against the limit of a server that has one.

    python benchmarks/load_capacity.py [slots] [service_ms] [seconds]

The server answers so many calls at a time (4), each after so many milliseconds (100): it carries slots / service time.
Each rate is tried for some seconds (8), from a seventh of the limit on.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.connection
import os
import sys
from pathlib import Path

from pytest_llmops.load.capacity import holds, search
from pytest_llmops.load.handing import handed
from pytest_llmops.load.plan import LoadPlan, Request, Stage
from pytest_llmops.load.run import run
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable
from pytest_llmops.target.prompts import PromptText

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"answer":"x"}'


def serve(slots: int, service_s: float, port: multiprocessing.connection.Connection) -> None:
    """Answer so many calls at a time; further ones wait for their turn."""

    async def main() -> None:
        free = asyncio.Semaphore(slots)

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET"):
                    async with free:
                        await asyncio.sleep(service_s)
                    writer.write(ANSWER)
            except asyncio.IncompleteReadError:
                writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def main() -> None:
    given = [float(word) for word in sys.argv[1:]]
    slots, service_ms, seconds = [*given, *(4, 100, 8)[len(given) :]]
    limit = slots / service_ms * 1000
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(int(slots), service_ms / 1000, theirs), daemon=True)
    server.start()
    api = {"url": f"http://127.0.0.1:{ours.recv()}", "routes": {"ask": {"path": "/", "answer": "answer"}}}
    table = TargetTable.model_validate({"environment": "development", "components": {"api": api}})
    target = Target("bench", table, Path.cwd(), environ=dict(os.environ))
    plain, environ = handed(target, ["api"])
    prompts = (PromptText(id="p", text="What?"),)
    request = Request(name="ask", component="api", operation="route", route="ask", prompts=prompts)

    def probe(rate: float) -> bool:
        stages = (Stage(seconds=seconds, rate=rate),)
        result = run(LoadPlan(name="bench", target="bench", table=plain, requests=(request,), stages=stages), environ)
        held = holds(result, {"response": 10 * service_ms / 1000})
        void = f"; void: {result.voids[0]}" if result.voids else ""
        print(
            f"  {rate:6.1f} calls/s: p95 {1000 * result.value('p95'):6.0f} ms, {'hold' if held else 'too many'}{void}"
        )
        return held

    try:
        print(f"{slots:g} slots of {service_ms:g} ms carry {limit:g} calls/s; each rate for {seconds:g} s")
        found = search(probe, limit / 7)
        print(f"found: {found}: {100 * (found.rate / limit - 1):+.1f} % of the limit")
    finally:
        server.kill()


if __name__ == "__main__":
    main()
