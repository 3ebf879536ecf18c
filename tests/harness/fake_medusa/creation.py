"""Creates products and variants."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.harness.fake_medusa.errors import invalid_data, no_such_entity, unknown_error
from tests.harness.fake_medusa.pricing import new_prices
from tests.harness.fake_medusa.rules import (
    as_boolean,
    as_real,
    check_unique,
    handle_of_title,
    ids_of,
    is_valid_handle,
    reject_nul,
)
from tests.harness.fake_medusa.state import Image, Item, Option, Product, State, Variant
from tests.harness.fake_medusa.steps import Steps

Body = dict[str, Any]


class Creation:
    def __init__(self, state: State, bodies: Sequence[Body]) -> None:
        self._state = state
        self._bodies = bodies
        self.products: list[Product] = []
        """In the order of the request."""
        self._made_items: dict[str, Item] = {}

    def steps(self) -> Steps:
        self._create_products()
        yield "products"
        self._link_placement()
        yield "placement"
        # Products are found by id from here on: another request may have replaced them.
        wanted = [
            (self._state.products.get(product.id, product), body)
            for product, product_body in zip(self.products, self._bodies, strict=True)
            for body in product_body.get("variants", [])
        ]
        made = [variant.id for variant in add_variants(self._state, wanted)]
        yield "variants"
        stored = self._state.variants()
        bodies = {variant_id: body for variant_id, (_, body) in zip(made, wanted, strict=True)}
        without = [each for each in made if "inventory_items" not in bodies[each]]
        self._made_items = make_items(
            self._state,
            [stored[each] for each in without if each in stored and stored[each].manage_inventory],
        )
        yield "items"
        link_items(self._state, self._made_items)
        link_items(self._state, given_items(self._state, bodies))
        yield "inventory"
        stored = self._state.variants()
        for variant_id, (_, body) in zip(made, wanted, strict=True):
            if variant_id in stored:
                stored[variant_id].prices = new_prices(body["prices"], self._state.ids)
                stored[variant_id].has_price_set = True

    def undo(self) -> None:
        for product in self.products:
            self._state.products.pop(product.id, None)
        for item in self._made_items.values():
            del self._state.items[item.id]

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
        reject_nul([{**body, "variants": None} for body in bodies])
        check_unique(
            "Product", "handle", handles(state), ((product.id, product.handle) for product in products)
        )
        check_categories(state, products)
        self.products = products
        state.products.update((product.id, product) for product in products)

    def _product(self, body: Body) -> Product:
        ids = self._state.ids
        images = [Image(ids.new("img"), image["url"]) for image in body.get("images", [])]
        return Product(
            id=ids.new("prod"),
            title=body["title"],
            handle=body.get("handle") or handle_of_title(body["title"]),
            created_at=ids.moment,
            external_id=body.get("external_id"),
            status=body.get("status") or "draft",
            subtitle=body.get("subtitle"),
            description=body.get("description"),
            thumbnail=body.get("thumbnail") or (images[0].url if images else body.get("thumbnail")),
            material=body.get("material"),
            hs_code=body.get("hs_code"),
            mid_code=body.get("mid_code"),
            origin_country=body.get("origin_country"),
            discountable=as_boolean(body.get("discountable", True)),
            weight=as_real(body.get("weight")),
            length=as_real(body.get("length")),
            height=as_real(body.get("height")),
            width=as_real(body.get("width")),
            metadata=body.get("metadata"),
            options=[Option(ids.new("opt"), option["title"], option["values"]) for option in body["options"]],
            images=images,
            tag_ids=ids_of(body.get("tags", [])),
            category_ids=ids_of(body.get("categories", [])),
        )

    def _link_placement(self) -> None:
        channels = [check_channels(body.get("sales_channels", [])) for body in self._bodies]
        for product, channel_ids, body in zip(self.products, channels, self._bodies, strict=True):
            product.sales_channel_ids = channel_ids
            product.shipping_profile_id = body.get("shipping_profile_id")


def add_variants(state: State, wanted: Sequence[tuple[Product, Body]]) -> list[Variant]:
    """Add variants without inventory items and prices."""
    variants = []
    for product, body in wanted:
        options = body.get("options")
        if not options:
            raise NotImplementedError("FakeMedusa does not support variants without options")
        check_options(product, body["title"], options)
        twin = next((variant for variant in product.variants if variant.options == options), None)
        if twin:
            raise invalid_data(f"Variant ({twin.title}) with provided options already exists.")
        variants.append(
            Variant(
                id=state.ids.new("variant"),
                title=body["title"],
                options=options,
                sku=body.get("sku"),
                barcode=body.get("barcode"),
                manage_inventory=as_boolean(body.get("manage_inventory", True)),
                allow_backorder=as_boolean(body.get("allow_backorder", False)),
                metadata=body.get("metadata"),
                created_at=state.ids.moment,
            )
        )
    reject_nul([body for _, body in wanted])
    check_variants_unique(state, variants)
    for variant, (product, _) in zip(variants, wanted, strict=True):
        product.variants.append(variant)
    return variants


def make_items(state: State, variants: Iterable[Variant]) -> dict[str, Item]:
    """Create inventory items for variants that have none; they have no levels and are not linked yet."""
    made = {
        variant.id: Item(state.ids.new("iitem"), variant.sku, variant.title)
        for variant in variants
        if not variant.item_ids
    }
    check_unique(
        "Inventory item",
        "sku",
        ((item.id, item.sku) for item in state.live_items()),
        ((item.id, item.sku) for item in made.values()),
    )
    state.items.update((item.id, item) for item in made.values())
    return made


def given_items(state: State, bodies: Mapping[str, Body]) -> dict[str, Item]:
    """The inventory items that new variants name, by variant id."""
    given = {}
    for variant_id, body in bodies.items():
        for link in body.get("inventory_items", []):
            item = state.items.get(link["inventory_item_id"])
            if item is None or item.removed or variant_id in given or not body.get("manage_inventory", True):
                raise NotImplementedError("FakeMedusa links one existing item to a managed variant only")
            given[variant_id] = item
    return given


def link_items(state: State, items: Mapping[str, Item]) -> None:
    """Link items to variants; the item of a variant that was deleted meanwhile stays unlinked."""
    stored = state.variants()
    for variant_id, item in items.items():
        if variant_id in stored:
            stored[variant_id].item_ids = [item.id]


def handles(state: State) -> Iterable[tuple[str, str]]:
    return ((product.id, product.handle) for product in state.products.values())


def check_handle(handle: str) -> None:
    if handle and not is_valid_handle(handle):
        raise invalid_data(f"Invalid product handle '{handle}'. It must contain URL safe characters")


def check_categories(state: State, products: Iterable[Product]) -> None:
    for category_id in (category_id for product in products for category_id in product.category_ids):
        if category_id not in state.categories:
            raise no_such_entity("product_category_id", category_id)


def check_channels(bodies: Sequence[Body]) -> list[str]:
    """Medusa does not check that a sales channel exists, but refuses to link one twice."""
    channel_ids = [body["id"] for body in bodies]
    if len(set(channel_ids)) < len(channel_ids):
        raise unknown_error()
    return channel_ids


def check_options(product: Product, title: str, options: dict[str, str]) -> None:
    if len(product.options) != len(options):
        raise invalid_data(
            f"Product has {len(product.options)} option values but there were {len(options)}"
            f" provided option values for the variant: {title}."
        )
    values = {option.title: option.values for option in product.options}
    for name, value in options.items():
        if value not in values.get(name, []):
            raise invalid_data(f"Option value {value} does not exist for option {name}")


def check_variants_unique(state: State, variants: Iterable[Variant]) -> None:
    stored = [variant for product in state.products.values() for variant in product.variants]
    for column in ("sku", "barcode"):
        check_unique(
            "Product variant",
            column,
            ((variant.id, getattr(variant, column)) for variant in stored),
            ((variant.id, getattr(variant, column)) for variant in variants),
        )
