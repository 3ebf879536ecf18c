import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from medusa_sync.stop import Stop
from tests.unit.builders import STORE_URL


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Restore the root logger: a command under test adds handlers for streams that close with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("medusa_sync", "medusa_sync.report.progress"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record pauses in seconds instead of sleeping."""
    recorded: list[float] = []

    async def record(stop: Stop, seconds: float) -> bool:
        recorded.append(seconds)
        await asyncio.sleep(0)
        return not stop.is_set

    monkeypatch.setattr(Stop, "sleep", record)
    return recorded


@pytest.fixture
async def pool() -> AsyncIterator[httpx.AsyncClient]:
    """A client for mocked requests; it loads no certificates, which would take longer than most tests."""
    options: dict[str, Any] = {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "trust_env": False}
    async with httpx.AsyncClient(base_url=STORE_URL, **options) as client:
        yield client
