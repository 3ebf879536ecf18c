"""Kits: variants whose inventory items are the merchant's, and get neither stock nor SKU from the source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from medusa_sync.core.stored import StoredProduct, StoredVariant


def kits(
    stored: StoredProduct,
    known: Mapping[str, StoredVariant],
    recorded: Collection[str],
    dropped: Collection[str],
    external_id: str,
) -> set[str]:
    """The keys of the variants whose items are the merchant's.

    An item is ours if each variant that uses it uses nothing else, takes one of it, and is the only one, or
    shares it: according to the record, or because the item has the external id of the product as its SKU. One
    variant may use it with dropped ones that shared it.

    Args:
        stored: the product.
        known: its variants that are the source's, or were, by key.
        recorded: the keys of those that share their stock according to the record.
        dropped: the keys of those that the source no longer has.
        external_id: of the product.
    """
    links = {each.id: each.inventory_items for each in stored.variants}
    users, skus = defaultdict[str, set[str]](set), dict[str, str | None]()
    for variant_id, own in links.items():
        for link in own:
            users[link.inventory_item_id] |= {variant_id, *link.user_ids}
            skus[link.inventory_item_id] = link.sku
    sole = {own for own, items in links.items() if len(items) == 1 and items[0].required_quantity == 1}
    ids = {each.id for each in known.values()}
    sharing, gone = ({known[key].id for key in known if key in keys} for keys in (recorded, dropped))

    def is_ours(item_id: str) -> bool:
        using = users[item_id]
        if not using <= sole or len(using) == 1 or (skus[item_id] == external_id and using <= ids):
            return using <= sole
        others = using.difference(sharing)
        return not others or (len(others) == 1 and using - others <= gone)

    return {
        key
        for key, each in known.items()
        if not all(is_ours(link.inventory_item_id) for link in each.inventory_items)
    }
