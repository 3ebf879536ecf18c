"""The examples of the documentation work."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources import maps
from medusa_sync.sources.maps import BUILT_IN, BuiltIn
from tests.unit.sources.pages import file_source, rows
from tests.unit.sources.reading import reading

DOCS = Path(__file__).parents[3] / "docs"
SQUARE = {
    "type": "ITEM",
    "id": "Q1",
    "updated_at": "2026-01-01",
    "item_data": {
        "name": "Coffee",
        "variations": [
            {"id": "Q2", "item_variation_data": {"name": "Small", "price_money": {"amount": 350}}}
        ],
    },
}
ITEMS = {  # what the examples are for, by a part of their program
    ".artno": None,  # in the page itself
    ".style": {"style": "A", "name": "T", "size": "S", "ean": "1", "price": "9", "eur": "8"},
    ".breadcrumbs": {
        "active": True,
        "sku": "A",
        "texts": {"en": {"title": "T", "body": "B"}},
        "breadcrumbs": "A > B",
        "sizes": [{"sku": "A-S", "available": 3, "label": "S", "price": 9, "offer": 7}],
    },
    ".item_data": SQUARE,
}


def examples(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [
        "\n".join(line.removeprefix(match[1]) for line in match[2].splitlines())
        for match in re.finditer(rf"^( *)```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    ]


PROGRAMS = [*examples("maps.md", "jq"), *examples("../CONTRIBUTING.md", "jq")]


@pytest.mark.parametrize("program", PROGRAMS)
def test_maps_give_valid_products(tmp_path: Path, program: str) -> None:
    file = tmp_path / "map.jq"
    file.write_text(program, encoding="utf-8")
    item = next(item for part, item in ITEMS.items() if part in program)
    [given] = examples("maps.md", "json")
    source = tmp_path / "items.json"
    source.write_text(json.dumps([json.loads(given) if item is None else item]))
    [row] = asyncio.run(rows(file_source(source, map_=str(file))))
    assert isinstance(row, DesiredProduct)


def test_there_are_three_examples_and_one_to_begin_with() -> None:
    assert len(examples("maps.md", "jq")) == 4


@pytest.mark.parametrize("name", [each.name for each in BUILT_IN])
def test_maps_that_come_with_the_tool_are_short_and_explained(name: str) -> None:
    text = (Path(maps.__file__).parent / f"{name}.jq").read_text(encoding="utf-8")
    assert text.startswith("# ")
    lines = [each for each in text.splitlines() if not each.startswith("# group:")]  # it must be one line
    assert max(map(len, lines)) <= 110
    assert len(text.splitlines()) <= 80


@pytest.mark.parametrize("each", [each for each in BUILT_IN if each.without], ids=lambda each: each.name)
def test_a_product_of_our_own_format_needs_no_map(each: BuiltIn) -> None:
    own = {"id": "1", "title": "Mug", "price": 5} | {name: "1" for name in each.without if name.isupper()}
    found = reading(json.dumps([dict.fromkeys(each.required, "7") | own]), suffix=".json")
    assert found.format == "JSON"
