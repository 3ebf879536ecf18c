"""First syncs with several values of `--concurrency`, with a key and with a login, near and far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from benchmarks.distance import ROUND_TRIP_MS
from benchmarks.results import Concurrent
from benchmarks.shop import Shop

VALUES = ("1", "2", "4", "8")


def measured(shop: Shop, sizes: Sequence[int], runs: int) -> Iterator[Concurrent]:
    access = {"key": shop.key, "login": shop.login}
    for size in sizes:
        for round_trip_ms in (0, ROUND_TRIP_MS):
            with (
                shop.servers(size) as near,
                shop.far(near, round_trip_ms) if round_trip_ms else nullcontext(near) as servers,
            ):
                for name, credentials in access.items():
                    found = Concurrent(size, name, round_trip_ms, {value: [] for value in VALUES})
                    for number in range(1, runs + 1):
                        title = f"concurrency: {size} products, {name}, {round_trip_ms} ms"
                        shop.say(f"{title}: run {number} of {runs}")
                        for value, seconds in found.wall_s.items():
                            shop.store.reset()
                            flags = ["--concurrency", value]
                            synced = shop.sync(flags, servers, {"created": size}, credentials=credentials)
                            seconds.append(synced.taken.wall_s)
                    yield found
