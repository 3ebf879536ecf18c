"""Stock of a source that has left out open orders, as the customers of a real store see it."""

import json
from typing import Any

from tests.e2e.rig import Rig
from tests.e2e.storefront import Storefront

SIZE = 1
AVAILABLE = ("--stock-is", "available")
MUG: dict[str, Any] = {"id": 8, "title": "Mug", "sku": "MUG", "price": 9, "stock": 10}


def in_stock(rig: Rig) -> list[tuple[float, float]]:
    """The stocked and the reserved quantities of the mug."""
    [mug] = [each for each in rig.shop.items() if each["sku"] == "MUG"]
    return [(each["stocked_quantity"], each["reserved_quantity"]) for each in mug["location_levels"]]


def test_an_order_on_its_way_does_not_change_what_customers_can_buy(rig: Rig, storefront: Storefront) -> None:
    rig.source.products = [*rig.source.products, MUG]
    refused = rig.run(*AVAILABLE)
    assert (refused.exit_code, "--stock-is (off before, available now)" in refused.stderr) == (6, True)
    rig.follow(*AVAILABLE, "--accept-settings", created=1)
    [mug] = rig.variant_ids(8).values()
    storefront.order(mug, quantity=2)
    assert (in_stock(rig), storefront.offers()["MUG"][-1]) == ([(10, 2)], 8)
    rig.is_quiet(*AVAILABLE)

    rig.change(MUG | {"stock": 8})  # it has the order
    assert rig.run(*AVAILABLE).exit_code == 0
    assert (in_stock(rig), storefront.offers()["MUG"][-1]) == ([(10, 2)], 8)
    rig.change(MUG | {"stock": 20})  # a delivery
    [planned] = json.loads(rig.run(*AVAILABLE, "--dry-run").stdout)["changes"]
    change = planned["fields"]["stock"]
    assert {name: change[name] for name in ("from", "to", "reserved")} == {"from": 8, "to": 20, "reserved": 2}
    rig.follow(*AVAILABLE, updated=1)
    assert (in_stock(rig), storefront.offers()["MUG"][-1]) == ([(22, 2)], 20)
    rig.is_quiet(*AVAILABLE)
