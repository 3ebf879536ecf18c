"""Kills of the tool and the store between any two steps of the store's work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Literal

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.faults import Killed, strike
from tests.flow.stage import ListSource, copies_of, sync
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import some


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


NEXT = (0, 1, 2)
"""Versions that the source may have after version 1 was interrupted: the old one, the same, a newer one."""


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
