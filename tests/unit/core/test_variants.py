"""A variant of the source is the stored one that is the same, whatever the record says of it."""

from collections.abc import Mapping

from medusa_sync.core.fields import SKU, VARIANT_FIELDS
from medusa_sync.core.kinds.base import Meanings
from medusa_sync.core.kinds.options import OPTION, AppliedOption
from medusa_sync.core.kinds.stock import SHARED, STOCK
from medusa_sync.core.plan import plan_update
from medusa_sync.core.product import DesiredProduct, DesiredVariant
from medusa_sync.core.record import Pending, Record, VariantRecord, Write
from medusa_sync.core.selection import PlanSettings
from medusa_sync.core.stored import StoredOption, StoredOptionValue, StoredProduct, StoredVariant
from medusa_sync.core.value import Value

SIZE = f"{OPTION}Size"


def found(
    wanted: Mapping[str, Mapping[str, str]],
    variants: Mapping[str, tuple[str, str]],
    record: Record | None = None,
) -> dict[str, str | None]:
    """Which of the variants is which; the store has an SKU and a size of each."""
    desired = DesiredProduct(
        *("shop:1", "1", "usd", {"title": "Shirt"}),
        options=("Size",),
        variants=tuple(DesiredVariant(key, key, own) for key, own in wanted.items()),
    )
    stored = StoredProduct(
        *("prod_1", "shop:1"),
        options=(StoredOption("opt_1", "Size"),),
        variants=tuple(
            StoredVariant(own, sku=sku, options=(StoredOptionValue("opt_1", size),))
            for own, (sku, size) in variants.items()
        ),
        record=record,
    )
    change = plan_update(desired, stored, PlanSettings())
    return {each.desired.key: each.stored.id if each.stored else None for each in change.variants}


def test_the_sku_decides_before_option_values() -> None:
    wanted = {"1": {SKU: "A", SIZE: "M"}, "2": {SKU: "B", SIZE: "S"}}
    assert found(wanted, {"x": ("A", "S"), "y": ("B", "M")}) == {"1": "x", "2": "y"}


def test_a_variant_that_interrupted_runs_created_has_what_the_last_of_them_sent() -> None:
    sent: dict[str, tuple[Value, ...]] = {SKU: ("A", "B"), SIZE: ("S", "M")}
    record = Record(
        options=(AppliedOption("Size", "opt_1"),),
        variants={"1": VariantRecord("")},
        pending=Pending(Write.UPDATE, variants={"1": sent}),
    )
    assert found({"1": {SKU: "C", SIZE: "L"}}, {"x": ("B", "M")}, record) == {"1": "x"}


def test_that_a_variant_shares_its_stock_has_no_location() -> None:
    names = Meanings("usd", {}, {"": "sloc_1", "Berlin": "sloc_1"}, {})
    kind, wanted = VARIANT_FIELDS[STOCK].kind, {"stock.Berlin": 4}
    assert kind.renamed({STOCK: 3}, wanted, names, names) == {STOCK: "stock.Berlin"}
    for shared in (SHARED, (SHARED,), (3, SHARED)):
        assert kind.renamed({STOCK: shared}, wanted, names, names) == {}
