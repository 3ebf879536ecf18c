"""Does one kind of work, and prints its wall time without the start of Python and its requests, as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import time

import httpx

from benchmarks.cheapest.first import first
from benchmarks.cheapest.later import changed, quiet
from benchmarks.cheapest.server import Json, Server

WORK = {"quiet": quiet, "first": first, "changed": changed}


async def measured(work: str, source_url: str, store_url: str, api_key: str, batch_size: int) -> Json:
    limits = httpx.Limits(max_connections=None)
    no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # they take as long to load as a request
    common: Json = {"timeout": 600, "limits": limits, "verify": no_certificates}
    async with (
        httpx.AsyncClient(**common) as source_client,
        httpx.AsyncClient(auth=(api_key, ""), **common) as store_client,
    ):
        source, store = Server(source_client, source_url), Server(store_client, store_url)
        began = time.perf_counter()
        await WORK[work](source, store, batch_size)
        wall_s = time.perf_counter() - began
        return {"wall_s": wall_s, "requests": source.requests + store.requests, "writes": store.writes}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=list(WORK))
    parser.add_argument("--source", required=True, help="the URL of the products")
    parser.add_argument("--store", required=True)
    parser.add_argument("--batch-size", type=int, default=15)
    chosen = parser.parse_args()
    api_key = os.environ["MEDUSA_API_KEY"]
    found = measured(chosen.work, chosen.source, chosen.store, api_key, chosen.batch_size)
    print(json.dumps(asyncio.run(found)))


if __name__ == "__main__":
    main()
