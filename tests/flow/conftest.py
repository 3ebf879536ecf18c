import pytest

from medusa_sync import plan


@pytest.fixture(autouse=True)
def _no_waiting(no_waiting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs do not wait between attempts, nor for a store that may still be working."""
    monkeypatch.setattr(plan, "SETTLE_S", 0)
