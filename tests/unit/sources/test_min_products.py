"""With `--min-products`, a source delivers all of its pages, or none."""

import json
from pathlib import Path

import pytest

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Source
from tests.unit.builders import row
from tests.unit.sources.pages import opened, rows
from tests.unit.sources.reading import peak_of

pytestmark = pytest.mark.anyio

BROKEN = [{"id": 7, "title": "A", "price": -1}, {"title": "no id"}]


def source_of(folder: Path, lines: list[object], least: int | None) -> Source:
    file = folder / "products.ndjson"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return opened(str(file), min_products=least)


async def test_valid_products_are_counted_once(tmp_path: Path) -> None:
    lines = [row(1, handle="\ud800"), row(1), row(2), *BROKEN, row(2)]
    expected = await rows(source_of(tmp_path, lines, None))
    for least in (1, 2):
        assert await rows(source_of(tmp_path, lines, least)) == expected
    with pytest.raises(SourceError) as caught:
        await anext(source_of(tmp_path, lines, 3).pages(None))
    assert str(caught.value) == (
        f"{tmp_path}/products.ndjson: the source has 2 valid products, fewer than 3; the first one that is "
        "not valid: id: duplicate; the first product with this id is used"
    )
    assert "--min-products (SYNC_PRODUCTS_MIN_PRODUCTS)" in caught.value.hint


async def test_a_source_that_fails_at_its_end_delivers_nothing(tmp_path: Path, small_pages: None) -> None:  # noqa: ARG001 - a fixture
    source = source_of(tmp_path, [row(number) for number in range(250)], 1)
    with (tmp_path / "products.ndjson").open("a") as file:
        file.write('{"id": 251, "tit')
    with pytest.raises(SourceError, match="ends in the middle of a product"):
        await anext(source.pages(None))


def test_products_are_not_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medusa_sync.sources.base.PAGE_SIZE", 1)
    source_of(tmp_path, [row(number, description="x" * 50_000) for number in range(150)], None)
    count, peak = peak_of(tmp_path / "products.ndjson", min_products=150)
    assert (count, peak < 4_000_000) == (150, True)


async def test_0_is_no_minimum(tmp_path: Path) -> None:
    assert len(await rows(source_of(tmp_path, BROKEN, 0))) == len(BROKEN)
