"""The JSON document of a run has what is needed to undo it: full values, ids, and titles of options."""

from typing import Any

from tests.flow.stage import ListSource, document, sync, synced
from tests.harness.shirts import shirt, variant

LONG = "A long text, which the record keeps as a digest. " * 50


def changed(before: Any, after: Any, **options: Any) -> Any:
    """The change of a product in the document of a run, and the store."""
    store = synced([before])
    [change] = document(sync(ListSource([after]), store, **options))["changes"]
    return change, store.products[f"dummyjson:{before['id']}"]


def test_texts_are_complete() -> None:
    change, product = changed(shirt(description=LONG), shirt(description=f"{LONG}!"))
    assert change["fields"] == {"description": {"from": LONG.strip(), "to": f"{LONG}!"}}
    assert (change["id"], change["currency"]) == (product.id, "usd")


def test_the_only_variant_has_its_id() -> None:
    row = {"id": 1, "title": "Mug", "price": 5}
    change, product = changed(row, row | {"price": 6, "title": "Cup"})
    assert change["fields"].keys() == {"title", "price"}
    assert change["variant_id"] == product.variants[0].id


def test_variants_with_the_same_name_are_told_apart() -> None:
    """A variant that gets another id at the source is deleted and created again."""
    before, after = (
        shirt(variants=[variant(1, "S", "Red"), variant(1, "M", "Red", id=own, sku=None, barcode=None)])
        for own in ("one", "two")
    )
    after["variants"][1]["options"] = {"Size": "L", "Colour": "Red"}
    for row in (before, after):
        row["variants"][1]["title"] = "Middle"
    change, product = changed(before, after, on_missing="delete", max_removals="100%")
    found = [(each["variant"], each["fields"]["variant"]) for each in change["variants"]]
    assert found == [("Middle", {"from": None, "to": "Middle"}), ("Middle", {"from": "Middle", "to": None})]
    ids = [each["id"] for each in change["variants"]]
    assert (ids[0], len({*ids})) == (product.variants[1].id, 2)


def test_options_have_their_titles_and_what_variants_lose_with_them() -> None:
    before, after = shirt(), shirt(options=["Width"], variants=[variant(1, "S", "Red")])
    before["variants"] = after["variants"][:]
    after["variants"] = [variant(1, "S", "Red", options={"Width": "S"})]
    change, product = changed(before, after)
    width = next(each.id for each in product.options if each.title == "Width")
    assert change["options"][0] == {"from": "Size", "to": "Width", "name": "Width", "id": width}
    assert [(each["from"], each["to"]) for each in change["options"]] == [("Size", "Width"), ("Colour", None)]
    assert change["variants"][0]["fields"]["option.Colour"] == {"from": "Red", "to": None}
