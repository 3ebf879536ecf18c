"""Runs do not wait between tries, and the number of tries is that of the run."""

import logging
from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    logging.getLogger("stamina").setLevel(logging.ERROR)  # every try would be a line
    with stamina.set_testing(True, attempts=100, cap=True):
        yield
