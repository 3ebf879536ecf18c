"""Products that are recognised without being mapped."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec
import pytest

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources import mapping
from medusa_sync.sources.base import Item, Rejected, Unchecked, checked
from medusa_sync.sources.mapping import MAPPING, MappingOptions, deliver
from tests.flow.shirts import shirt
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness import catalogue
from tests.harness.fake_medusa import FakeMedusa

OPTIONS = MappingOptions("shop", "usd")
ROWS = [
    *catalogue.whole_sample(),
    shirt(900),
    {"id": 901, "title": "A", "price": 1, "categories": [["B", "C"]]},
]
MAPPED = {2: "792de153"}
"""A digest of what the rows are mapped to, by the version of the mapping."""


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
        del each["unknown_status"]  # not written for a product that is stored
    digest = blake2b(msgspec.json.encode(rows), digest_size=4).hexdigest()
    assert {MAPPING: digest} == MAPPED, "add 1 to MAPPING, and write the digest here"


def mapped(row: dict[str, Any]) -> DesiredProduct:
    product = checked(deliver(Item(raw(row)), OPTIONS))
    assert isinstance(product, DesiredProduct)
    return product


@pytest.mark.parametrize("row", ROWS[::10])
def test_the_same_product_has_the_same_digest_whether_it_is_decoded_or_not(row: dict[str, Any]) -> None:
    one, two = deliver(Item(raw(row)), OPTIONS), deliver(Item(row), OPTIONS)
    assert isinstance(one, Unchecked)
    assert isinstance(two, Unchecked)
    assert one.digest == two.digest == mapped(row).digest
    assert checked(one) == checked(two)


def test_a_digest_depends_on_the_product_and_on_all_that_decides_about_its_mapping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = shirt(1)
    digests = {
        mapped(row).digest,
        mapped(shirt(1, title="Other")).digest,
        *(
            deliver(Item(raw(row)), changed).digest  # type: ignore[union-attr]  # it is valid
            for changed in (MappingOptions("shop", "eur"), MappingOptions("shop", "usd", sale_prices=True))
        ),
    }
    monkeypatch.setattr(mapping, "MAPPING", MAPPING + 1)
    assert len(digests | {mapped(row).digest}) == 5


@pytest.mark.parametrize(
    "row",
    [
        *(17, "text", [], {}, {"id": None, "title": "A"}, {"id": 1}, {"id": 1, "title": 2}),
        *(
            {"id": " 1", "title": "A"},
            {"id": 1, "title": "\u200b\x00"},
            {"id": 1, "title": "A", "x": float("nan")},
        ),
        {"id": 1, "title": "\ud800", "price": 1},
    ],
    ids=repr,
)
def test_what_has_no_usable_id_or_title_is_rejected_at_once_or_when_it_is_checked(row: Any) -> None:
    assert isinstance(checked(deliver(Item(row), OPTIONS)), Rejected)


def test_a_run_in_which_nothing_changed_maps_no_product(monkeypatch: pytest.MonkeyPatch) -> None:
    store, source = FakeMedusa(), ListSource(ROWS)
    assert counts(sync(source, store)) == {"created": len(ROWS)}

    def fail(*_: Any, **__: Any) -> Any:
        pytest.fail("a product was mapped")

    monkeypatch.setattr(mapping, "to_row", fail)
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
