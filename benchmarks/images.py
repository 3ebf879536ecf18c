"""A first sync that copies all images, next to their transfer alone: `python -m benchmarks.images`."""

# The transfer is one download and one upload of each image, six at a time. `--together` makes one upload of
# several, as the command does. The two are run in turn, as processes, against the same servers.

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from zlib import crc32

import httpx

from benchmarks.command import environment
from benchmarks.installed import install
from benchmarks.process import measure
from benchmarks.shop import Servers, Shop, open_shop
from tests.harness import catalogue
from tests.harness.dummyjson import dummyjson
from tests.harness.picture_server import old_server

AT_MOST = 1.5
"""Times the time of the transfer."""
_AT_ONCE = 6
_HOST = "https://cdn.example.com"
_ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.images", description=__doc__)
    parser.add_argument("--products", type=int, default=194, help="how many (194)")
    parser.add_argument("--runs", type=int, default=5, help="of each (5)")
    parser.add_argument("--together", type=int, default=1, help="images in an upload of the transfer (1)")
    parser.add_argument("--transfer", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.transfer:
        asyncio.run(transfer(**json.loads(chosen.transfer.read_text(encoding="utf-8"))))
        return
    installed = install(Path("build", "bench-venv"))
    with open_shop(installed, chosen.products, lambda text: print(text, file=sys.stderr)) as shop:
        ratio = compare(shop, chosen.products, chosen.runs, chosen.together)
    sys.exit(ratio > AT_MOST)


def compare(shop: Shop, size: int, runs: int, together: int) -> float:
    """Run both; returns how many times as long as the transfer the command takes."""
    rows = catalogue.products(size)
    urls = sorted({url for each in rows for url in (*each["images"], each["thumbnail"])})
    paths = [url.removeprefix(_HOST) for url in urls]
    sizes = {path: 20_000 + crc32(path.encode()) % 180_000 for path in paths}
    found: list[tuple[float, float]] = []
    with old_server(sizes) as (base, _), dummyjson(_at(base, rows)) as source:
        servers = Servers(size, 1, source.url, source.url, shop.store.url)
        for number in range(1, runs + 1):
            shop.store.reset()
            synced = shop.sync(["--copy-images", "127.0.0.1"], servers, {"created": size})
            alone = _transferred(shop, [f"{base}{path}" for path in paths], together)
            found.append((synced.taken.wall_s, alone))
            print(f"{number}: {synced.taken.wall_s:.1f} s, {alone:.1f} s, {synced.taken.peak_mb:.0f} MB")
    ratio = median(whole / alone for whole, alone in found)
    megabytes = sum(sizes.values()) / 1e6
    print(f"{len(urls)} images, {megabytes:.0f} MB: {ratio:.2f} times their transfer, at most {AT_MOST}")
    return ratio


def _at(base: str, rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The products with their images at another server."""
    moved: list[dict[str, object]] = json.loads(json.dumps(rows).replace(_HOST, base))
    return moved


def _transferred(shop: Shop, urls: Sequence[str], together: int) -> float:
    """Seconds of the transfer, in a process of its own."""
    file = Path("build", "images.json")
    given = {"store": shop.store.url, "key": shop.store.api_key, "urls": urls, "together": together}
    file.write_text(json.dumps(given), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.images", "--transfer", str(file.absolute())]
    return measure(command, {**environment(), "PYTHONPATH": str(_ROOT)}).wall_s


async def transfer(store: str, key: str, urls: Sequence[str], together: int) -> None:
    """Download each image, and upload so many in one request."""
    slots = asyncio.Semaphore(max(1, _AT_ONCE // together))

    async def copy(group: Sequence[str]) -> None:
        async with slots:
            found = await asyncio.gather(*map(source.get, group))
            images = (each.raise_for_status().content for each in found)
            files = [("files", ("image.webp", image, "image/webp")) for image in images]
            (await target.post(f"{store}/admin/uploads", files=files)).raise_for_status()

    async with httpx.AsyncClient() as source, httpx.AsyncClient(auth=(key, ""), timeout=60) as target:
        groups = (urls[start : start + together] for start in range(0, len(urls), together))
        await asyncio.gather(*map(copy, groups))


if __name__ == "__main__":
    main()
