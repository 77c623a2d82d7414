"""A server that costs next to nothing and keeps a log of its own: what load is measured against.

    python benchmarks/plain_server.py [--cpu N] [--slots N] [--stream MS/N/MS]

Prints its port. It speaks just enough of HTTP/1.1, reads each request as it comes, and answers by its path:

    /answer/MS          after so many milliseconds, or when the stall is over
    /slots/MS           the same, by one of --slots: who finds none free waits for one
    /stream/MS/N/MS     an OpenAI stream: the first of N tokens after MS, the others MS apart, with usage
    /v1/chat/completions                the same, as --stream says
    /health  /v1/models                 at once
    /status/CODE  /hang  /cut  /hangup  /garbage
    /stall/MS           from now on for so long nothing is answered; itself at once
    /log                what was asked since the last look: path, when it came and when it was answered

Times are of the monotonic clock that all processes of a machine share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections import deque

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WORD = b'{"answer": "word"}'


class Server:
    def __init__(self, slots: int, stream: str) -> None:
        self.stream = stream.split("/")
        self.log: list[list] = []
        self.stalled_until = 0.0
        self.free = slots
        self.queue: deque = deque()

    def asked(self, path: str, line: Line) -> None:
        came = time.perf_counter()
        _, kind, *rest = path.split("?", maxsplit=1)[0].split("/")
        if path.startswith("/v1/chat/completions"):
            kind, rest = "stream", self.stream
        loop = asyncio.get_running_loop()
        if kind == "log":
            noted, self.log = self.log, []
            line.answer(json.dumps(noted).encode())
        elif kind in {"health", "v1"}:
            line.answer(b'{"object": "list", "data": [{"id": "m", "object": "model"}]}')
        elif kind == "stall":
            self.stalled_until = came + float(rest[0]) / 1000
            line.answer(WORD)
        else:
            entry = [path, came, 0.0, []]
            self.log.append(entry)
            self.act(loop, kind, rest, line, entry)

    def act(self, loop, kind: str, rest: list[str], line: Line, entry: list) -> None:
        if kind == "answer":
            due = max(loop.time() + float(rest[0]) / 1000, self.stalled_until)
            loop.call_at(due, self.answered, line, entry)
        elif kind == "slots":
            self.queue.append((float(rest[0]) / 1000, line, entry))
            self.serve(loop)
        elif kind == "stream":
            first, count, each = float(rest[0]) / 1000, int(rest[1]), float(rest[2]) / 1000
            due = loop.time() + first
            for number in range(count):
                loop.call_at(due + number * each, self.token, line, entry, number + 1, count)
        elif kind == "status":
            line.send(b"HTTP/1.1 %s Said So\r\nContent-Length: 2\r\n\r\n{}" % rest[0].encode(), entry)
        elif kind == "cut":
            line.send(STREAM + b"5\r\nda", entry)
            line.transport.close()
        elif kind == "garbage":
            line.send(b"hello there\r\n\r\n", entry)
            line.transport.close()
        elif kind == "hangup":
            line.transport.close()

    def serve(self, loop) -> None:
        while self.free and self.queue:
            self.free -= 1
            took_s, line, entry = self.queue.popleft()
            loop.call_later(took_s, self.served, loop, line, entry)

    def served(self, loop, line: Line, entry: list) -> None:
        self.free += 1
        self.answered(line, entry)
        self.serve(loop)

    def answered(self, line: Line, entry: list) -> None:
        line.answer(WORD)
        entry[2] = time.perf_counter()

    def token(self, line: Line, entry: list, number: int, count: int) -> None:
        event = {"choices": [{"delta": {"content": "word "}, "finish_reason": "stop" if number == count else None}]}
        if number == count:
            event["usage"] = {"prompt_tokens": 3, "completion_tokens": count}
        text = b"data: " + json.dumps(event).encode() + b"\n\n"
        line.send(b"%b%x\r\n%b\r\n" % (STREAM if number == 1 else b"", len(text), text), entry)
        entry[3].append(entry[2])
        if number == count:
            line.send(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", entry)


class Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.rest = b""

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while (end := self.rest.find(b"\r\n\r\n")) >= 0:
            head = self.rest[:end]
            body = head.lower().find(b"content-length:")
            length = int(head[body + 15 :].split(b"\r\n")[0]) if body >= 0 else 0
            if len(self.rest) < end + 4 + length:
                return
            self.rest = self.rest[end + 4 + length :]
            self.server.asked(head.split(b" ")[1].decode(), self)

    def answer(self, text: bytes) -> None:
        self.transport.write(HEAD % (len(text), text))

    def send(self, text: bytes, entry: list) -> None:
        self.transport.write(text)
        entry[2] = time.perf_counter()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpu", type=int)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--stream", default="100/16/15")
    options = parser.parse_args()
    if options.cpu is not None:
        os.sched_setaffinity(0, {options.cpu})
    server = Server(options.slots, options.stream)
    listening = await asyncio.get_running_loop().create_server(lambda: Line(server), "127.0.0.1", 0, backlog=1000)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
