"""Images that a source names by paths."""

import json
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
def test_a_file_has_no_url_so_the_note_names_a_program(value: Any) -> None:
    product = advised(json.dumps([MUG | {"images": value, "sku": "a/b.c"}]), suffix=".json")
    assert product.fields["images"][-1] == "https://shop.example.com/images/a.jpg"  # type: ignore[index]  # it has images
    assert product.variants[0].fields["sku"] == "a/b.c"


@pytest.mark.parametrize(
    "content",
    [
        "id,title,price,option1_name,option1_value,images\n1,Mug,9,Size,S,a.jpg\n1,,8,,L,\n",
        "Handle,Title,Variant Price,Option1 Name,Option1 Value,Image Src\nm,Mug,9,Size,S,a.jpg\nm,,8,,L,\n",
    ],
    ids=["own", "Shopify"],
)
def test_the_program_of_the_note_keeps_the_variants_of_a_table(content: str) -> None:
    product = advised(content, suffix=".csv")
    assert product.fields["images"] == ("https://shop.example.com/a.jpg",)
    assert [each.fields["option.Size"] for each in product.variants] == ["S", "L"]


def advised(content: str, suffix: str) -> DesiredProduct:
    """The only product, read as the note about paths of images says."""
    [note] = [each for each in reading(content, suffix=suffix).notes if "need a URL" in each]
    return only(content, suffix=suffix, adjust=note.partition("--adjust to `")[2].partition("`")[0])


def test_another_url_is_another_product_only_if_it_has_paths() -> None:
    def digests(product: dict[str, Any]) -> set[str]:
        bases = ("", "https://a.example/x", "https://b.example/" + "x" * 200)
        found = [deliver(Item(product), MappingOptions("s", "usd", base=base)) for base in bases]
        return {each.digest for each in found if isinstance(each, Unchecked)}

    assert len(digests(MUG | {"images": ["https://cdn.example/a.jpg"]})) == 1
    assert len(digests(MUG | {"images": ["/a.jpg"]})) == 3
