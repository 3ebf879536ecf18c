"""Faults at a chosen write."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.flow.stage import Killed
from tests.harness.fake_medusa import FakeMedusa


def fail(error: BaseException) -> Callable[[], httpx.Response]:
    def raise_it() -> httpx.Response:
        raise error

    return raise_it


BEFORE = {
    "dropped before": fail(httpx.ReadError("reset")),
    "no connection": fail(httpx.ConnectError("refused")),
    "429": lambda: httpx.Response(429, headers={"retry-after": "0"}),
    "500 instead": lambda: httpx.Response(500, json={"message": "no"}),
    "502 instead": lambda: httpx.Response(502, html="<p>proxy</p>"),
    "503 instead": lambda: httpx.Response(503),
    "413 instead": lambda: httpx.Response(413, json={"message": "request entity too large"}),
    "killed before": fail(Killed()),
}
AFTER = {
    "dropped after": fail(httpx.RemoteProtocolError("closed")),
    "timed out after": fail(httpx.ReadTimeout("slow")),
    "500 after": lambda: httpx.Response(500),
    "504 after": lambda: httpx.Response(504),
    "truncated after": lambda: httpx.Response(200, content=b'{"created":[{"id":'),
    "killed after": fail(Killed()),
}
FAULTS = [*BEFORE, *AFTER]


def fault_at(store: FakeMedusa, number: int, name: str) -> list[str]:
    """Make one write fail; returns a list that gets the path of that write."""
    seen: list[httpx.Request] = []
    hit: list[str] = []

    def before(request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST":
            return None
        seen.append(request)
        if len(seen) == number and name in BEFORE:
            hit.append(request.url.path)
            return BEFORE[name]()
        return None

    def after(request: httpx.Request, _response: httpx.Response) -> httpx.Response | None:
        if name in AFTER and len(seen) >= number and request is seen[number - 1]:
            hit.append(request.url.path)
            return AFTER[name]()
        return None

    store.before, store.after = before, after
    return hit
