"""What customers see of texts in other locales, and of sales channels, on a real store."""

import pytest

from tests.e2e.rig import REMOVE, Rig
from tests.e2e.storefront import Storefront
from tests.harness.shirts import shirt
from tests.world.shop import HAS_TRANSLATIONS

SIZE = 2


def german(number: int, title: str, variant: str) -> dict[str, object]:
    """A shirt whose first variant has a text of its own, too."""
    row = shirt(number)
    first, *others = row["variants"]
    first = {**first, "translations": {"de-DE": {"title": variant}}}
    return {**row, "translations": {"de-DE": {"title": title}}, "variants": [first, *others]}


@pytest.mark.skipif(not HAS_TRANSLATIONS, reason="this Medusa has no translations")
def test_customers_see_texts_in_their_locale(rig: Rig, storefront: Storefront) -> None:
    names = {number: shirt(number)["title"] for number in (1, 2)}
    assert storefront.titles(locale="de-DE").keys() == set(names.values())
    rig.change(german(1, "Hemd", "Klein und rot"))
    rig.follow(updated=1)
    assert [each for each in rig.proxy.requests if "translations" in each.path] == []
    shown = storefront.titles(locale="de-DE")
    assert shown.keys() == {"Hemd", names[2]}
    assert "Klein und rot" in shown["Hemd"]
    assert storefront.titles(locale="fr-FR").keys() == set(names.values())
    rig.change(shirt(1))
    rig.follow(updated=1)
    assert storefront.titles(locale="de-DE").keys() == set(names.values())
    rig.change(german(1, "Hemd", "Klein und rot"), german(2, "Hemd 2", "Klein"))
    rig.follow(updated=2)
    rig.source.products = rig.source.products[1:]
    rig.follow(*REMOVE, removed=1)
    left = rig.shop.get("/admin/translations", limit=100)["translations"]
    known = {rig.stored(2).id, *rig.stored(2).variants}
    assert len(left) == 2
    assert {each["reference_id"] for each in left} <= known


def test_customers_see_the_products_of_their_channel(rig: Rig, storefront: Storefront) -> None:
    rig.shop.channel("Wholesale")
    rig.change(shirt(1) | {"salesChannels": ["Wholesale"]})
    rig.follow(updated=1)
    titles = {shirt(number)["title"] for number in (1, 2)}
    assert storefront.titles().keys() == titles, "the merchant had put it into the default channel"
    rig.source.products = [*rig.source.products, shirt(3) | {"salesChannels": ["Wholesale"]}]
    rig.follow(created=1)
    assert storefront.titles().keys() == titles
    rig.change(shirt(3) | {"salesChannels": ["Wholesale", "Default Sales Channel"]})
    rig.follow(updated=1)
    assert storefront.titles().keys() == titles | {shirt(3)["title"]}
