import pytest


@pytest.fixture(autouse=True)
def _no_waiting(no_waiting: None) -> None:
    """Runs do not wait between attempts."""
