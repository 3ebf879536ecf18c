"""Runs do not wait between tries, and the number of tries is that of the run."""

import logging
from collections.abc import Iterator

import pytest
import stamina

from medusa_sync import plan
from medusa_sync.sync import applier


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    logging.getLogger("stamina").setLevel(logging.ERROR)  # every try would be a line
    monkeypatch.setattr(applier, "_POLL_S", 0)
    monkeypatch.setattr(applier, "_FIRST_PAUSE_S", 0)
    monkeypatch.setattr(plan, "SETTLE_S", 0)
    with stamina.set_testing(True, attempts=100, cap=True):
        yield
