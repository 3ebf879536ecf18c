"""Sources of DummyJSON."""

from pathlib import Path

import httpx
import pytest

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Source
from tests.unit.builders import http_client
from tests.unit.sources.pages import api_source


@pytest.fixture
def source(pool: httpx.AsyncClient) -> Source:
    pool.follow_redirects = True
    return api_source(http_client(pool, unavailable=SourceError))


@pytest.fixture
def json_source(pool: httpx.AsyncClient) -> Source:
    """A source that may not be a file."""
    return api_source(http_client(pool, unavailable=SourceError), format_="json")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "products.json"
