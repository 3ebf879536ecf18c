"""Sale prices, which are in a price list of the source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from medusa_sync.core.kinds.base import Apart, Meanings, Sides
from medusa_sync.core.kinds.prices import AMOUNT, OWN_PRICE, PRICE, SALES, price_key
from medusa_sync.core.steps import Step

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.field_changes import FieldChange
    from medusa_sync.core.product import DesiredProduct
    from medusa_sync.core.record import History, Record
    from medusa_sync.core.selection import PlanSettings
    from medusa_sync.core.stored import StoredProduct, StoredVariant
    from medusa_sync.core.value import Value

SALE = "sale_price"
OTHER_SALE = "sale_price."  # prefix, in the record: in a currency that the source had before
IN_CURRENCY = frozenset({PRICE, SALE})  # amounts in the currency of the record

SalePrices = dict[tuple[str, str], float | None]
"""Sale prices by id of the variant and currency; None for one that is removed."""


class Sale(Apart):
    """The price of a variant in the price list."""

    is_amount = True
    is_shown = False
    is_exclusive = True
    steps = frozenset({Step.SALE_PRICES})

    def settings_of_older(self, record: Record) -> Mapping[str, str]:
        return {SALES: "on"} if record.has(self) else {}

    def setting_names(self, name: str) -> tuple[str, ...]:
        """Without it, customers would not pay the price that is synced."""
        return SALE, OWN_PRICE, PRICE

    def renamed(
        self, fields: Mapping[str, object], wanted: Mapping[str, Value], before: Meanings, now: Meanings
    ) -> Mapping[str, str]:
        """The one in the former currency gets its code: it has to be removed."""
        return {
            name: SALE if currency == now.currency else f"{OTHER_SALE}{currency}"
            for name in fields
            if name.partition(".")[0] == SALE
            for currency in (price_key(name, before.currency).currency,)
        }

    def paths(self, name: str) -> Iterable[str]:
        """Nothing: the list is read apart."""
        return ()

    def comes_apart(self, before: Value, after: Value) -> bool:
        return True

    def value_of_variant(self, variant: StoredVariant, name: str, names: Meanings) -> Value:
        code = price_key(name, names.currency).currency
        return next((each.amount for each in variant.sale_prices if each.currency_code == code), None)

    def is_owned(self, wanted: Value, history: History, sides: Sides) -> bool:
        """The list is the source's."""
        return wanted is not None or history.is_owned or not history.is_known


def held_back(
    changes: Sequence[FieldChange], stored: StoredVariant, how: PlanSettings, names: Meanings
) -> tuple[FieldChange, ...]:
    """The planned amounts of a variant that move too far; a price and its sale price stay together."""
    far, limit = set[str](), how.amount_limit
    if limit is None:
        return ()
    for each in changes:
        before, after = each.stored, each.planned
        if before is None and each.field.partition(".")[0] == SALE:  # until now, customers pay the price
            before = AMOUNT.value_of_variant(stored, PRICE, names)
        if not (isinstance(before, int | float) and isinstance(after, int | float)):
            continue
        if not limit.allows(before, after):
            far.add(each.field)
    if not far.isdisjoint(IN_CURRENCY):
        far |= IN_CURRENCY
    return tuple(each for each in changes if each.field in far)


def sale_prices(change: Change, new: Mapping[str, StoredVariant]) -> SalePrices:
    """The sale prices that a change sets."""
    amounts: SalePrices = {}
    for each in change.variants:
        variant = each.stored or new.get(each.desired.key)
        for name, amount in each.new_values.items():
            if variant is not None and name.partition(".")[0] == SALE:
                currency = price_key(name, change.desired.currency).currency
                amounts[variant.id, currency] = amount if isinstance(amount, int | float) else None
    return amounts


def have_sales(wanted: Iterable[DesiredProduct], stored: Sequence[StoredProduct]) -> bool:
    """Whether any of these stored products may have sale prices, or get some."""
    variants = chain.from_iterable(each.variants for each in wanted) if stored else ()
    recorded = (each.record is not None and each.record.has(IN_LIST) for each in stored)
    return any(SALE in each.fields for each in variants) or any(recorded)


IN_LIST = Sale()
