"""Images that a source names by paths."""

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import Item, Source, Unchecked
from medusa_sync.sources.delivery import MappingOptions, deliver
from tests.unit.builders import SOURCE_URL
from tests.unit.sources.pages import page_of, respond_with, rows
from tests.unit.sources.reading import only, reading

MUG = {"id": 1, "title": "Mug", "price": 9}
BASE64 = "/9j/" + "A" * 200


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/images/a.jpg", "https://source.example/images/a.jpg"),
        ("images/a.jpg", "https://source.example/images/a.jpg"),
        ("../img/my mug.PNG", "https://source.example/img/my%20mug.PNG"),
        ("/media/123", "https://source.example/media/123"),
        ("//cdn.example/a.webp?w=1", "https://cdn.example/a.webp?w=1"),
        ("https://cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        (BASE64, None),
        ("red", None),
        ("javascript:alert(1).jpg", None),
        ("data:image/png;base64,AAAA", None),
    ],
)
@pytest.mark.anyio
async def test_paths_of_a_source_with_a_url_are_completed_by_it(
    httpx_mock: HTTPXMock, source: Source, path: str, url: str | None
) -> None:
    variant = {"sku": "a", "price": 9, "image": path}
    product = MUG | {"images": [path], "thumbnail": path, "variants": [variant]}
    respond_with(httpx_mock, page_of([product]))
    [found] = await rows(source)
    assert isinstance(found, DesiredProduct)
    wanted = url and url.replace("https://source.example", SOURCE_URL.rpartition("/")[0])
    images = (found.fields["images"], found.fields["thumbnail"], found.variants[0].fields.get("thumbnail"))
    assert images == (((wanted,), wanted, wanted) if wanted else ((), None, None))


@pytest.mark.parametrize("value", [["/images/a.jpg"], "img/b.png|/images/a.jpg", {"url": "/images/a.jpg"}])
def test_a_file_has_no_url_so_the_note_names_the_line_of_a_map(tmp_path: Path, value: Any) -> None:
    """The line is followed to the end."""
    content = json.dumps([MUG | {"images": value, "sku": "a/b.c"}])
    note = next(each for each in reading(content, suffix=".json").notes if "need a URL" in each)
    line = note.partition("the line `")[2].partition("`")[0]
    (tmp_path / "map.jq").write_text(line)
    product = only(content, suffix=".json", map_=str(tmp_path / "map.jq"))
    assert product.fields["images"][-1] == "https://shop.example.com/images/a.jpg"  # type: ignore[index]  # it has images
    assert product.variants[0].fields["sku"] == "a/b.c"


def test_another_url_is_another_product_only_if_it_has_paths() -> None:
    def digests(product: dict[str, Any]) -> set[str]:
        bases = ("", "https://a.example/x", "https://b.example/" + "x" * 200)
        found = [deliver(Item(product), MappingOptions("s", "usd", base=base)) for base in bases]
        return {each.digest for each in found if isinstance(each, Unchecked)}

    assert len(digests(MUG | {"images": ["https://cdn.example/a.jpg"]})) == 1
    assert len(digests(MUG | {"images": ["/a.jpg"]})) == 3
