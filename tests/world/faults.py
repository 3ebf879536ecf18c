"""What a request may meet on its way, and at the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpx

from tests.harness.fake_medusa import ApiError
from tests.world.states import UNDONE

if TYPE_CHECKING:
    from tests.world.network import Machine, Network


class Killed(BaseException):
    """The process is killed: nothing catches this."""


Fault = Callable[["Network", "Machine", httpx.Request], Awaitable[httpx.Response]]
FAULTS: dict[str, Fault] = {}
LIMITS = frozenset({"undone late"})
"""No client can tell it from a write that has arrived: a limit, named in docs/limitations.md."""


def _fault(make: Fault) -> Fault:
    FAULTS[make.__name__.replace("_", " ")] = make
    return make


# --- the store does not get the request ---------------------------------------------------------------------


@_fault
async def lost_before(_network: Network, _machine: Machine, _request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("reset")


@_fault
async def no_connection(_network: Network, _machine: Machine, _request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@_fault
async def killed_before(_network: Network, machine: Machine, _request: httpx.Request) -> httpx.Response:
    machine.is_dead = True
    raise Killed


def _instead(name: str, response: Callable[[], httpx.Response]) -> None:
    async def fault(_network: Network, _machine: Machine, _request: httpx.Request) -> httpx.Response:
        return response()

    FAULTS[name] = fault


_instead("403", lambda: httpx.Response(403, json={"type": "forbidden", "message": "Forbidden"}))
_instead("413", lambda: httpx.Response(413, json={"message": "request entity too large"}))
_instead("429", lambda: httpx.Response(429, headers={"retry-after": "7"}))
_instead("500", lambda: httpx.Response(500, json={"code": "unknown_error", "message": "An error"}))
_instead("502 with HTML", lambda: httpx.Response(502, html="<p>proxy</p>"))
_instead("200 with HTML", lambda: httpx.Response(200, html="<p>log in</p>"))


# --- the store carries it out -----------------------------------------------------------------------------


@_fault
async def lost_after(_network: Network, machine: Machine, request: httpx.Request) -> httpx.Response:
    await machine.answer(request)
    raise httpx.RemoteProtocolError("closed")


@_fault
async def gateway_timeout_after(
    _network: Network, machine: Machine, request: httpx.Request
) -> httpx.Response:
    await machine.answer(request)
    return httpx.Response(504, html="<p>proxy</p>")


@_fault
async def cut_off(_network: Network, machine: Machine, request: httpx.Request) -> httpx.Response:
    answer = await machine.answer(request)
    return httpx.Response(answer.status_code, content=answer.content[: len(answer.content) // 2])


@_fault
async def doubled(network: Network, machine: Machine, request: httpx.Request) -> httpx.Response:
    """A proxy sends it again, when nobody waits for it any more; a list of variants would remove new ones.

    Sale prices are sent again before the run looks for copies: equal ones that come later stay until a run
    changes some.
    """
    answer = await machine.answer(request)
    if not (request.url.path == "/admin/products/batch" and b'"variants":[' in request.content):
        again = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        work = network.begin(again)
        if request.url.path.startswith("/admin/price-lists/") and b'"create":[{' in request.content:
            await asyncio.wait({work})
    return answer


@_fault
async def late(network: Network, machine: Machine, request: httpx.Request) -> httpx.Response:
    """The client gives up while the store works."""
    work = network.begin(request)
    return await machine.wait_for(work, network.dice.choice([0.0, 0.002, 0.02, 0.2]))


@_fault
async def killed_during(network: Network, machine: Machine, request: httpx.Request) -> httpx.Response:
    """The tool is killed while the store works."""
    work = network.begin(request)
    await asyncio.wait({work}, timeout=network.dice.choice([0.0, 0.02, 5.0]))
    machine.is_dead = True
    raise Killed


@_fault
async def store_killed(network: Network, machine: Machine, request: httpx.Request) -> httpx.Response:
    """The store is killed inside of the call."""
    network.store.doom()
    work = network.begin(request)
    await asyncio.wait({work}, timeout=network.dice.choice([0.0, 0.002, 0.02, 0.2, 5.0]))
    await network.kill_store()
    return await machine.wait_for(work, 0)


@_fault
async def both_killed(network: Network, machine: Machine, request: httpx.Request) -> httpx.Response:
    """Tool and store are on one machine that loses its power."""
    network.store.doom()
    work = network.begin(request)
    await asyncio.wait({work}, timeout=network.dice.choice([0.0, 0.002, 0.02, 0.2]))
    await network.kill_store()
    machine.is_dead = True
    raise Killed


def _failing(network: Network, request: httpx.Request) -> asyncio.Task[httpx.Response]:
    """Let the store fail at one of its steps, and undo the call later."""
    content, left = request.content, network.dice.randint(1, 4)

    def between(own: httpx.Request, step: str) -> None:
        nonlocal left
        if own.content is content and step != "accepted":
            left -= 1
            if not left:
                network.states[UNDONE] += 1
                raise ApiError(500, "unknown_error", "An unknown error occurred.")

    network.store.between = between
    return network.begin(request)


@_fault
async def undone(network: Network, machine: Machine, request: httpx.Request) -> httpx.Response:
    return await machine.wait_for(_failing(network, request), 60)


@_fault
async def undone_and_lost(network: Network, _machine: Machine, request: httpx.Request) -> httpx.Response:
    await asyncio.wait({_failing(network, request)})
    network.states["a bulk call was undone, and its answer lost"] += 1
    raise httpx.ReadTimeout("slow")


@_fault
async def undone_late(network: Network, machine: Machine, request: httpx.Request) -> httpx.Response:
    """A call is undone while its client already does something else."""
    work = _failing(network, request)
    return await machine.wait_for(work, network.dice.choice([0.0, 0.02, 0.2]))
