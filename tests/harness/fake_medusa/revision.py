"""Updates and deletes products."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.harness.fake_medusa.creation import (
    PLAIN,
    check_categories,
    check_channels,
    check_grouping,
    check_handle,
    handles,
)
from tests.harness.fake_medusa.errors import (
    already_exists,
    invalid_data,
    no_such_entity,
    not_found,
    unknown_error,
)
from tests.harness.fake_medusa.inventory import remove_items, unshared_items
from tests.harness.fake_medusa.options import check_unused, forget_options, remove_options
from tests.harness.fake_medusa.rules import check_unique, ids_of, merged, patch
from tests.harness.fake_medusa.state import Image, Option, OptionValue, Product, State, Variant
from tests.harness.fake_medusa.steps import Steps, Work
from tests.harness.fake_medusa.variants import values_of

Body = dict[str, Any]


class Revision(Work):
    """An update of products, which is refused before it changes anything.

    It takes no fields of variants but their option values (`schemas.PRODUCT`).
    """

    def __init__(self, state: State, bodies: Sequence[Body]) -> None:
        self._state = state
        self._bodies = bodies

    @property
    def products(self) -> list[Product]:
        """As they are now; another request may delete one between two steps."""
        stored = self._state.products
        return [stored[each] for each in ids_of(self._bodies) if each in stored]

    def steps(self) -> Steps:
        dropped = self._rewrite()
        yield "products"
        yield "items"
        yield "inventory"
        self._state.mark_list_prices(dropped, deleted=True)
        yield "prices"
        if self._unlink_channels():
            yield "links"
        self._link_placement()

    def _rewrite(self) -> set[str]:
        """Change all rows; returns the ids of deleted variants."""
        state = self._state
        missing = [body["id"] for body in self._bodies if body["id"] not in state.products]
        if missing:
            raise not_found(f"Unable to update the products with ids: {', '.join(missing)}")
        drafts = {body["id"]: state.products[body["id"]].copy() for body in self._bodies}
        for body in self._bodies:
            check_handle(body.get("handle", ""))
            check_channels(body.get("sales_channels", []))
        for body in self._bodies:
            self._rewrite_one(drafts[body["id"]], body)
        check_unique(
            "Product", "handle", handles(state), ((draft.id, draft.handle) for draft in drafts.values())
        )
        check_categories(state, drafts.values())
        check_grouping(state, drafts.values())
        for tag_id in (tag_id for draft in drafts.values() for tag_id in draft.tag_ids):
            if tag_id not in state.tags:
                raise no_such_entity("product_tag_id", tag_id)
        dropped: set[str] = set()
        for product_id, draft in drafts.items():
            before = state.products[product_id]
            forget_options(state, {each.id for each in before.options} - {each.id for each in draft.options})
            dropped |= {each.id for each in before.variants} - {each.id for each in draft.variants}
        state.products.update(drafts)
        return dropped

    def _rewrite_one(self, product: Product, body: Body) -> None:
        patch(product, body, PLAIN)
        if "metadata" in body:
            product.metadata = merged(product.metadata, body["metadata"])
        if "tags" in body:
            product.tag_ids = ids_of(body["tags"])
        if "categories" in body:
            product.category_ids = ids_of(body["categories"])
        if "images" in body:
            product.images = [self._image(product, image) for image in body["images"]]
        wanted = body.get("option_ids", [option.id for option in product.options])
        if not {option.id for option in product.options}.issuperset(wanted):
            raise NotImplementedError("FakeMedusa links no options in the update of a product")
        options = [option for option in product.options if option.id in wanted]
        removed = [option for option in product.options if option.id not in wanted]
        if "variants" in body:
            product.variants = _revised(product, body["variants"], options)
        else:
            check_unused(product, removed)
        remove_options(product, removed)

    def _image(self, product: Product, body: Body) -> Image:
        """An image with an unknown id is created with that id."""
        others = (other for other in self._state.products.values() if other.id != product.id)
        if any(image.id == body.get("id") for other in others for image in other.images):
            raise already_exists("Image", id=body["id"])
        return Image(body.get("id") or self._state.ids.new("img"), body["url"])

    def _unlink_channels(self) -> bool:
        """Remove products from all channels, before they are put into those of the request."""
        changed = [self._state.products.get(body["id"]) for body in self._bodies if "sales_channels" in body]
        for product in filter(None, changed):
            product.sales_channel_ids = []
        return bool(changed)

    def _link_placement(self) -> None:
        for body in self._bodies:
            product = self._state.products.get(body["id"])
            if product and "sales_channels" in body:
                product.sales_channel_ids = ids_of(body["sales_channels"])
            if product and "shipping_profile_id" in body:
                product.shipping_profile_id = body["shipping_profile_id"]


def _revised(product: Product, bodies: Sequence[Body], options: Sequence[Option]) -> list[Variant]:
    """The variants of the request, which replace the stored ones; `options` are those that stay."""
    stored = {variant.id: variant for variant in product.variants}
    chosen = [values_of(product, body, options) for body in bodies]
    _check_combinations(bodies, chosen)
    revised = []
    for body, values in zip(bodies, chosen, strict=True):
        if body["id"] not in stored:  # Medusa tries to create it, and every variant must have a title
            if "title" in body:
                raise NotImplementedError("FakeMedusa creates no variants in the update of a product")
            raise unknown_error()
        variant = stored[body["id"]]
        variant.values = values if "options" in body else variant.values
        revised.append(variant)
    return revised


def _check_combinations(bodies: Sequence[Body], chosen: Sequence[Sequence[OptionValue]]) -> None:
    """In a product update, Medusa compares the sent variants only, and fails if one lacks values."""
    for index, values in enumerate(chosen):
        for later in range(index + 1, len(bodies)):
            if "options" not in bodies[index]:
                continue
            if not values or not chosen[later]:
                raise unknown_error()
            if all(value in chosen[later] for value in values):
                raise invalid_data(
                    'Variant "undefined" has same combination of option values as "undefined".'
                )


class Deletion(Work):
    """Deletes products and the inventory items of their managed variants, or nothing if it is refused."""

    def __init__(self, state: State, ids: Sequence[str]) -> None:
        self._state = state
        self._ids = ids
        self._deleted: list[Product] = []
        self._restore_items: Callable[[], None] = lambda: None

    def steps(self) -> Steps:
        state = self._state
        products = [state.products[product_id] for product_id in self._ids if product_id in state.products]
        variants = [variant for product in products for variant in product.variants]
        self._restore_items = remove_items(state, unshared_items(state, variants))
        yield "items"
        for product_id in self._ids:
            if (product := state.products.pop(product_id, None)) is not None:  # as it is by now
                product.deleted_at = state.ids.moment
                state.deleted_products[product_id] = product
                self._deleted.append(product)
        yield "products"
        state.mark_list_prices({variant.id for variant in variants}, deleted=True)
        yield "prices"
        for product in products:
            forget_options(state, [option.id for option in product.options])

    def undo(self) -> None:
        self._restore_items()
        for product in self._deleted:
            product.deleted_at = None
            self._state.products[product.id] = self._state.deleted_products.pop(product.id)
            self._state.mark_list_prices({variant.id for variant in product.variants}, deleted=False)
            for variant in product.variants:
                variant.link_again()
