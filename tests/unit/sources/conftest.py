"""Sources of DummyJSON."""

from pathlib import Path

import httpx
import pytest

from medusa_sync.errors import SourceError
from medusa_sync.sources import dummyjson as source_module
from medusa_sync.sources.dummyjson import HttpSource
from tests.unit.builders import SOURCE_URL, http_client
from tests.unit.sources.pages import NAMING


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small catalogues have several pages."""
    monkeypatch.setattr(source_module, "PAGE_SIZE", 100)


@pytest.fixture
def source(pool: httpx.AsyncClient) -> HttpSource:
    pool.follow_redirects = True
    return HttpSource(http_client(pool, unavailable=SourceError), SOURCE_URL, **NAMING)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "products.json"
