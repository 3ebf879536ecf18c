"""Products that are recognised without being mapped."""

import asyncio
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import pytest

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources import delivery, mapping
from medusa_sync.sources.base import Delivered, Item, Unchecked, checked
from medusa_sync.sources.delivery import MAPPING, MappingOptions, deliver
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness import catalogue
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt
from tests.unit.sources.pages import file_source

OPTIONS = MappingOptions("shop", "usd")
ROWS = [
    *catalogue.whole_sample(),
    shirt(900),
    {"id": 901, "title": "A", "price": 1, "categories": [["B", "C"]]},
]
MAPPED = {2: "8ac6911c"}  # a digest of what the rows are mapped to, by the version of the mapping


def raw(row: dict[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(row))


def test_the_version_of_the_mapping_changes_if_products_are_mapped_to_other_values() -> None:
    """Otherwise stored products would not get the new values, because their digests do not change."""
    products = (
        checked(deliver(Item(raw(row)), MappingOptions("shop", "usd", sale_prices)))
        for row in ROWS
        for sale_prices in (True, False)
    )
    rows = [
        msgspec.to_builtins(each) | {"digest": ""} for each in products if isinstance(each, DesiredProduct)
    ]
    assert len(rows) == 2 * len(ROWS)
    for each in rows:
        for name in (
            "unknown_status",
            "withheld",
            "regions",
            "locations",
            "named",
            "settings",
            "is_available",
            "copying",
        ):  # not written for a product that is stored
            del each[name]
        each["fields"] = {name: value for name, value in each["fields"].items() if value is not None}
        for variant in each["variants"]:  # it came later, and is written when the source changes it
            variant["fields"].pop("variant_rank", None)
    digest = blake2b(msgspec.json.encode(rows), digest_size=4).hexdigest()
    assert {MAPPING: digest} == MAPPED, "add 1 to MAPPING, and write the digest here"


def digest_of(value: Any, options: MappingOptions = OPTIONS) -> str:
    found = deliver(Item(value), options)
    assert isinstance(found, Unchecked), found
    product = checked(found)
    assert isinstance(product, DesiredProduct)
    assert product.digest == found.digest
    return found.digest


def test_the_same_product_has_the_same_digest_whether_it_is_decoded_or_not() -> None:
    for row in ROWS[::10]:
        assert digest_of(raw(row)) == digest_of(row)
        assert checked(deliver(Item(raw(row)), OPTIONS)) == checked(deliver(Item(row), OPTIONS))


def test_a_digest_depends_on_the_product_and_on_all_that_decides_about_its_mapping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row, others = shirt(1), (MappingOptions("shop", "eur"), MappingOptions("shop", "usd", sale_prices=True))
    rows = [row, shirt(1, title="Other"), *(shirt(1, brand="\ud800", material=each) for each in "AB")]
    digests = {*map(digest_of, rows), *(digest_of(row, each) for each in others)}
    monkeypatch.setattr(delivery, "MAPPING", MAPPING + 1)
    assert len(digests | {digest_of(row)}) == 7


@pytest.mark.parametrize(
    ("digest", "lines"),
    [
        ("f34ea8c3abae91b4", '[{"price": 9, "id": 1, "title": "Mug", "x": [1.50]}]'),
        ("7876307e654a451a", '{"id": 1, "title": "Mug", "price": "9.50"}'),
        ("917d07c074e7b699", "id,title,price,image,brand,stock,barcode\n1,Mug,9.50,https://a/1,Elm,7,123"),
        (
            "80feef164e73ddc3",
            """price,id,title,sku,variant_id,option1_name,option1_value,width
            9,1,Mug,S-1,v-1,Size,S,2
            8,1,,S-2,v-2,,L,""",
        ),
        (
            "4ad8538c405ce849",
            """Handle,Title,Vendor,Tags,Variant Price,Variant SKU,Option1 Name,Option1 Value,Image Src
            mug,Mug,Elm,"a, b",9.50,S-1,Size,S,https://a/1
            mug,,,,8,S-2,,L,""",
        ),
        (
            "964cba42cdb5c87e",
            """id,title,price,availability,size,item_group_id,image_link
            S,Mug,9.50 USD,in stock,S,G,https://a/1
            L,Mug,8 USD,in stock,L,G,""",
        ),
    ],
)
def test_digests_are_those_of_earlier_versions(tmp_path: Path, digest: str, lines: str) -> None:
    """Otherwise all products of such a source would be mapped and compared after an upgrade."""
    body = "".join(f"{line.strip()}\n" for line in lines.splitlines()).encode()
    source = file_source(tmp_path / "catalogue", body, mapping=OPTIONS)

    async def read() -> list[Delivered]:
        return [row async for page in source.pages(None) for row in page.rows]

    [found] = asyncio.run(read())
    assert isinstance(found, Unchecked), found
    assert found.digest == digest


def test_a_run_in_which_nothing_changed_maps_no_product(monkeypatch: pytest.MonkeyPatch) -> None:
    store, source = FakeMedusa(), ListSource(ROWS)
    assert counts(sync(source, store)) == {"created": len(ROWS)}

    def fail(*_: Any, **__: Any) -> Any:
        pytest.fail("a product was mapped")

    monkeypatch.setattr(mapping, "to_desired", fail)
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": len(ROWS)}
    assert writes(store) == []


def test_a_change_of_what_is_not_synced_writes_nothing() -> None:
    rows = [{**row, "reviews": [{"comment": "old"}]} for row in ROWS[:3]]
    store = FakeMedusa()
    assert counts(sync(ListSource(rows), store)) == {"created": 3}
    store.requests.clear()
    changed = [{**row, "reviews": [{"comment": "new"}], "unknown": 1} for row in rows]
    assert counts(sync(ListSource(changed), store)) == {"unchanged": 3}
    assert writes(store) == []


def test_a_product_that_becomes_invalid_is_rejected_and_stays_in_the_store() -> None:
    store, source = FakeMedusa(), ListSource([shirt(1), shirt(2)])
    assert counts(sync(source, store)) == {"created": 2}
    source.rows[0] = shirt(1, variants=[*shirt(1)["variants"], {"options": {"Size": "S"}, "price": 1}])
    result = sync(source, store)
    assert (counts(result), result.exit_code) == ({"rejected": 1, "unchanged": 1}, 5)
