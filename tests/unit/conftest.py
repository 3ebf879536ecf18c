import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings

from medusa_sync.stop import Stop
from tests.unit.builders import STORE_URL

# How long an example takes says more about the machine than about the code.
settings.register_profile(
    "unit", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unit")


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A command that a test runs logs to that test's streams, which close when it ends."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been slept, which are noted and not slept."""
    noted: list[float] = []

    async def note(stop: Stop, seconds: float) -> bool:
        noted.append(seconds)
        await asyncio.sleep(0)
        return not stop.is_set

    monkeypatch.setattr(Stop, "sleep", note)
    return noted


@pytest.fixture
async def pool() -> AsyncIterator[httpx.AsyncClient]:
    """For mocked requests alone: without certificates, whose loading takes longer than a test."""
    options: dict[str, Any] = {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "trust_env": False}
    async with httpx.AsyncClient(base_url=STORE_URL, **options) as client:
        yield client
