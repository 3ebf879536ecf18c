"""Sources of DummyJSON."""

from pathlib import Path

import httpx
import pytest

from medusa_sync.errors import SourceError
from medusa_sync.sources.pages import HttpSource
from tests.unit.builders import SOURCE_URL, http_client
from tests.unit.sources.pages import MAPPING


@pytest.fixture
def source(pool: httpx.AsyncClient) -> HttpSource:
    pool.follow_redirects = True
    return HttpSource(http_client(pool, unavailable=SourceError), SOURCE_URL, MAPPING)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "products.json"
