import asyncio

import pytest

from medusa_sync.stop import Stop

# Checks that several tests share show what they compared, as asserts in a test do.
pytest.register_assert_rewrite("tests.e2e")


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause takes no time."""

    async def sleep(stop: Stop, _seconds: float) -> bool:
        await asyncio.sleep(0)
        return not stop.is_set

    monkeypatch.setattr(Stop, "sleep", sleep)
