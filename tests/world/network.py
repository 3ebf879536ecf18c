"""The network between machines and a store in memory: answers take a random time, get lost or come twice."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

import httpx

from tests.world.backends import Backend
from tests.world.clock import Clock
from tests.world.faults import FAULTS, Killed

READ_TIMEOUT_S = 60.0
_DELAYS_S = (0.0, 0.001, 0.001, 0.01, 0.05, 0.3, 1.5)
_LONGEST_RESTART_S = 3.0
_RECORD = '"medusa_sync"'
_PRODUCTS = re.compile(r'"(prod_[0-9A-Z]{26})"')


@dataclass(frozen=True)
class Sent:
    """A request of a machine."""

    method: str
    path: str
    digest: str

    @property
    def is_write(self) -> bool:
        return self.method != "GET"


@dataclass
class Span:
    """A request with the time that it took."""

    text: str
    is_write: bool
    created: frozenset[str]  # ids of products
    begin: float
    end: float

    @property
    def products(self) -> set[str]:
        """The ids of the products that it names."""
        return {*_PRODUCTS.findall(self.text)}


@dataclass
class Network:
    """Delivers requests to a store, one step of its work after the other.

    `due` has the names of faults by the number of the write, or of the request, that they meet.
    """

    store: Backend
    dice: random.Random
    states: Counter[str]
    clock: Clock
    note: Callable[[str], None]
    due: dict[int, str] = field(default_factory=dict)
    of_reads: bool = False  # the faults meet any request
    during: dict[int, Callable[[], object]] = field(default_factory=dict)  # by the number of the write
    after_write: Callable[[str], None] | None = None  # called with each write, before its answer
    refuses: Callable[[str], bool] | None = None  # whether the store refuses a write with this content
    is_down: bool = False
    sent: list[Sent] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    _unsure: set[str] = field(default_factory=set)  # ids of products whose records may not have arrived
    _working: set[asyncio.Task[httpx.Response]] = field(default_factory=set)
    _count: int = 0

    def __post_init__(self) -> None:
        self.store.pause = self.pause

    def machine(self) -> "Machine":
        return Machine(self)

    async def pause(self) -> None:
        await asyncio.sleep(self.dice.choice(_DELAYS_S))

    def calm(self) -> None:
        """No more faults."""
        self.due, self.during, self._count, self.of_reads, self.refuses = {}, {}, 0, False, None

    async def idle(self) -> None:
        """Wait until the store has finished what it has begun."""
        while self._working:
            await asyncio.wait(self._working)
        if self.is_down:
            await asyncio.sleep(_LONGEST_RESTART_S)
        self.store.catch_up()

    def meet(self, request: httpx.Request) -> str:
        """The fault that a request meets; empty if there is none."""
        if request.method == "GET" and not self.of_reads:
            return ""
        self._count += 1
        if act := self.during.pop(self._count, None):
            act()
        return self.due.pop(self._count, "")

    def begin(self, request: httpx.Request) -> asyncio.Task[httpx.Response]:
        """Let the store work on a request; its clock is right."""
        self.store.time = self.clock.true()
        task, now = asyncio.create_task(self._work(request)), self.clock()
        text, is_write = f"{request.url.path} {request.content!r}", request.method != "GET"
        created = _PRODUCTS.findall(text) if "create-products/" in text else ()
        span = Span(text, is_write, frozenset(created), now, float("inf"))
        self.spans.append(span)
        self._working.add(task)
        task.add_done_callback(lambda _task: setattr(span, "end", self.clock()))
        task.add_done_callback(self._working.discard)
        return task

    async def _work(self, request: httpx.Request) -> httpx.Response:
        response = await self.store.handle_async_request(request)
        if self.after_write is not None and request.method != "GET" and response.is_success:
            self.after_write(f"{request.url.path} {_text(request)}")
        return response

    def forget(self) -> None:
        """Begin with other runs."""
        self.spans.clear()
        self._unsure.clear()

    @property
    def has_written_records(self) -> bool:
        """Whether the last record of each product has arrived, and no earlier one after it."""
        writes = [each for each in self.spans if _RECORD in each.text]
        pairs = ((one, two) for number, one in enumerate(writes) for two in writes[number + 1 :])
        overtakes = any(two.begin < one.end and one.products & two.products for one, two in pairs)
        return not (overtakes or self._unsure)

    def note_records(self, request: httpx.Request, *, have_arrived: bool) -> None:
        if _RECORD in (text := _text(request)):
            names = _PRODUCTS.findall(text)
            (self._unsure.difference_update if have_arrived else self._unsure.update)(names)

    async def kill_store(self) -> None:
        """Kill the store inside of all of its calls, and start it again after a while."""
        self.is_down = True
        working = list(self._working)
        for each in working:
            each.cancel()
        if working:
            await asyncio.wait(working)
        self.store.crash()
        asyncio.get_running_loop().call_later(self.dice.choice([0.0, 0.2, _LONGEST_RESTART_S]), self._start)

    def _start(self) -> None:
        self.is_down = False


def _text(request: httpx.Request) -> str:
    return request.content.decode(errors="replace")


class Machine(httpx.AsyncBaseTransport):
    """A machine on which runs are started; a dead one sends nothing any more."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.is_dead = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        network = self._network
        self._check()
        await request.aread()
        digest = blake2b(request.url.raw_path + b"\n" + request.content, digest_size=8).hexdigest()
        network.sent.append(Sent(request.method, request.url.path, digest))
        network.note_records(request, have_arrived=False)
        await network.pause()
        if network.is_down:
            raise httpx.ConnectError("refused")
        fault = network.meet(request)
        if request.method != "GET" and network.refuses and network.refuses(_text(request)):
            network.note(f"    refused: {request.method} {request.url.path}")
            return httpx.Response(400, json={"type": "invalid_data", "message": "refused"})
        if fault:
            network.states[f"fault: {fault}"] += 1
            network.note(f"    {fault} at {request.method} {request.url.path}")
        response = await (FAULTS[fault](network, self, request) if fault else self.answer(request))
        network.note_records(request, have_arrived=response.is_success and not fault)
        await network.pause()
        self._check()
        return response

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """The answer of the store, which goes on if the client gives up."""
        return await self.wait_for(self._network.begin(request), READ_TIMEOUT_S)

    async def wait_for(self, work: asyncio.Task[httpx.Response], seconds: float) -> httpx.Response:
        """The answer that the store is working on.

        Raises:
            ReadTimeout: it takes longer than this.
            ReadError: the store was killed.
        """
        await asyncio.wait({work}, timeout=seconds)
        if not work.done():
            raise httpx.ReadTimeout("slow")
        if work.cancelled():
            raise httpx.ReadError("reset")
        return work.result()

    def _check(self) -> None:
        if self.is_dead:
            raise Killed
