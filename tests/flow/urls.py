"""Runs from URLs and files, with the limits of most tests."""

from __future__ import annotations

from typing import Any

from medusa_sync import RunResult
from tests.flow.stage import sync_url
from tests.harness.fake_medusa import FakeMedusa


def sync(
    url: str, store: FakeMedusa, *, format_: str = "auto", timeout: float = 5, **changes: Any
) -> RunResult:
    """A run without retries that may remove anything."""
    limits = {"max_removals": "100%", "max_retries": 0, "source_format": format_, "read_timeout": timeout}
    return sync_url(url, store, **limits | changes)
