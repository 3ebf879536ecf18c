"""Faults: at the first request of a kind, at each of them, or at a chosen write."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import httpx

from tests.harness.fake_medusa import FakeMedusa


class Killed(BaseException):
    """The process is killed: nothing catches this."""


Act = httpx.Response | BaseException | Callable[[], Any]


def strike(
    store: FakeMedusa,
    moment: Literal["before", "after"],
    is_hit: Callable[[httpx.Request], object],
    act: Act,
    *,
    once: bool = True,
) -> list[httpx.Request]:
    """Act at the first request of a kind, or at each of them; returns the requests that were hit.

    Args:
        store: gets the requests.
        moment: before or after the store carries the request out.
        is_hit: tells which requests are meant.
        act: the response instead of the store's, an error to raise, or a function that may return a response.
        once: only at the first one.
    """
    hit: list[httpx.Request] = []

    def hook(request: httpx.Request, *_: httpx.Response) -> httpx.Response | None:
        if (once and hit) or not is_hit(request):
            return None
        hit.append(request)
        if isinstance(act, BaseException):
            raise act
        answer = act if isinstance(act, httpx.Response) else act()
        return answer if isinstance(answer, httpx.Response) else None

    setattr(store, moment, hook)
    return hit


def refuse(store: FakeMedusa, is_hit: Callable[[httpx.Request], object], act: Act) -> list[httpx.Request]:
    """Act at each request of a kind, instead of the store; returns the requests that were hit."""
    return strike(store, "before", is_hit, act, once=False)


def no(status: int = 400) -> httpx.Response:
    """A refusal."""
    return httpx.Response(status, json={"type": "invalid_data", "message": "No."})


def with_index(
    store: FakeMedusa, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda found: found
) -> None:
    """Answer look-ups from an index that shows other products than the database; its counts are estimates."""

    def after(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if request.method != "GET" or "external_id[]" not in request.url.params:
            return None
        document = json.loads(response.content)
        found = change(document["products"])
        return httpx.Response(200, json={**document, "products": found, "estimate_count": len(found)})

    store.after = after


# --- at a chosen request or write ------------------------------------------------------------------------


ERRORS: dict[str, BaseException] = {
    "lost before": httpx.ReadError("reset"),
    "timed out": httpx.ReadTimeout("slow"),
    "killed": Killed(),
}


def error_at(number: int, error: str) -> Callable[..., None]:
    """A hook of the fake store that fails at one of its calls."""
    seen = 0

    def hit(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise ERRORS[error]

    return hit


BEFORE: dict[str, Act] = {
    "dropped before": httpx.ReadError("reset"),
    "no connection": httpx.ConnectError("refused"),
    "429": httpx.Response(429, headers={"retry-after": "0"}),
    "500 instead": httpx.Response(500, json={"message": "no"}),
    "502 instead": httpx.Response(502, html="<p>proxy</p>"),
    "503 instead": httpx.Response(503),
    "413 instead": httpx.Response(413, json={"message": "request entity too large"}),
    "killed before": Killed(),
}
AFTER: dict[str, Act] = {
    "dropped after": httpx.RemoteProtocolError("closed"),
    "timed out after": httpx.ReadTimeout("slow"),
    "500 after": httpx.Response(500),
    "504 after": httpx.Response(504),
    "truncated after": httpx.Response(200, content=b'{"created":[{"id":'),
    "killed after": Killed(),
}
FAULTS = [*BEFORE, *AFTER]


def fault_at(store: FakeMedusa, number: int, name: str) -> list[httpx.Request]:
    """Make one write fail; returns a list that gets it."""
    seen = 0

    def is_due(request: httpx.Request) -> bool:
        nonlocal seen
        seen += request.method == "POST"
        return request.method == "POST" and seen == number

    return strike(store, "before" if name in BEFORE else "after", is_due, (BEFORE | AFTER)[name])
