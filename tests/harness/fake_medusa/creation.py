"""Creates products."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from tests.harness.fake_medusa.errors import invalid_data, no_such_entity, unknown_error
from tests.harness.fake_medusa.options import check_new_options, new_option
from tests.harness.fake_medusa.rules import (
    check_new_id,
    check_unique,
    handle_of_title,
    ids_of,
    is_valid_handle,
    patch,
)
from tests.harness.fake_medusa.schemas import PRODUCT_COLUMNS
from tests.harness.fake_medusa.state import Image, Product, State
from tests.harness.fake_medusa.steps import Steps, Work
from tests.harness.fake_medusa.variants import VariantCreation

Body = dict[str, Any]

PLAIN: Final = (*PRODUCT_COLUMNS, "status")


class Creation(Work):
    def __init__(self, state: State, bodies: Sequence[Body]) -> None:
        self._state = state
        self._bodies = bodies
        self.products: list[Product] = []
        """In the order of the request."""
        self._variants: VariantCreation | None = None

    def steps(self) -> Steps:
        self._create_products()
        yield "products"
        self._link_placement()
        yield "placement"
        self._variants = VariantCreation(
            self._state,
            [
                (product, body)
                for product, product_body in zip(self.products, self._bodies, strict=True)
                for body in product_body.get("variants", [])
            ],
        )
        yield from self._variants.steps()

    def undo(self) -> None:
        if self._variants:
            self._variants.undo()
        for product in self.products:
            self._state.products.pop(product.id, None)
            for option in product.options:
                self._state.options.pop(option.id, None)

    def _create_products(self) -> None:
        state, bodies = self._state, self._bodies
        without_options = [body["title"] for body in bodies if not body.get("options")]
        if without_options:
            raise invalid_data(f"Product options are not provided for: [{', '.join(without_options)}].")
        products = [self._product(body) for body in bodies]
        for product in products:
            check_handle(product.handle)
            if not product.title:
                raise invalid_data("Product title is required")
        for tag_id in (tag_id for product in products for tag_id in product.tag_ids):
            if tag_id not in state.tags:
                raise invalid_data(
                    f"Tag with id {tag_id} not found."
                    " Please create the tag before associating it with the product."
                )
        known = {*state.products, *state.deleted_products}
        for product in products:
            check_new_id(state, "Product", product.id, known)
        check_unique(
            "Product", "handle", handles(state), ((product.id, product.handle) for product in products)
        )
        check_categories(state, products)
        check_grouping(state, products)
        options = [option for product in products for option in product.options]
        check_new_options(options)
        self.products = products
        state.options.update((option.id, option) for option in options)
        state.products.update((product.id, product) for product in products)

    def _product(self, body: Body) -> Product:
        ids = self._state.ids
        options = [new_option(ids, option) for option in body["options"]]
        images = [Image(ids.new("img"), image["url"]) for image in body.get("images", [])]
        product = Product(
            id=body.get("id") or ids.new("prod"),
            title="",
            handle=handle_of_title(body["title"]),
            created_at=ids.moment,
            metadata=body.get("metadata"),
            options=options,
            values=[value for option in options for value in option.values],
            images=images,
            tag_ids=body.get("tag_ids", ids_of(body.get("tags", []))),
            category_ids=body.get("category_ids", ids_of(body.get("categories", []))),
        )
        defaults = {"handle": product.handle, "status": "draft"}
        patch(product, {**body, **{name: body.get(name) or value for name, value in defaults.items()}}, PLAIN)
        product.thumbnail = product.thumbnail or (images[0].url if images else product.thumbnail)
        return product

    def _link_placement(self) -> None:
        channels = [check_channels(body.get("sales_channels", [])) for body in self._bodies]
        for product, channel_ids, body in zip(self.products, channels, self._bodies, strict=True):
            product.sales_channel_ids = channel_ids
            product.shipping_profile_id = body.get("shipping_profile_id")


def handles(state: State) -> Iterable[tuple[str, str]]:
    return ((product.id, product.handle) for product in state.products.values())


def check_handle(handle: str) -> None:
    if handle and not is_valid_handle(handle):
        raise invalid_data(f"Invalid product handle '{handle}'. It must contain URL safe characters")


def check_categories(state: State, products: Iterable[Product]) -> None:
    for category_id in (category_id for product in products for category_id in product.category_ids):
        if category_id not in state.categories:
            raise no_such_entity("product_category_id", category_id)


def check_grouping(state: State, products: Iterable[Product]) -> None:
    """Refuse unknown types and collections."""
    for product in products:
        if product.type_id == "" or product.collection_id == "":
            raise unknown_error()
        if product.type_id and product.type_id not in state.types:
            raise no_such_entity("type_id", product.type_id)
        if product.collection_id and product.collection_id not in state.collections:
            raise no_such_entity("collection_id", product.collection_id)


def check_channels(bodies: Sequence[Body]) -> list[str]:
    """Medusa does not check that a sales channel exists, but refuses to link one twice."""
    channel_ids = [body["id"] for body in bodies]
    if len(set(channel_ids)) < len(channel_ids):
        raise unknown_error()
    return channel_ids
