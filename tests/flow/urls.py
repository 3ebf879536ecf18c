"""Runs from URLs and files, with the source that a session opens."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from medusa_sync.core.policy import Share
from medusa_sync.core.result import RunResult
from medusa_sync.errors import SourceError
from medusa_sync.http import HttpClient
from medusa_sync.sources.mapping import MappingOptions
from medusa_sync.sources.open import open_source
from medusa_sync.stop import Stop
from tests.flow.stage import SOURCE_NAME, run_once
from tests.harness.fake_medusa import FakeMedusa

ANY_SHARE = Share(100, is_percentage=True)


def sync(
    url: str,
    store: FakeMedusa,
    *,
    format_: str = "auto",
    min_products: int | None = None,
    max_retries: int = 0,
    timeout: float = 5,
    source_map: str | None = None,
    sale_prices: bool = False,
    **changes: Any,
) -> RunResult:
    """A run as in a session."""
    store.requests.clear()

    async def run() -> RunResult:
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=True) as client:
            http = HttpClient(
                client,
                max_retries=max_retries,
                unavailable=SourceError,
                on_request=lambda _method, _url: None,
                on_retry=lambda: None,
                stop=Stop(),
            )

            def connect() -> Any:
                class Connected:
                    async def __aenter__(self) -> HttpClient:
                        return http

                    async def __aexit__(self, *_: object) -> None:
                        """The client is closed above."""

                return Connected()

            mapping = MappingOptions(SOURCE_NAME, "usd", sale_prices)
            async with open_source(url, format_, connect, mapping, source_map, min_products) as source:
                return await run_once(source, store, **{"max_removals": ANY_SHARE, **changes})

    return asyncio.run(run())
