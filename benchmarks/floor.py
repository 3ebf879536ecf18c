"""The floor: sends the requests of a recorded run again, with a client that does nothing else.

`python -m benchmarks.floor RECORDING [--writes]` prints how many seconds they take. The bodies are prepared;
only ids that the store creates during the run (of categories, tags, products and inventory items) are
inserted when they are known, by joining bytes. Each lane sends one request at a time. There are as many lanes
for a kind of request as the recorded run had requests of that kind in progress at once:

- pages of the source,
- taxonomy and placement,
- look-ups of products, which wait until as many batches have begun as in the recorded run, so that the store
  has as many products,
- batches: each is a chain of writes that need the responses before them; they wait for the taxonomy.

Nothing else waits. A real client cannot do that: it must read products before it can send them.
"""

from __future__ import annotations

import argparse
import gc
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.recording import ID, Exchange, Recording, at_once, ids_of

_PRODUCTS = "/admin/products"
_WRITTEN = (_PRODUCTS, "/admin/inventory-items")
_IDLE_S = 2.0  # servers close idle connections; Node does it after five seconds


@dataclass
class Prepared:
    """A request that is ready to send.

    Attributes:
        pieces: of the body: in turn literal bytes and an id of the recorded run.
        response_ids: ids in the recorded response that later requests need.
    """

    exchange: Exchange
    head: bytes
    pieces: list[bytes]
    response_ids: list[bytes] = field(default_factory=list)
    after: int = 0


class Replay:
    """Sends the requests of a recording.

    Args:
        recording: of a run.
        writes_only: leave the reads out.
    """

    def __init__(self, recording: Recording, *, writes_only: bool) -> None:
        self._hosts = {name: urlsplit(url).netloc for name, url in recording.urls.items()}
        requests = _prepared(recording, self._hosts)
        written = [each for each in requests if _is_batch(each.exchange)]
        chains = _chains(written)
        starts = [chain[0].exchange.began for chain in chains]
        reads = [each for each in requests if _is_look_up(each.exchange)]
        for read in reads:
            read.after = sum(start < read.exchange.began for start in starts)
        pages = [each for each in requests if each.exchange.server == "source"]
        done = {id(each) for each in (*written, *reads, *pages)}
        taxonomy = [each for each in requests if id(each) not in done]
        if writes_only:
            pages = reads = []
            taxonomy = [each for each in taxonomy if each.exchange.is_write]
        self.requests = len(pages) + len(taxonomy) + len(reads) + len(written)
        self._known: dict[bytes, bytes] = {}
        self._begun = 0
        self._turn = threading.Condition()
        self._errors: list[BaseException] = []
        single = ([each] for each in taxonomy)
        self.lanes = {
            "pages": _overlap(pages),
            "taxonomy": _overlap(taxonomy),
            "look-ups": _overlap(reads),
            "batches": _overlap(written),
        }
        self._first = self._lanes(deque(single), self.lanes["taxonomy"], self._send_chain)
        self._lane_threads = [
            *self._first,
            *self._lanes(deque([each] for each in pages), self.lanes["pages"], self._send_chain),
            *self._lanes(deque([each] for each in reads), self.lanes["look-ups"], self._send_read),
            *self._lanes(deque(chains), self.lanes["batches"], self._send_batch),
        ]

    def run(self) -> tuple[float, float]:
        """Send everything; returns wall and CPU seconds.

        Raises:
            RuntimeError: a response differs from the recorded one.
        """
        gc.collect()
        gc.disable()
        wall, cpu = time.perf_counter(), time.process_time()
        for thread in self._lane_threads:
            thread.start()
        for thread in self._lane_threads:
            thread.join()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if self._errors:
            raise RuntimeError("the recording cannot be sent") from self._errors[0]
        return wall, cpu

    def _lanes(
        self,
        work: deque[list[Prepared]],
        count: int,
        send: Callable[[_Connections, list[Prepared]], None],
    ) -> list[threading.Thread]:
        def lane() -> None:
            connections = _Connections(self._hosts)
            try:
                while not self._errors:
                    try:
                        chain = work.popleft()
                    except IndexError:
                        return
                    send(connections, chain)
            except BaseException as error:  # noqa: BLE001 - `run` raises it
                self._errors.append(error)
                with self._turn:
                    self._turn.notify_all()
            finally:
                connections.close()

        return [threading.Thread(target=lane) for _ in range(count)]

    def _send_batch(self, connections: _Connections, chain: list[Prepared]) -> None:
        for thread in self._first:
            thread.join()
        with self._turn:
            self._begun += 1
            self._turn.notify_all()
        self._send_chain(connections, chain)

    def _send_read(self, connections: _Connections, chain: list[Prepared]) -> None:
        with self._turn:
            self._turn.wait_for(lambda: self._begun >= chain[0].after or self._errors)
        self._send_chain(connections, chain)

    def _send_chain(self, connections: _Connections, chain: list[Prepared]) -> None:
        for request in chain:
            pieces = request.pieces
            if len(pieces) > 1:
                pieces = [self._known[piece] if place % 2 else piece for place, piece in enumerate(pieces)]
            body = b"".join(pieces)
            content = connections.send(request.exchange, request.head, body)
            if request.response_ids:
                given = (each.encode() for each in ids_of(content))
                self._known.update(zip(request.response_ids, given, strict=True))


class _Connections:
    """The connections of one lane: one to each server, kept alive."""

    def __init__(self, hosts: dict[str, str]) -> None:
        self._hosts = hosts
        self._open: dict[str, socket.socket] = {}
        self._used = 0.0

    def send(self, exchange: Exchange, head: bytes, body: bytes) -> bytes:
        if time.monotonic() - self._used > _IDLE_S:
            self.close()
        connection = self._open.get(exchange.server)
        if connection is None:
            host, _, port = self._hosts[exchange.server].partition(":")
            connection = socket.create_connection((host, int(port)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open[exchange.server] = connection
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        response = HTTPResponse(connection, method=exchange.method)
        response.begin()
        content = response.read()
        self._used = time.monotonic()
        if response.status >= 400:
            what = f"{exchange.method} {exchange.target[:100]}: {response.status} {content[:300]!r}"
            raise RuntimeError(what)
        return content

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
        self._open.clear()


def _prepared(recording: Recording, hosts: dict[str, str]) -> list[Prepared]:
    made = _made(recording.exchanges)
    prepared = []
    used: set[str] = set()
    for exchange in recording.exchanges:
        if made & set(ID.findall(exchange.target)):
            raise ValueError(f"a URL has an id that the run created: {exchange.target}")
        pieces = [""]
        position = 0
        for match in ID.finditer(exchange.body):
            if match[0] in made:
                used.add(match[0])
                pieces[-1] = exchange.body[position : match.start()]
                pieces += [match[0], ""]
                position = match.end()
        pieces[-1] = exchange.body[position:]
        lines = [
            f"{exchange.method} {exchange.target} HTTP/1.1",
            f"Host: {hosts[exchange.server]}",
            *exchange.head,
        ]
        head = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
        prepared.append(Prepared(exchange, head, [piece.encode() for piece in pieces]))
    for each in prepared:
        ids = each.exchange.response_ids
        if each.exchange.is_write and used.intersection(ids):
            each.response_ids = [made_id.encode() for made_id in ids]
    return prepared


def _made(exchanges: Iterable[Exchange]) -> set[str]:
    """Ids that writes of the run created: they occur in a response first."""
    seen: set[str] = set()
    made: set[str] = set()
    for exchange in sorted(exchanges, key=lambda each: each.ended):
        new = set(exchange.response_ids) - seen
        seen.update(ID.findall(exchange.body), exchange.response_ids)
        if exchange.is_write:
            made |= new
    return made


def _chains(written: Sequence[Prepared]) -> list[list[Prepared]]:
    """Group writes of products into chains: a write that needs a response follows it."""
    chains: list[list[Prepared]] = []
    chain_of: dict[bytes, list[Prepared]] = {}
    for request in written:
        needed = (chain_of[piece] for piece in request.pieces[1::2] if piece in chain_of)
        chain = next(needed, None)
        if chain is None:
            chain = []
            chains.append(chain)
        chain.append(request)
        chain_of.update(dict.fromkeys(request.response_ids, chain))
    return chains


def _overlap(requests: Iterable[Prepared]) -> int:
    return at_once(each.exchange for each in requests)


def _is_batch(exchange: Exchange) -> bool:
    return exchange.is_write and exchange.target.startswith(_WRITTEN)


def _is_look_up(exchange: Exchange) -> bool:
    return (
        exchange.server == "store" and not exchange.is_write and exchange.target.startswith(f"{_PRODUCTS}?")
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor")
    parser.add_argument("recording", type=Path)
    parser.add_argument("--writes", action="store_true")
    chosen = parser.parse_args()
    replay = Replay(Recording.load(chosen.recording), writes_only=chosen.writes)
    wall_s, cpu_s = replay.run()
    print(json.dumps({"wall_s": wall_s, "cpu_s": cpu_s, "requests": replay.requests, "lanes": replay.lanes}))


if __name__ == "__main__":
    main()
