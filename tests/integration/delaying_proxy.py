"""A TCP relay behind which every chunk of an answer comes at a multiple of its time."""

import argparse
import asyncio
import sys
from urllib.parse import urlsplit


class Line:
    """One connection: requests pass at once, answers wait."""

    def __init__(self, asked, near, far):
        self.pace = asked.pace
        self.away_s = asked.away
        self.near = near
        self.far = far
        self.asked_at = 0.0
        self.waiting = asyncio.Queue()

    async def relay(self):
        await asyncio.gather(self.requests(), self.answers(), self.deliveries())

    async def requests(self):
        reader, writer = self.near[0], self.far[1]
        while data := await reader.read(65536):
            self.asked_at = asyncio.get_running_loop().time()
            writer.write(data)
            await writer.drain()
        writer.close()

    async def answers(self):
        data = True
        while data:
            data = await self.far[0].read(65536)
            took_s = asyncio.get_running_loop().time() - self.asked_at
            self.waiting.put_nowait((self.asked_at + self.pace * (took_s + self.away_s), data))

    async def deliveries(self):
        writer = self.near[1]
        while True:
            due, data = await self.waiting.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()


async def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("url")
    words.add_argument("--pace", type=float, default=1.0, help="this many times as long")
    words.add_argument("--away", type=float, default=0.0, help="seconds that every chunk is on its way, before that")
    given = words.parse_args()
    place = urlsplit(given.url)

    async def connected(*near):
        try:
            far = await asyncio.open_connection(place.hostname, place.port)
            await Line(given, near, far).relay()
        except OSError:
            near[1].close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201 (whoever starts it reads it)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
