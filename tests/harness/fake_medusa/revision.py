"""Updates and deletes products."""

from collections.abc import Sequence
from typing import Any, Final

from tests.harness.fake_medusa.creation import (
    check_categories,
    check_channels,
    check_grouping,
    check_handle,
    handles,
)
from tests.harness.fake_medusa.errors import already_exists, invalid_data, no_such_entity, not_found
from tests.harness.fake_medusa.inventory import InventoryChange, check_reservations
from tests.harness.fake_medusa.options import check_links, check_unused, forget_options, remove_options
from tests.harness.fake_medusa.pricing import new_prices, replace_prices
from tests.harness.fake_medusa.rules import as_boolean, as_real, check_unique, ids_of, merged, reject_nul
from tests.harness.fake_medusa.state import Image, Item, Level, Option, Product, State
from tests.harness.fake_medusa.steps import Steps
from tests.harness.fake_medusa.variants import check_variants_unique, revised_variants

Body = dict[str, Any]

_PLAIN: Final = (
    *("title", "subtitle", "description", "thumbnail", "handle", "external_id", "status", "material"),
    *("hs_code", "mid_code", "origin_country", "type_id", "collection_id"),
    *("discountable", "weight", "length", "height", "width"),
)
_MEASURES: Final = ("weight", "length", "height", "width")


class Revision:
    """An update of products.

    Medusa undoes it only in part. It restores plain fields, old metadata values, options and links. Images,
    tags, categories, variants and new metadata keys keep what was written. The prices in the request are
    lost, and so are the ones that they replaced; new variants stay without any. It restores only links if
    the update cleared a type or a collection, because it then fails itself.
    """

    def __init__(self, state: State, bodies: Sequence[Body]) -> None:
        self._state = state
        self._bodies = bodies
        self._before: dict[str, Product] = {}
        self._sent: list[Body] = []
        """The variants of the request, with the ids of the new ones."""
        self._managed: list[Body] = []
        """The variants that the request names by id: others get no inventory items."""
        self._new: set[str] = set()
        """Ids of new variants."""
        self._inventory = InventoryChange(state)
        self._priced: list[str] = []
        self._clears = False
        """Whether it clears the type or the collection of a product."""

    @property
    def products(self) -> list[Product]:
        """As they are now; another request may delete one between two steps."""
        stored = self._state.products
        return [stored[product_id] for product_id in self._before if product_id in stored]

    def steps(self) -> Steps:
        self._rewrite()
        yield "products"
        self._inventory.make_items(self._managed)
        yield "items"
        self._inventory.link(self._managed)
        yield "inventory"
        self._set_prices()
        yield "prices"
        self._link_placement()

    def undo(self) -> None:
        self._inventory.undo()
        for variant in self._state.variants().values():
            if variant.id in self._priced:
                variant.prices = []
            if variant.id in self._new:
                variant.has_price_set = False
        for product in self.products:
            before = self._before[product.id]
            product.sales_channel_ids = before.sales_channel_ids
            product.shipping_profile_id = before.shipping_profile_id
            if self._clears:
                continue
            for name in _PLAIN:
                setattr(product, name, getattr(before, name))
            product.metadata = merged(product.metadata, before.metadata)
            if product.options != before.options:
                product.options, product.values = before.options, before.values
                self._state.options.update((option.id, option) for option in before.options)
                values = {variant.id: variant.values for variant in before.variants}
                for variant in product.variants:
                    variant.values = values.get(variant.id, variant.values)

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
        if self._sent:
            check_variants_unique(state, [variant for draft in drafts.values() for variant in draft.variants])
        check_categories(state, drafts.values())
        check_grouping(state, drafts.values())
        for tag_id in (tag_id for draft in drafts.values() for tag_id in draft.tag_ids):
            if tag_id not in state.tags:
                raise no_such_entity("product_tag_id", tag_id)
        self._before = {product_id: state.products[product_id] for product_id in drafts}
        for product_id, before in self._before.items():
            kept = {option.id for option in drafts[product_id].options}
            forget_options(state, {option.id for option in before.options} - kept)
            stored = {variant.id for variant in before.variants}
            self._new |= {variant.id for variant in drafts[product_id].variants} - stored
            self._clears |= bool(before.type_id and not drafts[product_id].type_id)
            self._clears |= bool(before.collection_id and not drafts[product_id].collection_id)
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
        options = self._options(product, body)
        if "variants" in body:
            product.variants = revised_variants(self._state, product, body["variants"], options)
            self._managed += [sent for sent in body["variants"] if "id" in sent]
            self._sent += [
                {**sent, "id": variant.id}
                for variant, sent in zip(product.variants, body["variants"], strict=True)
            ]
        elif options != product.options:
            check_unused(product, set(product.options) - set(options))
        remove_options(product, set(product.options) - set(options))

    def _image(self, product: Product, body: Body) -> Image:
        """An image with an unknown id is created with that id."""
        others = (other for other in self._state.products.values() if other.id != product.id)
        if any(image.id == body.get("id") for other in others for image in other.images):
            raise already_exists("Image", id=body["id"])
        return Image(body.get("id") or self._state.ids.new("img"), body["url"])

    def _options(self, product: Product, body: Body) -> list[Option]:
        """The options that the product will have; links the new ones."""
        if "option_ids" not in body:
            return product.options
        known = self._state.options
        missing = [option_id for option_id in body["option_ids"] if option_id not in known]
        if missing:
            raise invalid_data(f"Some product options were not found: [{', '.join(missing)}]")
        wanted = [known[option_id] for option_id in dict.fromkeys(body["option_ids"])]
        added = [option for option in wanted if option not in product.options]
        check_links(product, added, self._state)
        product.options = [*product.options, *added]
        product.values = [*product.values, *(value for option in added for value in option.values)]
        return [option for option in product.options if option in wanted]

    def _set_prices(self) -> None:
        """A variant that has no price set gets no prices either."""
        if not any("variants" in body for body in self._bodies):
            return
        stored = self._state.variants()
        sent = {body["id"]: body.get("prices") for body in self._sent if body["id"] in stored}
        priced = {
            variant_id: prices
            for variant_id, prices in sent.items()
            if prices is not None and stored[variant_id].has_price_set
        }
        replace_prices(self._state, [(stored[variant_id], prices) for variant_id, prices in priced.items()])
        for variant_id in self._new & sent.keys():
            stored[variant_id].prices = new_prices(sent[variant_id] or [], self._state.ids)
            stored[variant_id].has_price_set = True
        self._priced = [*priced, *self._new]
        before = {variant.id for product in self._before.values() for variant in product.variants}
        self._state.mark_list_prices(before - stored.keys(), deleted=True)

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
        check_reservations(items)
        self._products = products
        self._items = [(item, item.levels) for item in items]
        for item in items:
            item.removed, item.levels = True, []
        yield "items"
        for product in products:
            product.deleted_at = state.ids.moment
            state.deleted_products[product.id] = state.products.pop(product.id)
        yield "products"
        state.mark_list_prices(self._variant_ids(), deleted=True)
        yield "prices"
        for product in products:
            forget_options(state, [option.id for option in product.options])

    def undo(self) -> None:
        for item, levels in self._items:
            item.removed, item.levels = False, levels
        self._state.mark_list_prices(self._variant_ids(), deleted=False)
        for product in self._products:
            product.deleted_at = None
            self._state.deleted_products.pop(product.id, None)
            self._state.products[product.id] = product
            for variant in product.variants:
                variant.restore_links()
            self._state.options.update((option.id, option) for option in product.options)

    def _variant_ids(self) -> list[str]:
        return [variant.id for product in self._products for variant in product.variants]
