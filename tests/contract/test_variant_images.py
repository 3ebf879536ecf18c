"""The thumbnail of a variant: workflows take it for new ones, the ordinary routes only for stored ones."""

from tests.contract.shirts import entry, stocked_shirt, variant
from tests.contract.shop import MALFORMED, Shop, View, variant_of

OWN, OTHER = "http://images.test/own.png", "http://images.test/other.png"
WITH_IMAGE = "variants.title,variants.thumbnail"


def image(shop: Shop, product: View, title: str) -> str | None:
    seen = shop.call("GET", f"/admin/products/{product['id']}", fields=WITH_IMAGE)["product"]
    found: str | None = variant_of(seen, title)["thumbnail"]
    return found


def test_a_workflow_creates_a_variant_with_an_image_which_all_routes_change(shop: Shop) -> None:
    product = stocked_shirt(shop)
    new = {"product_id": product["id"], **variant("L", "Red"), "thumbnail": OWN}
    shop.workflow("create-product-variants", product_variants=[new])
    assert image(shop, product, "L / Red") == OWN
    assert image(shop, product, "S / Red") is None
    changed = {"id": variant_of(shop.product(product["id"]), "L / Red")["id"], "thumbnail": OTHER}
    shop.workflow("update-product-variants", product_variants=[changed])
    assert image(shop, product, "L / Red") == OTHER
    shop.variants(product, update=[entry(product, "S / Red", thumbnail=OWN)])
    assert image(shop, product, "S / Red") == OWN
    shop.variants(product, update=[entry(product, "S / Red", thumbnail=None)])
    assert image(shop, product, "S / Red") is None


def test_the_ordinary_route_refuses_a_new_variant_with_an_image(shop: Shop) -> None:
    product = stocked_shirt(shop)
    wrong = {**variant("L", "Red"), "thumbnail": OWN}
    assert shop.variants_refusal(product, create=[wrong]) == MALFORMED
