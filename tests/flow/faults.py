"""Faults at requests of a kind or at a chosen write, and kills between two steps of the store's work."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Any, Literal

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.stage import ListSource, copies_of, sync
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import some


class Killed(BaseException):
    """The process is killed: nothing catches this."""


Act = httpx.Response | BaseException | Callable[[], Any]
"""The response instead of the store's, an error to raise, or a function that may return a response."""


def strike(
    store: FakeMedusa,
    moment: Literal["before", "after"],
    is_hit: Callable[[httpx.Request], object],
    act: Act,
    *,
    once: bool = True,
) -> list[httpx.Request]:
    """Act at the first request of a kind, or at each of them, before or after the store carries it out.

    Returns the requests that were hit.
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


def run_elsewhere(source: ListSource, store: FakeMedusa) -> None:
    """A whole run while another one waits."""
    other = Thread(target=sync, args=(source, store))
    other.start()
    other.join()


# --- at a chosen request or write ------------------------------------------------------------------------


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


# --- kills ------------------------------------------------------------------------------------------------


def sync_killed(
    moment: Literal["before", "after"],
    is_hit: Callable[[httpx.Request], object],
    source: ListSource,
    store: FakeMedusa,
    **changes: Any,
) -> None:
    """A run that is killed before or after a request."""
    strike(store, moment, is_hit, Killed(), once=False)
    with pytest.raises(Killed):
        sync(source, store, **changes)
    setattr(store, moment, None)


def kill_at_step(store: FakeMedusa, name: str) -> None:
    """Kill the store for good at the first step with this name."""

    def between(_request: httpx.Request, step: str) -> None:
        if step == name:
            store.before = stay_down
            raise httpx.ReadError("reset")

    def stay_down(_request: httpx.Request) -> httpx.Response:
        store.crash()
        return httpx.Response(503)

    store.linger, store.between = 1_000, between


def kill_at(store: FakeMedusa, number: int, killed: str) -> list[str]:
    """Kill the tool, the store or both at one step of the store's work; returns the steps so far."""
    seen: list[str] = []
    store.linger = 1_000

    def between(_request: httpx.Request, step: str) -> None:
        seen.append(step)
        if len(seen) == number:
            if killed == "store":
                store.before = restart
                raise httpx.ReadError("reset")
            store.before = dead
            raise Killed

    def dead(_request: httpx.Request) -> None:
        raise Killed

    def restart(_request: httpx.Request) -> None:
        store.before = None
        store.crash()

    store.between = between
    return seen


KILLED: dict[str, Callable[[FakeMedusa], None]] = {
    "tool": FakeMedusa.catch_up,  # the store finishes its work
    "store": FakeMedusa.crash,  # it restarts, and the run continues
    "both": FakeMedusa.crash,
}


def killed_runs(
    store: FakeMedusa, killed: str, run: Callable[[FakeMedusa], RunResult]
) -> Iterator[FakeMedusa]:
    """Yield the store after runs that were killed at any step; in a quick run, at some of the steps."""
    copy = copies_of(store)
    whole = copy()
    steps = kill_at(whole, 0, killed)
    run(whole)
    assert len(steps) > 2, "too few steps to kill"
    for number in some(range(1, len(steps) + 1), 2):
        hurt = copy()
        steps = kill_at(hurt, number, killed)
        with suppress(Killed):
            assert run(hurt).exit_code in {0, 5}, steps
        hurt.between = hurt.before = None
        KILLED[killed](hurt)
        assert len(steps) >= number
        yield hurt
