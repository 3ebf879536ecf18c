"""Updates and deletes products."""

from collections.abc import Sequence
from typing import Any, Final

from tests.harness.fake_medusa.creation import (
    check_categories,
    check_channels,
    check_handle,
    check_options,
    check_variants_unique,
    handles,
    link_items,
    make_items,
)
from tests.harness.fake_medusa.errors import (
    already_exists,
    invalid_data,
    no_such_entity,
    not_found,
    unknown_error,
)
from tests.harness.fake_medusa.pricing import replaced_prices
from tests.harness.fake_medusa.rules import as_boolean, as_real, check_unique, ids_of, merged, reject_nul
from tests.harness.fake_medusa.state import Image, Item, Level, Product, State, Variant
from tests.harness.fake_medusa.steps import Steps

Body = dict[str, Any]

_PLAIN: Final = (
    *("title", "subtitle", "description", "thumbnail", "handle", "external_id", "status", "material"),
    *("hs_code", "mid_code", "origin_country"),
    *("discountable", "weight", "length", "height", "width"),
)
_MEASURES: Final = ("weight", "length", "height", "width")


class Revision:
    """An update of products.

    Medusa undoes it only in part. It restores plain fields, old metadata values and links. Images, tags,
    categories, variants and new metadata keys keep what was written. The prices in the request are lost,
    and so are the ones that they replaced.
    """

    def __init__(self, state: State, bodies: Sequence[Body]) -> None:
        self._state = state
        self._bodies = bodies
        self._before: dict[str, Product] = {}
        self._made_items: dict[str, Item] = {}
        self._unlinked: dict[str, list[str]] = {}
        self._priced: list[Variant] = []

    @property
    def products(self) -> list[Product]:
        """As they are now; another request may delete one between two steps."""
        stored = self._state.products
        return [stored[product_id] for product_id in self._before if product_id in stored]

    def steps(self) -> Steps:
        self._rewrite()
        yield "products"
        self._make_items()
        yield "items"
        self._set_inventory()
        yield "inventory"
        self._set_prices()
        yield "prices"
        self._link_placement()

    def undo(self) -> None:
        for variant in self._priced:
            variant.prices = []
        for variant in (variant for product in self.products for variant in product.variants):
            variant.item_ids = self._unlinked.get(variant.id, variant.item_ids)
            if variant.id in self._made_items:
                variant.item_ids = []
        for item in self._made_items.values():
            del self._state.items[item.id]
        for product in self.products:
            before = self._before[product.id]
            for name in (*_PLAIN, "sales_channel_ids", "shipping_profile_id"):
                setattr(product, name, getattr(before, name))
            product.metadata = merged(product.metadata, before.metadata)

    def _rewrite(self) -> None:
        state = self._state
        missing = [body["id"] for body in self._bodies if body["id"] not in state.products]
        if missing:
            raise not_found(f"Unable to update the products with ids: {', '.join(missing)}")
        drafts = {body["id"]: state.products[body["id"]].copy() for body in self._bodies}
        for body in self._bodies:
            check_handle(body.get("handle", ""))
        for body in self._bodies:
            self._rewrite_one(drafts[body["id"]], body)
        reject_nul(list(self._bodies))
        check_unique(
            "Product", "handle", handles(state), ((draft.id, draft.handle) for draft in drafts.values())
        )
        check_variants_unique(state, [variant for draft in drafts.values() for variant in draft.variants])
        check_categories(state, drafts.values())
        for tag_id in (tag_id for draft in drafts.values() for tag_id in draft.tag_ids):
            if tag_id not in state.tags:
                raise no_such_entity("product_tag_id", tag_id)
        self._before = {product_id: state.products[product_id] for product_id in drafts}
        state.products.update(drafts)

    def _rewrite_one(self, product: Product, body: Body) -> None:
        for name in (name for name in _PLAIN if name in body):
            value = body[name]
            if name in _MEASURES:
                value = as_real(value)
            elif name == "discountable":
                value = as_boolean(value)
            setattr(product, name, value)
        if "metadata" in body:
            product.metadata = merged(product.metadata, body["metadata"])
        if "tags" in body:
            product.tag_ids = ids_of(body["tags"])
        if "categories" in body:
            product.category_ids = ids_of(body["categories"])
        if "images" in body:
            product.images = [self._image(product, image) for image in body["images"]]
        if "variants" in body:
            product.variants = [self._variant(product, variant) for variant in body["variants"]]

    def _image(self, product: Product, body: Body) -> Image:
        """An image with an unknown id is created with that id."""
        others = (other for other in self._state.products.values() if other.id != product.id)
        if any(image.id == body.get("id") for other in others for image in other.images):
            raise already_exists("Image", id=body["id"])
        return Image(body.get("id") or self._state.ids.new("img"), body["url"])

    def _variant(self, product: Product, body: Body) -> Variant:
        variant = next((variant for variant in product.variants if variant.id == body.get("id")), None)
        if variant is None:
            if "title" in body:
                raise NotImplementedError("FakeMedusa does not create variants in product updates")
            raise unknown_error()  # Medusa creates it, and the database requires a title
        for name in ("title", "sku", "barcode", "metadata"):
            if name in body:
                setattr(variant, name, body[name])
        for name in ("manage_inventory", "allow_backorder"):
            if name in body:
                setattr(variant, name, as_boolean(body[name]))
        if body.get("options"):
            check_options(product, variant.title, body["options"])
            variant.options = body["options"]
        return variant

    def _sent_variants(self) -> list[tuple[Variant, Body]]:
        return [
            (variant, body)
            for product_body in self._bodies
            for body in product_body.get("variants", [])
            for product in self.products
            for variant in product.variants
            if variant.id == body["id"]
        ]

    def _make_items(self) -> None:
        managed = [
            variant
            for variant, body in self._sent_variants()
            if as_boolean(body.get("manage_inventory", False))
        ]
        self._made_items = make_items(self._state, managed)

    def _set_inventory(self) -> None:
        link_items(self._state, self._made_items)
        for variant, body in self._sent_variants():
            if "manage_inventory" in body and not as_boolean(body["manage_inventory"]):
                self._unlinked[variant.id] = variant.item_ids
                variant.item_ids = []  # the items stay and keep their SKUs

    def _set_prices(self) -> None:
        state = self._state
        sent = [(variant, body["prices"]) for variant, body in self._sent_variants() if "prices" in body]
        if not sent:
            return
        price_ids = {
            price.id
            for product in state.products.values()
            for variant in product.variants
            for price in variant.prices
        }
        replaced = [
            (variant, replaced_prices(bodies, variant.prices, price_ids, state.ids))
            for variant, bodies in sent
        ]
        for variant, prices in replaced:
            variant.prices = prices
            self._priced.append(variant)

    def _link_placement(self) -> None:
        channels = {
            body["id"]: check_channels(body["sales_channels"])
            for body in self._bodies
            if "sales_channels" in body
        }
        profiles = {
            body["id"]: body["shipping_profile_id"] for body in self._bodies if "shipping_profile_id" in body
        }
        for product in self.products:
            product.sales_channel_ids = channels.get(product.id, product.sales_channel_ids)
            product.shipping_profile_id = profiles.get(product.id, product.shipping_profile_id)


class Deletion:
    """Deletes products and the inventory items of their managed variants."""

    def __init__(self, state: State, ids: Sequence[str]) -> None:
        self._state = state
        self._ids = ids
        self._products: list[Product] = []
        self._items: list[tuple[Item, list[Level]]] = []

    def steps(self) -> Steps:
        state = self._state
        products = [state.products[product_id] for product_id in self._ids if product_id in state.products]
        items = [
            state.items[item_id]
            for product in products
            for variant in product.variants
            if variant.manage_inventory
            for item_id in variant.item_ids
        ]
        reserved = [item.id for item in items if any(level.reserved_quantity for level in item.levels)]
        if reserved:
            raise invalid_data(
                "Cannot remove following inventory item(s) since they have reservations:"
                f" [{', '.join(reserved)}]."
            )
        self._products = products
        self._items = [(item, item.levels) for item in items]
        for item in items:
            item.removed, item.levels = True, []
        for product in products:
            del state.products[product.id]
        yield "products"

    def undo(self) -> None:
        for item, levels in self._items:
            item.removed, item.levels = False, levels
        self._state.products.update((product.id, product) for product in self._products)
