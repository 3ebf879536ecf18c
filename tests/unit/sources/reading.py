"""What a run gets of the contents of a file: its products, and the error that follows them."""

import asyncio
import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import pytest
from msgspec import Struct

from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Rejected, Row
from medusa_sync.sources.delivery import MappingOptions
from tests.unit.sources.pages import checked, opened

MAPPING: Final = MappingOptions("shop", "usd", sale_prices=True)
CUT_OFF: Final = "gzip: the compressed data is cut off"
Fields = Mapping[str, Any]


class Found(Struct):
    rows: list[Row]
    error: str = ""  # without the name of the file
    hint: str = ""
    format: str = ""
    overlooked: str = ""
    notes: list[str] = []  # what a run says about the source
    id_hint: str = ""

    @property
    def titles(self) -> list[str]:
        return [str(each.fields["title"]) for each in self.rows if isinstance(each, DesiredProduct)]

    @property
    def ids(self) -> list[str]:
        return [each.source_id for each in self.rows if isinstance(each, DesiredProduct)]


def reading(
    content: bytes | str | Path,
    *,
    suffix: str = ".csv",
    is_cut_off: bool = False,
    format_: str = "auto",
    mapping: MappingOptions = MAPPING,
    map_: str | None = None,
    adjust: str | None = None,
) -> Found:
    """Read a file; one that is cut off is compressed and lacks its end, but all of the content is there."""
    if isinstance(content, Path):
        return asyncio.run(_reading(content, format_, mapping, map_, adjust))
    data = content.encode() if isinstance(content, str) else content
    with NamedTemporaryFile(suffix=suffix) as file:
        file.write(gzip.compress(data)[:-8] if is_cut_off else data)
        file.flush()
        return asyncio.run(_reading(Path(file.name), format_, mapping, map_, adjust))


async def _reading(
    path: Path, format_: str, mapping: MappingOptions, map_: str | None, adjust: str | None
) -> Found:
    source = opened(str(path), format_=format_, mapping=mapping, map_=map_, adjust=adjust)
    found = Found([])
    try:
        async for page in source.pages(None):
            found.rows += map(checked, page.rows)
    except SourceError as error:
        found.error, found.hint = str(error).removeprefix(f"{path}: "), error.hint
    found.format, found.overlooked = source.format, " ".join(source.overlooked)
    found.id_hint = source.id_hint
    found.notes = [*source.notes, *source.overlooked, *filter(None, [source.resembles])]
    return found


def peak_of(path: Path, **options: Any) -> tuple[int, int]:
    """How many products a file has, and the most memory that reading them takes."""

    async def count() -> int:
        source = opened(str(path), mapping=MAPPING, **options)
        return sum([len(page.rows) async for page in source.pages(None)])

    tracemalloc.start()
    try:
        return asyncio.run(count()), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def read(content: bytes | str | Path, **how: Any) -> list[Row]:
    """The rows of a file that is complete."""
    found = reading(content, **how)
    assert found.error == ""
    return found.rows


def in_json(*products: Fields) -> list[Row]:
    """The same products in our own format."""
    return read(json.dumps(products), suffix=".json")


def only(content: bytes | str, **how: Any) -> DesiredProduct:
    [product] = read(content, **how)
    assert isinstance(product, DesiredProduct), product
    return product


def variant_of(product: DesiredProduct) -> Fields:
    """The fields of the only variant."""
    [variant] = product.variants
    return variant.fields


def reasons(content: bytes | str, **how: Any) -> list[str]:
    """Why rows are rejected."""
    return [each.reason for each in read(content, **how) if isinstance(each, Rejected)]


def reason(content: bytes | str, **how: Any) -> str:
    """Why the only product is rejected."""
    [rejected] = read(content, **how)
    assert isinstance(rejected, Rejected), rejected
    return rejected.reason


def table(header: str, *rows: Fields) -> str:
    """A table in which each cell is in quotes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, header.split(","), "", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def cells(text: str) -> dict[str, str]:
    """Cells by their columns, written as `Tags=red, new; Type=Cup`."""
    return dict(each.split("=", 1) for each in text.split("; ") if each)


def cases(text: str) -> pytest.MarkDecorator:
    """Parameters `rows` and `expected`, from lines such as `Tags=a | Tags=b => {"tags": ["a"]}`.

    A line that begins with a space goes on with the one before it; a `#` begins a comment.
    """
    lines = [line for line in text.strip().replace("\n ", " ").splitlines() if line and line[0] != "#"]
    each = [line.split(" => ") for line in lines]
    values = [([row.strip() for row in rows.split("|")], expected.strip()) for rows, expected in each]
    return pytest.mark.parametrize(("rows", "expected"), values, ids=[line[:60] for line in lines])
