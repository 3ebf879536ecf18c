"""A TCP proxy that adds a round trip time, as between a tool and a hosted store."""

# `python -m benchmarks.delay 100 URL...` prints a URL for each URL. Every byte arrives 50 ms later, in both
# directions. A new connection costs one more round trip, as in TCP. The bandwidth is not limited.

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from urllib.parse import urlsplit

_CHUNK = 2**18


class Proxy:
    """A proxy in front of one server."""

    def __init__(self, host: str, port: int, round_trip_s: float) -> None:
        self._host = host
        self._port = port
        self._half_s = round_trip_s / 2

    async def start(self) -> int:
        """Listen, and return the port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected_at = asyncio.get_running_loop().time() + 2 * self._half_s
        server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
        await asyncio.gather(
            self._pass_on(reader, server_writer, connected_at), self._pass_on(server_reader, writer, 0)
        )

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, not_before: float
    ) -> None:
        """Pass on each chunk after the delay; later chunks are read in the meantime."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def write() -> None:
            while True:
                due, chunk = await chunks.get()
                await asyncio.sleep(due - loop.time())
                if not chunk:
                    return
                writer.write(chunk)
                await writer.drain()

        writing = asyncio.create_task(write())
        with suppress(ConnectionError):
            while chunk := await reader.read(_CHUNK):
                chunks.put_nowait((max(loop.time(), not_before) + self._half_s, chunk))
        chunks.put_nowait((loop.time() + self._half_s, b""))
        with suppress(ConnectionError):
            await writing
        writer.close()


async def serve(round_trip_s: float, urls: list[str]) -> None:
    near = []
    for url in urls:
        parts = urlsplit(url)
        port = await Proxy(parts.hostname or "", parts.port or 80, round_trip_s).start()
        near.append(parts._replace(netloc=f"127.0.0.1:{port}").geturl())
    print(*near, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(float(sys.argv[1]) / 1000, sys.argv[2:]))


if __name__ == "__main__":
    main()
