"""What customers see and need of shipping profiles, discounts, codes and the order of variants."""

import httpx
import pytest

from tests.e2e.storefront import Storefront
from tests.harness.command import medusa_sync
from tests.harness.dummyjson import dummyjson
from tests.world.exact import assert_quiet
from tests.world.shop import Shop

_FIELDS = "discountable,*variants,images.url"
_URL = "https://i.example/{}.png"


def test_a_product_that_is_not_shipped_needs_a_profile_with_a_way_of_its_own(shop: Shop) -> None:
    course = {"id": 1, "title": "Course", "shippingProfile": "Digital", "discountable": False}
    formats = {
        name: {"id": name, "price": 5, "ean": f"40{name}", "options": {"Format": name}}
        for name in ("PDF", "Audio", "Video", "Live")
    }
    images = {"images": [_URL.format(name) for name in "cab"]}
    shop.profile("Digital")
    with dummyjson([]) as source, Storefront(shop) as front:

        def seen(*names: str) -> str:
            """The variant that comes first, after a run with these."""
            source.products = [course | images | {"variants": [formats[name] for name in names]}]
            assert medusa_sync("--source", source.url, store=shop.store).exit_code == 0
            assert_quiet(medusa_sync("--source", source.url, "--json", store=shop.store), 1)
            product = front.product("Course", _FIELDS)
            assert not product["discountable"]
            assert [each["url"] for each in product["images"]] == images["images"]
            variants = sorted(product["variants"], key=lambda each: each["variant_rank"])
            assert [each["title"] for each in variants] == [*names]
            assert [each["ean"] for each in variants] == [f"40{name}" for name in names]
            return str(variants[0]["id"])

        seen("PDF", "Audio", "Video")
        seen("PDF", "Live", "Audio", "Video")
        variant_id = seen("Video", "PDF", "Live", "Audio")
        with pytest.raises(httpx.HTTPStatusError, match="400"):  # the profile has to be delivered
            front.order(variant_id, profile=None)
        front.order(variant_id, profile=shop.profile("Digital"))
        [product] = shop.products()
        shop.edit(product, shipping_profile_id=None)
        front.order(variant_id, profile=None)  # without a profile and without stock, nothing is shipped
