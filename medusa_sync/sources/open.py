"""Chooses the source of a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from medusa_sync.http import HttpClient
from medusa_sync.sources.base import Source
from medusa_sync.sources.file import FileSource
from medusa_sync.sources.pages import HttpSource

SAMPLE = Path(__file__).with_name("sample") / "products.json"
"""The catalogue that comes with the package."""


@asynccontextmanager
async def open_source(
    source: str, connect: Callable[[], AbstractAsyncContextManager[HttpClient]], **naming: Any
) -> AsyncIterator[Source]:
    """The source of `--source`.

    Args:
        source: a URL, a path or `sample`.
        connect: creates the client for a URL.
        naming: how products are mapped; see `to_row`.
    """
    if "://" in source:
        async with connect() as http:
            yield HttpSource(http, source, **naming)
    else:
        yield FileSource(SAMPLE if source == "sample" else Path(source), **naming)
