"""An upgrade from 1.0.0 with a source that has not changed: what it did not sync is said, not lost."""

from hashlib import blake2b
from typing import Any

import msgspec
import pytest

from medusa_sync.core.fields import newer_than
from tests.flow.stage import ListSource, make_former, record_of, sync, synced, writes
from tests.harness.fake_medusa import FakeMedusa

VARIANT: dict[str, Any] = {"id": 5, "price": 3, "options": {"Size": "S"}}
ROW: dict[str, Any] = {"id": 1, "title": "Cup", "variants": [VARIANT]}


def row_of_variant(**fields: Any) -> dict[str, Any]:
    return {**ROW, "variants": [{**VARIANT, **fields}]}


ROWS: dict[str, dict[str, Any]] = {
    "status": {**ROW, "status": "draft"},
    "shipping_profile": {**ROW, "shippingProfile": "Default Shipping Profile"},
    "discountable": {**ROW, "discountable": False},
    "allow_backorder": row_of_variant(allowBackorder=True),
    "ean": row_of_variant(ean="4006381333931", barcode="1"),
    "upc": row_of_variant(upc="036000291452", barcode="1"),
    "length": row_of_variant(dimensions={"depth": 3}),
    "height": row_of_variant(dimensions={"height": 3}),
    "width": row_of_variant(dimensions={"width": 3}),
    "origin_country": row_of_variant(originCountry="de"),
    "hs_code": row_of_variant(hsCode="7418"),
    "mid_code": row_of_variant(midCode="M"),
    "material": row_of_variant(material="Tin"),
}


def upgraded(row: dict[str, Any], delivered: dict[str, Any]) -> FakeMedusa:
    """A store with a product as 1.0.0 wrote it, which ignored what else was delivered."""
    store = synced([row])
    make_former(store, 1)
    digest = blake2b(msgspec.json.encode(delivered), digest_size=8, key=b"2 usd False")
    record_of(store, 1)["source"] = digest.hexdigest()
    return store


@pytest.mark.parametrize(("name", "row"), ROWS.items(), ids=ROWS)
def test_each_newer_field_is_named(name: str, row: dict[str, Any]) -> None:
    plain = row_of_variant(barcode="1") if name in {"ean", "upc"} else ROW
    store = upgraded(plain, row)
    [note] = sync(ListSource([row]), store).notes
    assert (note.name, writes(store)) == ("newer_fields", [])
    assert f"{name} of 1" in note


def test_there_is_a_row_for_each_newer_field() -> None:
    """Rank and image are apart: the list of variants gives the one, and 1.0.0 read the other from JSON."""
    assert {each.name for each in newer_than(0)} - ROWS.keys() == {"variant_rank", "thumbnail"}
