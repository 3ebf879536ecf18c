"""Products without an id: by which field they are read, and how a map takes another one."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from medusa_sync.core.product import DesiredProduct
from tests.unit.sources.reading import Found, reading

HINTED = re.compile(r"`(\. \+ \{id: .+?\})`")


def as_json(*products: dict[str, Any]) -> Found:
    return reading(json.dumps(products), suffix=".json")


@pytest.mark.parametrize(
    ("first", "second", "known_by"),
    [
        ({"sku": "M-1", "slug": "mug"}, {"sku": "M-2", "slug": "jug"}, "sku"),
        ({"slug": "mug"}, {"slug": "jug"}, "slug"),
        ({"code": "0454"}, {"code": "0435"}, "code"),
        ({"sku": "1", "code": "0454"}, {"sku": "2", "code": "0435"}, "code"),
        ({"vehicle_id": 7}, {"vehicle_id": 8}, "vehicle_id"),
        ({"vehicleId": 7, "sku": "1"}, {"vehicleId": 8, "sku": "2"}, "vehicleId"),
        ({"product_code": "", "slug": "mug"}, {"slug": "jug"}, "slug"),  # a name without any value
    ],
)
@pytest.mark.parametrize("as_table", [True, False], ids=["CSV", "JSON"])
def test_products_without_ids_are_read_by_a_field_that_tells_them_apart(
    first: dict[str, Any], second: dict[str, Any], known_by: str, *, as_table: bool
) -> None:
    rows = [each | {"title": "Mug", "price": 9} for each in (first, second)]
    if as_table:
        lines = [",".join(str(row.get(name, "")) for name in rows[0]) for row in rows]
        found = reading("\n".join([",".join(rows[0]), *lines, ""]))
    else:
        found = as_json(*rows)
    assert found.ids == [str(first[known_by]), str(second[known_by])]
    note = f"The products have no id, so '{known_by}' is read as one. It must never change."
    assert note in found.notes


@pytest.mark.parametrize(
    "rows",
    [
        [{"sku": "1"}, {"sku": "1"}],  # not unique
        [{"sku": "1", "slug": "mug"}, {"sku": "", "slug": "jug"}],  # another day, `sku` could be complete
        [{"x": 1, "lot_id": 1}, {"x": 2, "lot_id": 2}],  # it may be that of something else
        [{"brand_id": 1}, {"brand_id": 2}],
        [{"id": "a  b", "sku": "1"}, {"id": "c  d", "sku": "2"}],  # there are ids, which are not usable
        [{"ean": "4006381333931"}, {"ean": "4006381333932"}],
    ],
)
def test_what_may_be_no_id_is_not_read_as_one(rows: list[dict[str, Any]]) -> None:
    found = as_json(*({**row, "title": "Mug", "price": 9} for row in rows))
    assert found.ids == []


def test_a_source_with_some_ids_is_not_read_by_another_field() -> None:
    found = as_json({"id": 1, "title": "Mug", "price": 9}, {"sku": "J", "title": "Jug", "price": 9})
    assert found.ids == ["1"]


@pytest.mark.parametrize(
    ("content", "suffix", "program"),
    [
        ("title,price,sku\nMug,9,M-1\nMug,8,M-1\nCup,9,\n", ".csv", ""),
        ("name,price,ean\nMug,9,4006381333931\nMug,8,4006381333948\n", ".csv", ". + {id: .ean}"),
        ("Name,Price,Image\nMug,9,https://a/b\nJug,9,https://a/b\n", ".csv", ". + {id: .Name}"),
        ("price,Name de,sku,title\n9,Mug,1,T\n9,Jug,1,T\n", ".csv", '. + {id: ."Name de"}'),
        ('[{"price": 69, "name": "Hoody"}, {"price": 80, "name": "Jersey"}]', ".json", ". + {id: .name}"),
    ],
)
def test_the_hint_names_a_field_that_is_filled_and_different(
    content: str, suffix: str, program: str, tmp_path: Path
) -> None:
    """Followed to the end, it gives all products."""
    found = reading(content, suffix=suffix)
    assert found.ids == []
    hint = found.hint or found.id_hint
    assert ([*HINTED.findall(hint)] or [""]) == [program]
    if program:
        (tmp_path / "map.jq").write_text(program)
        read = reading(content, suffix=suffix, map_=str(tmp_path / "map.jq"))
        assert (len(read.ids), read.notes[:1] == []) == (2, not read.overlooked)


def test_rows_that_are_variants_need_an_id_of_their_product() -> None:
    found = reading("title,price,sku,option1_name,option1_value\nMug,9,M-1,Size,L\nMug,8,M-2,Size,S\n")
    assert found.hint.startswith("Add a column `id`, with the same value in all rows of a product")


# --- with a map -----------------------------------------------------------------------------------------


def mapped(tmp_path: Path, rows: list[dict[str, Any]], program: str) -> Found:
    (tmp_path / "erp.jq").write_text(program)
    return reading(json.dumps(rows), suffix=".json", map_=str(tmp_path / "erp.jq"))


@pytest.mark.parametrize("name", ["_id", "product_id", "vehicle_id", "sku"])
def test_names_of_ids_count_with_a_map_as_without(tmp_path: Path, name: str) -> None:
    rows = [{name: "a1", "name": "Set", "price": 4}, {name: "a2", "name": "Set", "price": 5}]
    assert mapped(tmp_path, rows, ".").ids == as_json(*rows).ids == ["a1", "a2"]


def test_a_map_that_gives_no_usable_id_is_told_which_field_is_one(tmp_path: Path) -> None:
    rows = [{"name": "Hoody", "price": 69}, {"name": "Jersey", "price": 80}]
    found = mapped(tmp_path, rows, ". + {id: .title}")
    assert found.id_hint == (
        "The map gives no usable id. Change its `id` to another field, such as .name, which is different in "
        "all items read so far."
    )
    assert mapped(tmp_path, rows, ". + {id: .name}").ids == ["Hoody", "Jersey"]
    assert mapped(tmp_path, rows, '. + {id: "x", price: error("no")}').id_hint == ""


def test_a_map_of_the_tool_that_gives_no_usable_id_can_be_copied(tmp_path: Path) -> None:
    """The hint is followed to the end."""
    feed = (
        "<feed><SHOPITEM><PRODUCTNO>{}</PRODUCTNO><PRODUCT>Cup</PRODUCT><ITEM_ID>a  {}</ITEM_ID>"
        "<PRICE_VAT>9</PRICE_VAT></SHOPITEM><SHOPITEM><PRODUCTNO>{}</PRODUCTNO><PRODUCT>Mug</PRODUCT>"
        "<ITEM_ID>a  {}</ITEM_ID><PRICE_VAT>9</PRICE_VAT></SHOPITEM></feed>"
    ).format("P1", 1, "P2", 2)
    content = feed.replace("feed>", "SHOP>")
    found = reading(content, suffix=".xml")
    match = re.fullmatch(
        r"The map heureka gives no usable id\. Copy (\S+) to a file, change its `id` to another field, such "
        r"as \.(\w+), which is different in all items read so far, and name the copy with --source-map\.",
        found.id_hint,
    )
    assert found.ids == []
    assert match
    path, field = match.groups()
    text = Path(path).read_text(encoding="utf-8")
    (tmp_path / "own.jq").write_text(text.replace("id: $id,", f"id: .{field},"), encoding="utf-8")
    copied = reading(content, suffix=".xml", map_=str(tmp_path / "own.jq"))
    assert copied.ids == ["P1", "P2"]


@pytest.mark.parametrize("field", ["title", "price", "sku", "barcode", "active"])
def test_parts_without_variants_that_differ_are_said(tmp_path: Path, field: str) -> None:
    one = {"id": 1, "title": "Mug", "price": 9, "sku": "a", "barcode": "1", "active": False}
    rows = [one, one | {field: True if field == "active" else "x"}]
    [note, *_] = mapped(tmp_path, rows, ".").notes
    assert note.startswith(f"1 product is made of parts without variants that differ in '{field}': ")
    assert mapped(tmp_path, [one, one | {"images": ["https://a/b.jpg"]}], ".").notes[0].startswith("Not used")


# --- why an id is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("A  1", "it has two spaces in a row"),
        ("x" * 201, "longer than 200"),
        ("a\tb", "it has an invisible character"),
    ],
)
def test_the_reason_says_why_an_id_is_not_usable(tmp_path: Path, given: str, reason: str) -> None:
    row = {"id": given, "title": "Mug", "price": 9}
    [rejected] = as_json(row, row | {"id": 2}).rows[:1]
    assert reason in rejected.reason  # type: ignore[union-attr]  # it is rejected
    [rejected] = mapped(tmp_path, [row], ".").rows
    assert reason.replace("longer", "more") in rejected.reason  # type: ignore[union-attr]  # the same


def test_spaces_around_an_id_are_left_out_as_in_cells() -> None:
    [product] = as_json({"id": " 1015618\u0020", "title": "Axe", "price": 1}).rows
    assert isinstance(product, DesiredProduct)
    assert product.source_id == "1015618"
