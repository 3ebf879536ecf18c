import pytest

from medusa_sync.core import interrupted


@pytest.fixture(autouse=True)
def _no_waiting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between attempts, nor for a store that may still be working."""
    request.getfixturevalue("no_waiting")
    monkeypatch.setattr(interrupted, "SETTLE_S", 0)
